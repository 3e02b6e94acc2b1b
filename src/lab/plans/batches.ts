// Where a step's tokens come from: a dataset drawn at random, or a list given in advance.
import { type Dataset, drawTrainingBatch } from '../../data/dataset.ts';
import { createRandom, type Random, type RandomState, restoreRandom } from '../../data/random.ts';

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

/** Random windows of a dataset; equal starts give equal batches. */
export class RandomBatches implements BatchSource {
  readonly #dataset: Dataset;
  readonly #random: Random;
  readonly #batch: MicroBatch;

  /** @param start a seed, or the state of a saved run */
  constructor(dataset: Dataset, batch: number, start: number | RandomState) {
    this.#dataset = dataset;
    this.#random = typeof start === 'number' ? createRandom(start) : restoreRandom(start);
    this.#batch = { tokens: new Uint32Array(batch * (dataset.contextLength + 1)) };
  }

  get cursor(): Cursor {
    return { kind: 'random', state: this.#random.state() };
  }

  next(): MicroBatch {
    drawTrainingBatch(this.#dataset, this.#random, this.#batch.tokens);
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

/** Positions that count in the loss: those with a target, or only the last of each row. */
export function countTargets(batch: MicroBatch, time: number, positions: 'all' | 'last'): number {
  const { tokens, targets } = batch;
  const rows = tokens.length / (time + 1);
  if (!targets) return positions === 'all' ? rows * time : rows;
  let count = 0;
  for (let i = 0; i < targets.length; i++) {
    if (targets[i] !== ignoredTarget && (positions === 'all' || i % time === time - 1)) count++;
  }
  return count;
}
