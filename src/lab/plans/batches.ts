// Where a step's tokens come from: a dataset drawn at random, or a list given in advance.
import { type Dataset, drawTrainingBatch } from '../../data/dataset.ts';
import { createRandom, type Random, type RandomState, restoreRandom } from '../../data/random.ts';
import type { TrainConfig } from '../../model/config.ts';

/** Target id of a position that has no target; larger than any vocabulary. */
export const ignoredTarget = 0xffffffff;

/** One micro-batch as it is uploaded. */
export interface MicroBatch {
  /** [B, T + 1]: inputs are the first T of each row, and the last T its targets unless `targets` are given. */
  readonly tokens: Uint32Array;
  /** [B, T]; `ignoredTarget` where a position has none. */
  readonly targets?: Uint32Array;
}

/** Serialisable position of a source, for checkpoints. */
export type Cursor =
  | { readonly kind: 'random'; readonly state: RandomState }
  | { readonly kind: 'list'; readonly next: number };

/** Gives micro-batches one after another; the arrays are reused by the next call. */
export interface BatchSource {
  next(): MicroBatch;
  readonly cursor: Cursor;
}

/**
 * Targets of rows of which only marked tokens count, into `targets`: [B, T].
 * @param marks [B, T + 1], 1 for a token that counts
 */
export function writeMarkedTargets(
  { tokens, marks }: { readonly tokens: Uint32Array; readonly marks: Uint32Array },
  time: number,
  targets: Uint32Array,
): void {
  for (let i = 0; i < targets.length; i++) {
    const at = Math.floor(i / time) * (time + 1) + (i % time) + 1;
    targets[i] = marks[at] === 1 ? tokens[at] : ignoredTarget;
  }
}

/** Random windows of a dataset; equal starts give equal batches. */
export class RandomBatches implements BatchSource {
  readonly #dataset: Dataset;
  readonly #random: Random;
  readonly #batch: { readonly tokens: Uint32Array; readonly targets?: Uint32Array };
  readonly #marks: Uint32Array | undefined;

  /** @param start a seed, or the state of a saved run */
  constructor(dataset: Dataset, batch: number, start: number | RandomState) {
    this.#dataset = dataset;
    this.#random = typeof start === 'number' ? createRandom(start) : restoreRandom(start);
    const [tokens, targets] = [batch * (dataset.contextLength + 1), batch * dataset.contextLength];
    this.#marks = dataset.marks && new Uint32Array(tokens);
    this.#batch = {
      tokens: new Uint32Array(tokens),
      ...(dataset.marks ? { targets: new Uint32Array(targets) } : {}),
    };
  }

  get cursor(): Cursor {
    return { kind: 'random', state: this.#random.state() };
  }

  next(): MicroBatch {
    const { tokens, targets } = this.#batch;
    const marks = this.#marks;
    drawTrainingBatch(this.#dataset, this.#random, tokens, marks);
    if (marks && targets) writeMarkedTargets({ tokens, marks }, this.#dataset.contextLength, targets);
    return this.#batch;
  }
}

/** A fixed list, in order, once. */
export class ListedBatches implements BatchSource {
  readonly #batches: readonly MicroBatch[];
  #next: number;

  /** @param next where to begin: the cursor of a saved run */
  constructor(batches: readonly MicroBatch[], next = 0) {
    this.#batches = batches;
    this.#next = next;
  }

  get cursor(): Cursor {
    return { kind: 'list', next: this.#next };
  }

  /** @throws when the list is used up. */
  next(): MicroBatch {
    const batch = this.#batches[this.#next];
    if (!batch) throw new Error(`batches: all ${this.#batches.length} were used. Take fewer steps.`);
    this.#next++;
    return batch;
  }
}

/** Positions that count in the loss: those with a target, of which answers have marked ones alone, or only the last of each row. */
export function countTargets(
  batch: MicroBatch,
  time: number,
  positions: TrainConfig['lossPositions'],
): number {
  const rows = batch.tokens.length / (time + 1);
  if (!batch.targets) return positions === 'last' ? rows : rows * time;
  let count = 0;
  for (let i = 0; i < rows * time; i++) if (isTarget(batch, i, time, positions)) count++;
  return count;
}

/** Whether a position of [B·T] counts in the loss. */
export function isTarget(
  { targets }: MicroBatch,
  index: number,
  time: number,
  positions: TrainConfig['lossPositions'],
): boolean {
  if (targets && targets[index] === ignoredTarget) return false;
  return positions !== 'last' || index % time === time - 1;
}
