// Text to token ids and back, by characters or by bytes, with the file format that keeps a tokenizer beside weights.
import * as v from 'valibot';
import { issueText } from './issue-text.ts';

/** The name of the tokenizer file in a model folder. */
export const TOKENIZER_FILE_NAME = 'flopscope-tokenizer.json';

/** The newest version of the tokenizer file that this code writes and reads. */
export const TOKENIZER_VERSION = 1;

/** What stands for a token that the tokenizer does not have. */
const unknownText = '\uFFFD';
/** Largest number that may be a token id. */
const highestId = 0x7fff_ffff;

/** A sequence of token ids in the narrowest type that holds the vocabulary. */
export type TokenArray = Uint8Array | Uint16Array | Uint32Array;

/** Turns text into token ids and back; ids run from 0 to vocabularySize − 1. */
export interface Tokenizer {
  readonly kind: 'characters' | 'bytes';
  readonly vocabularySize: number;
  /** Token ids of a text. Throws an Error that names the character and its position when it is not in the vocabulary. */
  encode(text: string): Uint32Array;
  /**
   * The text of token ids. Ids past the vocabulary become U+FFFD, for a model may have more rows than its tokenizer has
   * tokens; so do bytes that are not UTF-8. Throws an Error for what is no id.
   */
  decode(tokens: ArrayLike<number>): string;
  /** A decoder for tokens that arrive one by one: it holds back a character until all of its bytes are there. */
  createStreamDecoder(): StreamDecoder;
  /** The content of the tokenizer file. */
  toJSON(): TokenizerFile;
}

/** Decodes a stream of tokens piece by piece; the pieces together equal `decode` of all tokens. */
export interface StreamDecoder {
  /** The text that these tokens complete; may be empty. */
  push(tokens: ArrayLike<number>): string;
  /** What was held back, as U+FFFD if it never became a character; the decoder then starts afresh. */
  end(): string;
}

/** The content of `flopscope-tokenizer.json`; the id of a character is its place in `characters`. */
export type TokenizerFile = v.InferOutput<typeof tokenizerFileSchema>;

const header = { format: v.literal('flopscope-tokenizer'), version: v.literal(TOKENIZER_VERSION) };
const tokenizerFileSchema = v.variant('kind', [
  v.strictObject({ ...header, kind: v.literal('characters'), characters: v.string() }),
  v.strictObject({ ...header, kind: v.literal('bytes') }),
]);
/** What every version of the file has in common, read first so that a newer version is named as such. */
const anyVersionSchema = v.looseObject({
  format: v.literal('flopscope-tokenizer'),
  version: v.pipe(v.number(), v.integer(), v.minValue(1)),
});

/** A tokenizer with one token per distinct character (code point) of a text, ids in the order of code points. */
export function trainCharacterTokenizer(text: string): Tokenizer {
  const lone = text.search(/\p{Surrogate}/u);
  if (lone >= 0) throw new Error(unpairedMessage(text.charCodeAt(lone), lone));
  const seen = new Set<number>();
  for (const character of text) seen.add(character.codePointAt(0) ?? 0);
  return characterTokenizer([...seen].sort((a, b) => a - b));
}

/** A character tokenizer over distinct code points: the id is the place in the list. Throws for fewer than 2 or a repeat. */
export function characterTokenizer(codePoints: readonly number[]): Tokenizer {
  if (codePoints.length < 2) {
    const found =
      codePoints.length === 0 ? 'the text is empty' : `the only one is ${describe(codePoints[0])}`;
    throw new Error(
      `tokenizer: fewer than two distinct characters: ${found}. Use a text with something to learn.`,
    );
  }
  const idOf = characterIds(codePoints);
  const characters = codePoints.map((codePoint) => String.fromCodePoint(codePoint));
  const decode = (tokens: ArrayLike<number>): string => {
    checkTokens(tokens, highestId + 1);
    const pieces = new Array<string>(tokens.length);
    for (let i = 0; i < tokens.length; i++) pieces[i] = characters[tokens[i]] ?? unknownText;
    return pieces.join('');
  };
  return {
    kind: 'characters',
    vocabularySize: characters.length,
    encode: (text) => encodeCharacters(text, idOf),
    decode,
    createStreamDecoder: () => ({ push: decode, end: () => '' }),
    toJSON: () => ({
      format: 'flopscope-tokenizer',
      version: TOKENIZER_VERSION,
      kind: 'characters',
      characters: characters.join(''),
    }),
  };
}

