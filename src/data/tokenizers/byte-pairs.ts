// The tokenizer of byte pairs: frequent neighbours became tokens of their own, and words are put together from them.
import type { OwnTokenizer } from '../tokenizer.ts';
import { alphabetBytes } from './byte-alphabet.ts';
import { unpairedMessage } from './characters.ts';
import { Heap } from './heap.ts';
import { createPieceDecoder, decodePieces } from './piece-decoder.ts';
import { wordsOf } from './words.ts';

/** Two tokens that become one, by their ids; the earlier in the list, the sooner. */
export type Merge = readonly [left: number, right: number];

/** Ids up to here fit a pair into one number. */
const idLimit = 2 ** 21;
/** Words that are remembered with their tokens: those of a language come again and again. */
const rememberedWords = 65_536;
const longestRemembered = 64;

/** The tokens that merges make: the bytes of each, those of the alphabet first. */
export interface ByteVocabulary {
  /** The bytes of every token, as Latin-1 text. */
  readonly tokens: readonly string[];
  /** The pair of ids → the place of its merge and the token that it makes. */
  readonly made: ReadonlyMap<number, { readonly rank: number; readonly id: number }>;
}

/** A pair of ids as one number, in the order of its left one and then its right one. */
export function pairNumber(left: number, right: number): number {
  return left * idLimit + right;
}

/**
 * Numbers the tokens: 256 bytes in the order of GPT-2's alphabet, then what merges make. Two merges may make the same
 * bytes, as ab + c and a + bc do: then they make the same token.
 * @throws an Error that names the first merge of what is not there yet
 */
export function byteVocabulary(merges: readonly Merge[]): ByteVocabulary {
  const tokens = alphabetBytes.map((byte) => String.fromCharCode(byte));
  const idOf = new Map(tokens.map((token, id) => [token, id]));
  const made = new Map<number, { rank: number; id: number }>();
  merges.forEach(([left, right], rank) => {
    const [first, second] = [tokens[left], tokens[right]];
    if (first === undefined || second === undefined || made.has(pairNumber(left, right))) {
      throw new Error(
        `tokenizer: merge ${rank} of the tokens ${left} and ${right} is none. The file is damaged.`,
      );
    }
    const token = first + second;
    const id = idOf.get(token) ?? tokens.push(token) - 1;
    idOf.set(token, id);
    made.set(pairNumber(left, right), { rank, id });
  });
  return { tokens, made };
}

/** The tokenizer of these merges. @throws as `byteVocabulary` */
export function bytePairTokenizer(merges: readonly Merge[]): OwnTokenizer {
  const { tokens, made } = byteVocabulary(merges);
  const pieces = tokens.map((token) => Uint8Array.from(token, (character) => character.charCodeAt(0)));
  const bytesOf = (token: number): Uint8Array | undefined => pieces[token];
  const known = new Map<string, readonly number[]>();
  const encodeWord = (word: string): readonly number[] => {
    const kept = known.get(word);
    if (kept) return kept;
    const ids = joinPairs(idsOfBytes(new TextEncoder().encode(word)), made);
    if (known.size >= rememberedWords) known.clear();
    if (word.length <= longestRemembered) known.set(word, ids);
    return ids;
  };
  return {
    kind: 'bpe',
    vocabularySize: tokens.length,
    prefix: [],
    encode: (text) => {
      const lone = text.search(/\p{Surrogate}/u);
      if (lone >= 0) throw new Error(unpairedMessage(text.charCodeAt(lone), lone));
      return collect(text, encodeWord);
    },
    decode: (ids) => decodePieces(bytesOf, ids),
    createStreamDecoder: () => createPieceDecoder(bytesOf),
    byteLength: (token) => pieces[token]?.length ?? 0,
    toJSON: () => ({ format: 'flopscope-tokenizer', version: 2, kind: 'bpe', merges }),
  };
}

const idOfByte = (() => {
  const ids = new Uint8Array(256);
  alphabetBytes.forEach((byte, id) => {
    ids[byte] = id;
  });
  return ids;
})();

/** The tokens of single bytes. */
export function idsOfBytes(bytes: Uint8Array): number[] {
  return Array.from(bytes, (byte) => idOfByte[byte]);
}

/** Joins pairs, the earliest merge first and, of one merge, the leftmost pair, until none is left. */
function joinPairs(ids: number[], made: ByteVocabulary['made']): readonly number[] {
  // A list through the places of the word: what was joined into its left neighbour has no next place of its own.
  const next = Int32Array.from(ids, (_, at) => (at + 1 < ids.length ? at + 1 : -1));
  const before = Int32Array.from(ids, (_, at) => at - 1);
  const heap = new Heap<{ readonly rank: number; readonly at: number; readonly id: number }>((a, b) =>
    a.rank === b.rank ? a.at < b.at : a.rank < b.rank,
  );
  const offer = (at: number): void => {
    if (at < 0 || next[at] < 0) return;
    const merge = made.get(pairNumber(ids[at], ids[next[at]]));
    if (merge) heap.push({ ...merge, at });
  };
  for (let at = 0; at + 1 < ids.length; at++) offer(at);
  for (let best = heap.pop(); best; best = heap.pop()) {
    const { at, rank, id } = best;
    const right = next[at];
    // Either of the two may have been joined to another since the pair was offered.
    if (ids[at] < 0 || right < 0 || made.get(pairNumber(ids[at], ids[right]))?.rank !== rank) continue;
    ids[at] = id;
    ids[right] = -1;
    next[at] = next[right];
    next[right] = -1;
    if (next[at] >= 0) before[next[at]] = at;
    offer(before[at]);
    offer(at);
  }
  return ids.filter((id) => id >= 0);
}

function collect(text: string, encodeWord: (word: string) => readonly number[]): Uint32Array {
  let tokens = new Uint32Array(Math.max(16, text.length));
  let count = 0;
  for (const word of wordsOf(text)) {
    const ids = encodeWord(word);
    if (count + ids.length > tokens.length) {
      const larger = new Uint32Array(2 * (count + ids.length));
      larger.set(tokens);
      tokens = larger;
    }
    tokens.set(ids, count);
    count += ids.length;
  }
  return tokens.slice(0, count);
}
