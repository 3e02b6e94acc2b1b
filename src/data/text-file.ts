// Reads a text file of the user's in pieces: checked, normalised, as a string or straight into token ids.

import { createSha256 } from './sha256.ts';
import { lfsPointerSize, lfsPointerText } from './stand-ins.ts';
import {
  createPieceDecoder,
  createTextCounter,
  readChunks,
  type TextCount,
  type TextSource,
} from './text-pieces.ts';
import { createTokenArray, type OwnTokenizer, type TokenArray } from './tokenizer.ts';
import { byteTokenizer } from './tokenizers/bytes.ts';
import { characterIds, characterTokenizer } from './tokenizers/characters.ts';

/** The largest text file that is read by default, in bytes (200 MB). */
export const textLimitBytes = 200_000_000;

/** How far a read has come. */
export interface ReadProgress {
  /** The pass, from 1 to `passes`. */
  readonly pass: number;
  readonly passes: number;
  /** Bytes read in this pass. */
  readonly bytes: number;
  /** Bytes of the file; undefined when the source does not say. */
  readonly totalBytes: number | undefined;
}

/** Options of both readers. */
export interface ReadOptions {
  /** The largest size accepted, in bytes; textLimitBytes by default. */
  readonly limitBytes?: number;
  /** Whether one distinct character is enough: it teaches nothing, and can be measured. */
  readonly takesOneCharacter?: boolean;
  /** Called after each piece. */
  readonly onProgress?: (progress: ReadProgress) => void;
  /** Stops the read, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** What is known of a file after reading it. */
export interface TextFacts {
  /** Size of the file in bytes. */
  readonly bytes: number;
  /** SHA-256 of the file's bytes in hexadecimal, as `sha256sum` prints it. */
  readonly sha256: string;
  /** Characters (code points) after normalising. */
  readonly characters: number;
  /** Distinct characters after normalising. */
  readonly distinctCharacters: number;
}

/** A file as a string. */
export interface TextFile extends TextFacts {
  readonly text: string;
}

/** A file as token ids, with the tokenizer that made them. */
export interface TokenFile extends TextFacts {
  readonly tokens: TokenArray;
  readonly tokenizer: OwnTokenizer;
}

/**
 * Reads a whole file as a string: UTF-8 without its byte order mark, line ends as "\n".
 * Rejects with an Error for an empty, binary, UTF-16, too large, not UTF-8 or one-character file.
 */
export async function readText(source: TextSource, options: ReadOptions = {}): Promise<TextFile> {
  const pieces: string[] = [];
  const { facts } = await readPass(source, options, 1, 1, (piece) => pieces.push(piece));
  return { ...facts, text: pieces.join('') };
}

/**
 * Reads a file straight into token ids, in two passes, so that memory stays at the token array and one piece of text.
 * The first pass collects the alphabet and the counts, the second encodes. Rejects as `readText`, and when the file
 * changed between the passes.
 */
export async function readTokens(
  source: TextSource,
  kind: 'characters' | 'bytes',
  options: ReadOptions = {},
): Promise<TokenFile> {
  const { facts, count } = await readPass(source, options, 1, 2, () => {});
  const tokenizer = kind === 'bytes' ? byteTokenizer() : characterTokenizer(count.codePoints);
  const length = kind === 'bytes' ? count.utf8Bytes : count.characters;
  const tokens = createTokenArray(tokenizer.vocabularySize, length);
  const write =
    kind === 'bytes' ? byteWriter(tokens) : characterWriter(tokens, characterIds(count.codePoints));
  const second = await readPass(source, options, 2, 2, write);
  if (second.facts.sha256 !== facts.sha256) {
    const sizes = `${facts.bytes} bytes, then ${second.facts.bytes}`;
    throw new Error(`text file: it changed while it was read: ${sizes}. Choose it again.`);
  }
  return { ...facts, tokens, tokenizer };
}

/** One pass over the file: checks it, hands on its normalised text piece by piece, counts and hashes. */
async function readPass(
  source: TextSource,
  options: ReadOptions,
  pass: number,
  passes: number,
  onText: (text: string) => void,
): Promise<{ readonly facts: TextFacts; readonly count: TextCount }> {
  const { limitBytes = textLimitBytes, onProgress, signal } = options;
  const totalBytes = source instanceof Blob ? source.size : undefined;
  if (totalBytes !== undefined) checkSize(totalBytes, limitBytes);
  const decode = createPieceDecoder();
  const counter = createTextCounter();
  const hash = createSha256();
  let bytes = 0;
  const take = (text: string): void => {
    counter.add(text);
    onText(text);
  };
  for await (const piece of readChunks(source)) {
    signal?.throwIfAborted();
    const pointer = bytes === 0 ? lfsPointerSize(piece) : undefined;
    if (pointer !== undefined) throw new Error(lfsPointerText('text file', pointer));
    bytes += piece.length;
    checkSize(bytes, limitBytes);
    hash.update(piece);
    take(decode(piece));
    onProgress?.({ pass, passes, bytes, totalBytes });
  }
  take(decode());
  const count = counter.result();
  checkContent(count, bytes, options.takesOneCharacter ?? false);
  const { characters, codePoints } = count;
  return {
    facts: { bytes, sha256: hash.digest(), characters, distinctCharacters: codePoints.length },
    count,
  };
}

/** Writes the UTF-8 of each text; what a file that grew adds is dropped, its hash is refused afterwards. */
function byteWriter(tokens: TokenArray): (text: string) => void {
  const encoder = new TextEncoder();
  let count = 0;
  return (text) => {
    const bytes = encoder.encode(text).subarray(0, tokens.length - count);
    tokens.set(bytes, count);
    count += bytes.length;
  };
}

/** Writes the id of each character; typed arrays ignore writes past their end, as a file that grew would make. */
function characterWriter(tokens: TokenArray, idOf: Int32Array): (text: string) => void {
  let count = 0;
  return (text) => {
    for (let i = 0; i < text.length; i++) {
      const codePoint = text.codePointAt(i) ?? 0;
      if (codePoint > 0xffff) i++;
      tokens[count++] = idOf[codePoint];
    }
  };
}

function checkSize(bytes: number, limitBytes: number): void {
  if (bytes <= limitBytes) return;
  throw new Error(
    `text file: too large: ${bytes} bytes or more, the limit is ${limitBytes}. Cut it into parts.`,
  );
}

function checkContent({ characters, codePoints }: TextCount, bytes: number, takesOne: boolean): void {
  if (characters === 0)
    throw new Error(`text file: empty: no text in ${bytes} bytes. Choose a file with text.`);
  if (codePoints.length > 1 || takesOne) return;
  const found = `${characters} times U+${codePoints[0].toString(16).toUpperCase().padStart(4, '0')}`;
  throw new Error(`text file: a single distinct character: ${found}. Choose a text with something to learn.`);
}
