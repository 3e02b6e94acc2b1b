// What a loss means: the losses of guessing, of counting tokens and of counting pairs, on the same split.
import type { SplitMarks } from './dataset.ts';
import type { TokenArray } from './tokenizer.ts';

/** Reference losses in nats per token, in falling order for text. */
export interface LossFloors {
  /** ln V: every token equally likely; where an untrained model starts. */
  readonly uniform: number;
  /** Cross-entropy on the validation split of token counts from the training split: no context at all. */
  readonly unigram: number;
  /** Cross-entropy on the validation split of pair counts from the training split: what one token of context gives. */
  readonly bigram: number;
}

/** Added to each count, so that what never occurs in training has a finite loss. */
export const usualSmoothing = 0.1;

/** Up to this many pairs (2^24, 64 MiB of counts) are counted in a table, beyond in a map of those that occur. */
const tablePairs = 2 ** 24;

/** The reference losses of a dataset, of marked tokens alone where there are marks. @throws if a split is too short to count */
export function computeLossFloors(
  training: TokenArray,
  validation: TokenArray,
  vocabularySize: number,
  marks?: SplitMarks,
): LossFloors {
  return {
    uniform: Math.log(vocabularySize),
    unigram: unigramCrossEntropy(training, validation, vocabularySize, usualSmoothing, marks),
    bigram: bigramCrossEntropy(training, validation, vocabularySize, usualSmoothing, marks),
  };
}

/**
 * The mean of −ln p(token) over the validation split, in nats, with p(a) = (count(a) + smoothing) / (n + smoothing·V)
 * counted in the n tokens of the training split.
 * @throws for an empty split
 */
export function unigramCrossEntropy(
  training: TokenArray,
  validation: TokenArray,
  vocabularySize: number,
  smoothing: number = usualSmoothing,
  marks?: SplitMarks,
): number {
  if (training.length === 0 || validation.length === 0) {
    throw new Error(
      `floors: no tokens to count: ${describeLengths(training, validation)}. Use a longer text.`,
    );
  }
  const counts = countTokens(training, vocabularySize, marks?.training);
  const total = sumOf(counts) + smoothing * vocabularySize;
  let [sum, targets] = [0, 0];
  for (let i = 0; i < validation.length; i++) {
    if (marks && marks.validation[i] === 0) continue;
    sum += Math.log(total / (counts[validation[i]] + smoothing));
    targets++;
  }
  return sum / targets;
}

/**
 * The mean of −ln p(next | token) over the pairs of the validation split, in nats, where
 * p(b | a) = (count(a, b) + smoothing) / (count(a, ·) + smoothing·V), counted in the training split.
 * Tokens must be within the vocabulary.
 * @throws for a split without a pair
 */
export function bigramCrossEntropy(
  training: TokenArray,
  validation: TokenArray,
  vocabularySize: number,
  smoothing: number = usualSmoothing,
  marks?: SplitMarks,
): number {
  if (training.length < 2 || validation.length < 2) {
    throw new Error(
      `floors: no pairs to count: ${describeLengths(training, validation)}. Use a longer text.`,
    );
  }
  // A pair counts where its second token does.
  const pairCount = countPairs(training, vocabularySize, marks?.training);
  const firstCounts = countTokens(training.subarray(0, -1), vocabularySize, marks?.training.subarray(1));
  let [sum, targets] = [0, 0];
  for (let i = 1; i < validation.length; i++) {
    if (marks && marks.validation[i] === 0) continue;
    const first = validation[i - 1];
    const count = pairCount(first * vocabularySize + validation[i]);
    sum += Math.log((firstCounts[first] + smoothing * vocabularySize) / (count + smoothing));
    targets++;
  }
  return sum / targets;
}

function sumOf(counts: Uint32Array): number {
  return counts.reduce((a, b) => a + b, 0);
}

function countTokens(tokens: TokenArray, vocabularySize: number, marks?: Uint8Array): Uint32Array {
  const counts = new Uint32Array(vocabularySize);
  for (let i = 0; i < tokens.length; i++) if (!marks || marks[i] === 1) counts[tokens[i]]++;
  return counts;
}

/** Counts neighbours; the pair (a, b) has the number a·V + b. */
function countPairs(
  tokens: TokenArray,
  vocabularySize: number,
  marks?: Uint8Array,
): (pair: number) => number {
  const counts = (at: number) => !marks || marks[at] === 1;
  if (vocabularySize ** 2 <= tablePairs) {
    const table = new Uint32Array(vocabularySize ** 2);
    for (let i = 1; i < tokens.length; i++)
      if (counts(i)) table[tokens[i - 1] * vocabularySize + tokens[i]]++;
    return (pair) => table[pair];
  }
  const found = new Map<number, number>();
  for (let i = 1; i < tokens.length; i++) {
    if (!counts(i)) continue;
    const pair = tokens[i - 1] * vocabularySize + tokens[i];
    found.set(pair, (found.get(pair) ?? 0) + 1);
  }
  return (pair) => found.get(pair) ?? 0;
}

function describeLengths(training: TokenArray, validation: TokenArray): string {
  return `training has ${training.length} tokens, validation ${validation.length}`;
}
