// A generated language for scaling laws: no finite set of templates, but words and pairs of words with Zipf's frequencies.
//
// Tiny models learn the stories' templates, each size at a cliff of its own, and follow no power law. Here, as in human
// language, every model finds something rarer left to learn: 40,000 words, and for each of them a ranked list of words
// that like to follow it. The source is a Markov chain over words, so its entropy is known (Shannon 1948).
import { createRandom, type Random } from './random.ts';

/** Different words. */
const lexiconSize = 40_000;

/** Frequency of the word of rank k ∝ 1 / (k + 2.7)^1.07 (Zipf and Mandelbrot's form, exponents as in English). */
const wordLaw = { shift: 2.7, exponent: 1.07 } as const;

/** With this probability a word is one of those that like to follow the word before, the j-th of them ∝ 1 / (j + 1)^1.2. */
const followers = { share: 0.7, count: 400, exponent: 1.2 } as const;

/** Probability that a sentence ends after a word. */
const endShare = 1 / 12;

/** A word before the first of a sentence. */
const start = lexiconSize;

/** Parts of syllables, the common ones first. */
const onsets = [...'tsnrdlmkpbvghfwzj', 'st', 'tr', 'br', 'sh', 'gr', 'pl', 'kr', ''];
const vowels = ['e', 'a', 'o', 'i', 'u', 'ai', 'ou', 'ea'];
const codas = ['', 'n', 's', 'r', 'l', 't', 'd', 'm', 'k', 'nd', 'st', 'rt'];

/** One language; every seed has its own words. */
export interface ZipfLanguage {
  /** One sentence with its line end. */
  write(random: Random): string;
  /**
   * Entropy of the source in nats per character, which no model goes below on average: what the next word and the end of
   * a sentence leave open, over the characters of a word and its blank. Blanks tell the words apart, so that the text
   * determines them. Mean over `words` words of a walk along the chain; 4,000 give it to about 0.5 %.
   */
  entropy(random: Random, words?: number): number;
}

/** Makes a language from a seed. */
export function createZipfLanguage(seed: number): ZipfLanguage {
  const hash = createHash(seed);
  const words = spellLexicon(hash);
  const wordFrequencies = zipf(lexiconSize, wordLaw.shift, wordLaw.exponent);
  const followerFrequencies = zipf(followers.count, 1, followers.exponent);
  /** The j-th favourite after a word: frequent words are favourites more often, so that frequencies stay Zipf's. */
  const follower = (previous: number, j: number) => draw(wordFrequencies, hash(previous, j + 1));
  const drawNext = (random: Random, previous: number) =>
    random.uniform() < followers.share
      ? follower(previous, draw(followerFrequencies, random.uniform()))
      : draw(wordFrequencies, random.uniform());

  function write(random: Random): string {
    const parts: string[] = [];
    let previous = start;
    do {
      previous = drawNext(random, previous);
      parts.push(words[previous]);
    } while (random.uniform() >= endShare);
    return `${parts.join(' ')}\n`;
  }

  /** Σ p·ln p and Σ p·characters over all words by their frequency alone: what favourites then change is little work. */
  const plain = { information: 0, characters: 0 };
  for (let rank = 0; rank < lexiconSize; rank++) {
    const p = (1 - followers.share) * massOf(wordFrequencies, rank);
    plain.information += p * Math.log(p);
    plain.characters += p * words[rank].length;
  }

  /** Nats and characters that are to be expected of the word after another. */
  function expectAfter(previous: number): { nats: number; characters: number } {
    const favour = new Map<number, number>();
    for (let j = 0; j < followers.count; j++) {
      const next = follower(previous, j);
      favour.set(next, (favour.get(next) ?? 0) + followers.share * massOf(followerFrequencies, j));
    }
    let { information, characters } = plain;
    for (const [next, extra] of favour) {
      const p = (1 - followers.share) * massOf(wordFrequencies, next);
      information += (p + extra) * Math.log(p + extra) - p * Math.log(p);
      characters += extra * words[next].length;
    }
    return { nats: -information, characters };
  }

  function entropy(random: Random, count = 4000): number {
    const end = -endShare * Math.log(endShare) - (1 - endShare) * Math.log(1 - endShare);
    let [nats, characters] = [0, 0];
    for (let walked = 0, previous = start; walked < count; walked++) {
      const expected = expectAfter(previous);
      nats += expected.nats + end;
      characters += expected.characters + 1;
      previous = drawNext(random, previous);
      if (random.uniform() < endShare) previous = start;
    }
    return nats / characters;
  }

  return { write, entropy };
}

/** Cumulated frequencies of ranks from 0. */
function zipf(count: number, shift: number, exponent: number): Float64Array {
  const cumulated = new Float64Array(count);
  let sum = 0;
  for (let rank = 0; rank < count; rank++) {
    sum += (rank + shift) ** -exponent;
    cumulated[rank] = sum;
  }
  for (let rank = 0; rank < count; rank++) cumulated[rank] /= sum;
  return cumulated;
}

/** The first rank whose cumulated frequency exceeds `uniform`, by bisection. */
function draw(cumulated: Float64Array, uniform: number): number {
  let low = 0;
  let high = cumulated.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (cumulated[middle] > uniform) high = middle;
    else low = middle + 1;
  }
  return low;
}

function massOf(cumulated: Float64Array, rank: number): number {
  return cumulated[rank] - (rank > 0 ? cumulated[rank - 1] : 0);
}

/** Frequent words are short: one syllable up to rank 150, two up to 4,000, three beyond, and more where all are taken. */
function spellLexicon(hash: (a: number, b: number) => number): string[] {
  const taken = new Set<string>();
  const onset = zipf(onsets.length, 1, 0.8);
  const vowel = zipf(vowels.length, 1, 0.9);
  const coda = zipf(codas.length, 1, 0.9);
  return Array.from({ length: lexiconSize }, (_, rank) => {
    for (let attempt = 0; ; attempt++) {
      const syllables = (rank < 150 ? 1 : rank < 4000 ? 2 : 3) + Math.floor(attempt / 20);
      let word = '';
      for (let syllable = 0; syllable < syllables; syllable++) {
        const key = -1 - (attempt * 64 + syllable * 3);
        word += onsets[draw(onset, hash(rank, key))];
        word += vowels[draw(vowel, hash(rank, key - 1))];
        word += codas[draw(coda, hash(rank, key - 2))];
      }
      if (taken.has(word)) continue;
      taken.add(word);
      return word;
    }
  });
}

/** A number in [0, 1) for every pair of whole numbers: two rounds of the murmur3 finaliser over seed and pair. */
function createHash(seed: number): (a: number, b: number) => number {
  const random = createRandom(seed);
  const [first, second] = [random.uint32(), random.uint32()];
  return (a, b) => {
    const mixed = mix(Math.imul(a, 0x9e3779b1) ^ first);
    return mix(mixed ^ Math.imul(b, 0x85ebca77) ^ second) / 2 ** 32;
  };
}

function mix(word: number): number {
  let value = word;
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}