/** The tokenizer whose 256 tokens are the bytes of UTF-8: it can write down any text. */
export function byteTokenizer(): Tokenizer {
  const createStreamDecoder = (): StreamDecoder => {
    // A sample of a young model is seldom valid UTF-8, so the decoder replaces rather than throws.
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
    return {
      push: (tokens) => {
        checkTokens(tokens, highestId + 1);
        const bytes = new Uint8Array(tokens.length);
        let count = 0;
        let text = '';
        for (let i = 0; i < tokens.length; i++) {
          if (tokens[i] < 256) bytes[count++] = tokens[i];
          else {
            // What is no byte ends the character before it.
            text += decoder.decode(bytes.subarray(0, count)) + unknownText;
            count = 0;
          }
        }
        return text + decoder.decode(bytes.subarray(0, count), { stream: true });
      },
      end: () => decoder.decode(),
    };
  };
  return {
    kind: 'bytes',
    vocabularySize: 256,
    encode: (text) => {
      const lone = text.search(/\p{Surrogate}/u);
      if (lone >= 0) throw new Error(unpairedMessage(text.charCodeAt(lone), lone));
      return new Uint32Array(new TextEncoder().encode(text));
    },
    decode: (tokens) => {
      const decoder = createStreamDecoder();
      return decoder.push(tokens) + decoder.end();
    },
    createStreamDecoder,
    toJSON: () => ({ format: 'flopscope-tokenizer', version: TOKENIZER_VERSION, kind: 'bytes' }),
  };
}

/** The tokenizer of a parsed tokenizer file of any origin. Throws an Error with one clear line when it is not one. */
export function tokenizerFromJSON(json: unknown): Tokenizer {
  const start = v.safeParse(anyVersionSchema, json);
  if (!start.success)
    throw new Error(
      `tokenizer file: ${issueText(start.issues[0], 'the content')}. Is it a ${TOKENIZER_FILE_NAME}?`,
    );
  if (start.output.version > TOKENIZER_VERSION) {
    throw new Error(
      `tokenizer file: written by a newer version: it is ${start.output.version}, this program reads ` +
        `${TOKENIZER_VERSION}. Update the program.`,
    );
  }
  const file = v.safeParse(tokenizerFileSchema, json);
  if (!file.success)
    throw new Error(`tokenizer file: ${issueText(file.issues[0], 'the content')}. Save the model again.`);
  if (file.output.kind === 'bytes') return byteTokenizer();
  return characterTokenizer(Array.from(file.output.characters, (character) => character.codePointAt(0) ?? 0));
}

/** Throws an Error that names value and position of the first token that is not an integer in [0, vocabularySize). */
export function checkTokens(tokens: ArrayLike<number>, vocabularySize: number): void {
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i];
    // The comparisons also refuse NaN, and ~~ keeps only whole numbers of 32 bits.
    if (token >= 0 && token < vocabularySize && ~~token === token) continue;
    throw new Error(
      `tokens: outside the vocabulary: ${token} at position ${i}, ids run from 0 to ${vocabularySize - 1}. ` +
        'Use the tokenizer that the model was trained with.',
    );
  }
}

/** An empty token array of the narrowest type: 1 byte up to 256 tokens, 2 bytes up to 65 536, else 4. */
export function createTokenArray(vocabularySize: number, length: number): TokenArray {
  if (vocabularySize <= 0x100) return new Uint8Array(length);
  return vocabularySize <= 0x1_0000 ? new Uint16Array(length) : new Uint32Array(length);
}

/** A table from code point to id, −1 where there is none; as long as the highest code point demands. */
export function characterIds(codePoints: readonly number[]): Int32Array {
  const highest = codePoints.reduce((a, b) => Math.max(a, b), 0);
  const idOf = new Int32Array(highest + 1).fill(-1);
  codePoints.forEach((codePoint, id) => {
    if (codePoint >= 0xd800 && codePoint <= 0xdfff) throw new Error(unpairedMessage(codePoint, id));
    if (idOf[codePoint] >= 0) {
      const both = `${describe(codePoint)} at ${idOf[codePoint]} and ${id}`;
      throw new Error(`tokenizer: a character occurs twice: ${both}. The file is damaged.`);
    }
    idOf[codePoint] = id;
  });
  return idOf;
}

function encodeCharacters(text: string, idOf: Int32Array): Uint32Array {
  const tokens = new Uint32Array(text.length); // never fewer UTF-16 units than characters
  let count = 0;
  for (let i = 0; i < text.length; i++) {
    const codePoint = text.codePointAt(i) ?? 0;
    if (codePoint > 0xffff) i++;
    const id = codePoint < idOf.length ? idOf[codePoint] : -1;
    if (id < 0) {
      throw new Error(
        `tokenizer: a character is not in the vocabulary: ${describe(codePoint)} at position ${count}. ` +
          'Remove it, or train with a text that has it.',
      );
    }
    tokens[count++] = id;
  }
  return count === tokens.length ? tokens : tokens.slice(0, count);
}

function describe(codePoint: number): string {
  const hex = codePoint.toString(16).toUpperCase().padStart(4, '0');
  const isShown = codePoint > 0x20 && !/[\p{C}\p{Z}]/u.test(String.fromCodePoint(codePoint));
  return isShown ? `"${String.fromCodePoint(codePoint)}" (U+${hex})` : `U+${hex}`;
}

function unpairedMessage(unit: number, position: number): string {
  return `tokenizer: half of a surrogate pair is no character: ${describe(unit)} at position ${position}. Repair the text.`;
}
