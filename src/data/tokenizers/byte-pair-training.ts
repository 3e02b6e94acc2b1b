// Learns byte pairs from a text: what stands beside each other most often becomes a token, again and again.

import { alphabetBytes } from './byte-alphabet.ts';
import { idsOfBytes, type Merge, pairNumber } from './byte-pairs.ts';
import { Heap } from './heap.ts';
import { Turns, type WorkControl } from './turns.ts';
import { wordsOf } from './words.ts';

/** A pair that occurs once saves nothing anywhere else: it is not joined. */
const fewest = 2;

/** Bytes of a word that are looked at together: a text without spaces would be one word. */
const longestWord = 1024;

/** A pair of neighbours. */
interface Pair {
  readonly left: number;
  readonly right: number;
  /** How often it occurs in the text now. */
  count: number;
  /** Words that have it, or had it. */
  readonly words: number[];
}

/** A pair with the count that it had when it was offered. */
interface Offer {
  readonly pair: Pair;
  readonly count: number;
}

/** A word of the text. */
interface Word {
  ids: number[];
  readonly count: number;
}

/**
 * Merges of a text, up to a vocabulary of `vocabulary` tokens (256 bytes and what is joined); fewer where no pair
 * occurs twice any more. Of pairs that occur equally often, that of the lower left id is joined first, and of equal
 * left ids that of the lower right: the rule of Python's tokenizers.BpeTrainer, whose merges these are. The text is cut into words
 * first and only pairs within words count. Takes time like the distinct words of the text, not like its length.
 */
export async function trainBytePairs(
  text: string,
  vocabulary: number,
  control: WorkControl = {},
): Promise<readonly Merge[]> {
  const turns = new Turns(control);
  const words = await countWords(text, turns);
  return joinMost(words, vocabulary, turns);
}

async function countWords(text: string, turns: Turns): Promise<readonly Word[]> {
  const counts = new Map<string, number>();
  let read = 0;
  let seen = 0;
  for (const word of wordsOf(text)) {
    counts.set(word, (counts.get(word) ?? 0) + 1);
    read += word.length;
    // A clock that is looked at for every word would take longer than the words.
    if (++seen % 4096 === 0 && turns.isOver) await turns.next('counting words', read / text.length);
  }
  const words: Word[] = [];
  const encoder = new TextEncoder();
  for (const [word, count] of counts) {
    const ids = idsOfBytes(encoder.encode(word));
    for (let at = 0; at < ids.length; at += longestWord)
      words.push({ ids: ids.slice(at, at + longestWord), count });
    if (words.length % 1024 === 0 && turns.isOver) await turns.next('counting words', 1);
  }
  return words;
}

async function joinMost(words: readonly Word[], vocabulary: number, turns: Turns): Promise<readonly Merge[]> {
  const pairs = new PairTable();
  for (let index = 0; index < words.length; index++) {
    const { ids, count } = words[index];
    for (let at = 1; at < ids.length; at++) pairs.change(ids[at - 1], ids[at], count, index);
    if (index % 1024 === 0 && turns.isOver) await turns.next('counting pairs', index / words.length);
  }
  const tokens = alphabetBytes.map((byte) => String.fromCharCode(byte));
  const idOf = new Map(tokens.map((token, id) => [token, id]));
  const merges: Merge[] = [];
  while (tokens.length < vocabulary) {
    const best = pairs.takeMost();
    if (!best || best.count < fewest) break;
    const { left, right } = best;
    const token = tokens[left] + tokens[right];
    const id = idOf.get(token) ?? tokens.push(token) - 1;
    idOf.set(token, id);
    merges.push([left, right]);
    for (const index of best.words) joinIn(words[index], index, best, id, pairs);
    pairs.offerChanged();
    if (turns.isOver) await turns.next('joining pairs', (tokens.length - 256) / (vocabulary - 256));
  }
  return merges;
}

/** Joins a pair wherever a word has it, from the left, and counts the neighbours that come and go. */
function joinIn(word: Word, index: number, { left, right }: Pair, id: number, pairs: PairTable): void {
  const { ids, count } = word;
  let length = 0;
  for (let at = 0; at < ids.length; at++) {
    if (ids[at] !== left || ids[at + 1] !== right) {
      ids[length++] = ids[at];
      continue;
    }
    if (length > 0) {
      pairs.change(ids[length - 1], left, -count, index);
      pairs.change(ids[length - 1], id, count, index);
    }
    const after = ids[at + 2];
    if (after !== undefined) {
      pairs.change(right, after, -count, index);
      pairs.change(id, after, count, index);
    }
    ids[length++] = id;
    at++;
  }
  ids.length = length;
}

/** All pairs with their counts, the most frequent at hand. */
class PairTable {
  readonly #pairs = new Map<number, Pair>();
  readonly #offers = new Heap<Offer>((a, b) => {
    if (a.count !== b.count) return a.count > b.count;
    return a.pair.left === b.pair.left ? a.pair.right < b.pair.right : a.pair.left < b.pair.left;
  });
  #changed = new Set<Pair>();
  #isCounted = false;

  change(left: number, right: number, by: number, word: number): void {
    const key = pairNumber(left, right);
    let pair = this.#pairs.get(key);
    if (!pair) {
      pair = { left, right, count: 0, words: [] };
      this.#pairs.set(key, pair);
    }
    pair.count += by;
    if (by < 0) return;
    if (pair.words.at(-1) !== word) pair.words.push(word);
    if (this.#isCounted) this.#changed.add(pair);
  }

  /** Offers the pairs that became more frequent since the last call. */
  offerChanged(): void {
    for (const pair of this.#changed) if (pair.count > 0) this.#offers.push({ pair, count: pair.count });
    this.#changed = new Set();
  }

  /** Takes the most frequent pair; a count that has fallen since it was offered is offered again. */
  takeMost(): Pair | undefined {
    if (!this.#isCounted) {
      for (const pair of this.#pairs.values()) this.#offers.push({ pair, count: pair.count });
      this.#isCounted = true;
    }
    for (;;) {
      const offer = this.#offers.pop();
      if (!offer) return undefined;
      const { pair, count } = offer;
      if (count === pair.count) return pair;
      if (pair.count > 0) this.#offers.push({ pair, count: pair.count });
    }
  }
}
