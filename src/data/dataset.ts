// Token data cut into a training and a validation split, and the batches that are drawn from each.
import type { Random } from './random.ts';
import { checkTokens, type TokenArray } from './tokenizer.ts';

/** How a token sequence is cut. */
export interface DatasetOptions {
  /** Tokens that the model sees at once (T); a row of a batch has one more. */
  readonly contextLength: number;
  /** Token ids run from 0 to vocabularySize − 1. */
  readonly vocabularySize: number;
  /** Part of the tokens kept for validation, taken from the end; in (0, 1), 0.1 by default as in nanoGPT. */
  readonly validationFraction?: number;
  /** 1 for each token that counts as a target, such as those of answers; all count without it. */
  readonly marks?: Uint8Array;
}

/** Which tokens of a split count as targets: 1 or 0 each. */
export interface SplitMarks {
  readonly training: Uint8Array;
  readonly validation: Uint8Array;
}

/** Two views of one token array; nothing is copied. */
export interface Dataset {
  readonly contextLength: number;
  readonly vocabularySize: number;
  /** The first tokens, batches are drawn from here. */
  readonly training: TokenArray;
  /** The last tokens, never trained on. */
  readonly validation: TokenArray;
  /** Where not all tokens count. */
  readonly marks?: SplitMarks;
}

/** The shape of a batch and, for evaluation, which one of how many. */
export interface EvaluationBatch {
  /** Rows of a batch (B). */
  readonly batch: number;
  /** Batches in the whole evaluation. */
  readonly batches: number;
  /** Which of them, from 0. */
  readonly index: number;
}

/**
 * Cuts tokens into floor(n·(1 − validationFraction)) for training and the rest for validation, as nanoGPT's prepare.py.
 * @throws if a split cannot fill one row of T + 1 tokens, or a token is outside the vocabulary
 */
export function createDataset(tokens: TokenArray, options: DatasetOptions): Dataset {
  const { contextLength, vocabularySize, validationFraction = 0.1 } = options;
  if (!(validationFraction > 0 && validationFraction < 1)) {
    throw new Error(
      `dataset: the validation fraction is not within 0 and 1: ${validationFraction}. Pass 0.1?`,
    );
  }
  if (!Number.isSafeInteger(contextLength) || contextLength < 1) {
    throw new Error(`dataset: the context length is not a whole number from 1: ${contextLength}. Pass 64?`);
  }
  checkTokens(tokens, vocabularySize);
  const trainingLength = Math.floor(tokens.length * (1 - validationFraction));
  const training = tokens.subarray(0, trainingLength);
  const validation = tokens.subarray(trainingLength);
  for (const [name, split] of [['training', training] as const, ['validation', validation] as const]) {
    if (split.length > contextLength) continue;
    throw new Error(
      `dataset: the ${name} split is shorter than context + 1: ${split.length} of ${tokens.length} tokens, the ` +
        `context is ${contextLength}. Use a longer text or a shorter context.`,
    );
  }
  const { marks } = options;
  const cut = marks && {
    training: marks.subarray(0, trainingLength),
    validation: marks.subarray(trainingLength),
  };
  for (const name of ['training', 'validation'] as const) {
    // The first token of a split is no target.
    if (!cut || cut[name].subarray(1).includes(1)) continue;
    throw new Error(`dataset: no token of the ${name} split counts as a target. Use a longer text.`);
  }
  return { contextLength, vocabularySize, training, validation, ...(cut ? { marks: cut } : {}) };
}

/** Rows that are drawn anew before one without any target is taken. */
const mostDraws = 100;

/**
 * Draws B rows at random offsets of the training split into `rows`: [B, T+1].
 * A row holds consecutive tokens: inputs are row[0..T), targets row[1..T+1). B is rows.length / (T + 1). The generator is
 * advanced once per row (more when it redraws), so its saved state is the whole data cursor of a run.
 * @param marks [B, T+1], gets those of the same windows where the dataset has marks; a window without a target is drawn anew
 */
export function drawTrainingBatch(
  dataset: Dataset,
  random: Random,
  rows: Uint32Array,
  marks?: Uint32Array,
): void {
  const { training, contextLength } = dataset;
  const rowLength = contextLength + 1;
  const batch = rows.length / rowLength;
  checkRows('training batch', rows, batch, contextLength);
  for (let row = 0; row < batch; row++) {
    let offset = random.integer(training.length - contextLength);
    if (marks && dataset.marks) {
      const all = dataset.marks.training;
      const window = () => all.subarray(offset, offset + rowLength);
      for (let draws = 1; draws < mostDraws && !window().subarray(1).includes(1); draws++)
        offset = random.integer(training.length - contextLength);
      marks.set(window(), row * rowLength);
    }
    rows.set(training.subarray(offset, offset + rowLength), row * rowLength);
  }
}

/**
 * Writes one batch of an evaluation of a split into `rows`: [B, T+1], the same at every call.
 * The batches·B windows are spaced evenly from the first token to the last.
 */
export function fillEvaluationBatch(
  split: TokenArray,
  contextLength: number,
  part: EvaluationBatch,
  rows: Uint32Array,
): void {
  const { batch, batches, index } = part;
  checkRows('evaluation batch', rows, batch, contextLength);
  if (!Number.isSafeInteger(index) || index < 0 || index >= batches) {
    throw new Error(`evaluation batch: no such batch: ${index} of ${batches}. Count from 0.`);
  }
  const lastOffset = split.length - contextLength - 1;
  if (lastOffset < 0) {
    const found = `${split.length} tokens, the context is ${contextLength}`;
    throw new Error(`evaluation batch: the split is shorter than context + 1: ${found}. Use a longer split.`);
  }
  const gaps = Math.max(1, batches * batch - 1);
  for (let row = 0; row < batch; row++) {
    const offset = Math.floor(((index * batch + row) * lastOffset) / gaps);
    rows.set(split.subarray(offset, offset + contextLength + 1), row * (contextLength + 1));
  }
}

/** The fewest batches whose windows together have every token but the first of a split of this length as a target. */
export function coveringBatches(splitLength: number, contextLength: number, batch: number): number {
  const targets = splitLength - 1;
  return Math.max(1, Math.ceil(Math.ceil(targets / contextLength) / batch));
}

function checkRows(who: string, rows: Uint32Array, batch: number, contextLength: number): void {
  if (Number.isInteger(batch) && batch > 0 && rows.length === batch * (contextLength + 1)) return;
  const found = `${rows.length} elements for rows of ${contextLength + 1}, batch ${batch}`;
  throw new Error(
    `${who}: the array is not [batch, context + 1]: ${found}. Pass batch · (context + 1) elements.`,
  );
}
