// What kernels of decode attention share: their dims, which keys a slot sees, their counts, and one head's attention in loops.
import type { BindingSpec, Dims, NumberArray, Scalars } from '../plan/kernel.ts';
import type { Tensor } from '../plan/tensor.ts';
import { capFlops, cappedScore } from './attention-cap.ts';

/** Dims of what a kernel of decode attention reads of queries and caches. */
export const cacheDims = [
  // Queries decoded together, heads, and where the query heads of a row lie.
  ...['slots', 'heads', 'keyValueHeads', 'keySize', 'valueSize', 'rowStride', 'qOffset'],
  // Rows of a ring, positions of them in sight, queries that share it, a row's width, and where the value heads start in it.
  ...['context', 'window', 'rowsPerRing', 'rowWidth', 'valueOffset'],
  ...['scale', 'softcap'],
] as const;

/** Values of `cacheDims`. */
export type CacheSizes = Dims<(typeof cacheDims)[number]>;

/** Dims of all of decode attention. */
export const decodeDims = [...cacheDims, 'hasSinks'] as const;

/** Values of `decodeDims`. */
export type DecodeSizes = Dims<(typeof decodeDims)[number]>;

/** Dims of heads of so many queries over a cache of rings of `context` rows. */
export function sizesOf(
  options: DecodeAttentionOptions,
  slots: number,
  context: number,
  rowsPerRing = 1,
): DecodeSizes {
  const { heads, keyValueHeads, keySize, valueSize, softcap = 0, sinks, sharedRows = false } = options;
  const keyColumns = keyValueHeads * keySize;
  const rowWidth = sharedRows ? keyColumns : keyColumns + keyValueHeads * valueSize;
  const rowStride = heads * keySize + (sharedRows ? 0 : rowWidth);
  return {
    slots,
    heads,
    keyValueHeads,
    keySize,
    valueSize,
    rowStride,
    qOffset: 0,
    context,
    window: Math.min(options.window ?? context, context),
    rowsPerRing,
    rowWidth,
    valueOffset: sharedRows ? 0 : keyColumns,
    scale: options.scale ?? 1 / Math.sqrt(keySize),
    softcap,
    hasSinks: sinks ? 1 : 0,
  };
}

/** Sizes of a self-test or calibration. */
export function probe(
  heads: number,
  keyValueHeads: number,
  keySize: number,
  valueSize: number,
  context: number,
  slots = 1,
): DecodeSizes {
  return sizesOf({ heads, keyValueHeads, keySize, valueSize }, slots, context);
}

/** Keys that a slot attends to at the (mean) position of the step scalars, or of an early token where they do not say. */
export function keysAt({ window }: Pick<CacheSizes, 'window'>, { position = 0 }: Scalars): number {
  return Math.min(position + 1, window);
}

/** Where checks and calibration decode: late, so that a good part of the cache is read. */
export function probePosition(context: number): number {
  return Math.floor(0.75 * context);
}

/**
 * The state of a check: rows at several positions, the first of them where calibration decodes; rings that rows share have gone
 * round, so that the keys in sight begin in the midst of them.
 */
export function stateSpec({
  slots,
  context,
  rowsPerRing,
}: Pick<CacheSizes, 'slots' | 'context' | 'rowsPerRing'>): BindingSpec {
  const round = rowsPerRing > 1 ? context : 0;
  const fill = (_: number, index: number) => round + Math.max(0, probePosition(context) - 3 * (index >> 2));
  return { shape: [slots, 4], elementType: 'u32', fill };
}

/** Per key the product q·k, then scale, cap, maximum, subtract, exp, sum. */
export function scoreFlops(keySize: number, { softcap }: Pick<CacheSizes, 'softcap'>): number {
  return 2 * keySize + 5 + capFlops({ softcap });
}

/** A sink's maximum, subtract, exp, sum. */
export function sinkFlops({ heads, hasSinks }: Pick<DecodeSizes, 'heads' | 'hasSinks'>): number {
  return 4 * heads * hasSinks;
}

/** Heads of a packed row and of the cache. */
export interface DecodeAttentionOptions {
  /** H, query heads. */
  readonly heads: number;
  /** G, heads of the cache. */
  readonly keyValueHeads: number;
  /** Channels of a head of queries and keys. */
  readonly keySize: number;
  /** Channels of a head of values. */
  readonly valueSize: number;
  /** Factor of the scores, 1 / √keySize unless given. */
  readonly scale?: number | undefined;
  /** Scores become softcap · tanh(score ÷ softcap); 0, the default, leaves them. */
  readonly softcap?: number | undefined;
  /** Tokens that a query sees, itself included; all of its ring unless given. */
  readonly window?: number | undefined;
  /** [heads]: a logit a head that takes part in its softmax and adds nothing. */
  readonly sinks?: Tensor | undefined;
  /** Rows of the cache are whole keys, and their first valueSize columns are the values: absorbed latent attention. */
  readonly sharedRows?: boolean | undefined;
}

/** Arrays that the loops below read. */
type DecodeArrays = Readonly<Record<'qkv' | 'cache' | 'state', NumberArray>>;

/** Keys that a query sees at the position in its state: as many as its window has, once that is full. */
export function keysSeen({ state }: Pick<DecodeArrays, 'state'>, dims: CacheSizes, slot: number): number {
  return Math.min(state[4 * slot] + 1, dims.window);
}

/** Row of the cache with a key that a query sees, counted from the first one in sight. */
export function rowOfKey(
  arrays: Pick<DecodeArrays, 'state'>,
  dims: CacheSizes,
  slot: number,
  key: number,
): number {
  const { context, rowsPerRing } = dims;
  const first = arrays.state[4 * slot] + 1 - keysSeen(arrays, dims, slot);
  return Math.floor(slot / rowsPerRing) * context + ((first + key) % context);
}

/**
 * Attention of one head of one query to the keys in sight from `first` to before `end`, in plain loops: values weighted by
 * exp(score − largest), [valueSize], and the weights' sum. `largest` is of these scores, and of `sink` where there is one.
 */
export function attendInLoops(
  arrays: DecodeArrays,
  dims: CacheSizes,
  [slot, head]: readonly [slot: number, head: number],
  [first, end]: readonly [first: number, end: number],
  sink = Number.NEGATIVE_INFINITY,
): { readonly largest: number; readonly sum: number; readonly values: Float64Array } {
  const { qkv, cache } = arrays;
  const { heads, keyValueHeads, keySize, valueSize, rowWidth } = dims;
  const keyValueHead = Math.floor((head * keyValueHeads) / heads);
  const q = slot * dims.rowStride + dims.qOffset + head * keySize;
  const rowOf = (key: number) => rowOfKey(arrays, dims, slot, key) * rowWidth;
  const scores = new Float64Array(Math.max(0, end - first));
  let largest = sink;
  for (let key = first; key < end; key++) {
    const k = rowOf(key) + keyValueHead * keySize;
    let dot = 0;
    for (let d = 0; d < keySize; d++) dot += qkv[q + d] * cache[k + d];
    scores[key - first] = cappedScore(dot * dims.scale, dims.softcap);
    largest = Math.max(largest, scores[key - first]);
  }
  const values = new Float64Array(valueSize);
  let sum = sink === Number.NEGATIVE_INFINITY ? 0 : Math.exp(sink - largest);
  for (let key = first; key < end; key++) {
    const v = rowOf(key) + dims.valueOffset + keyValueHead * valueSize;
    const weight = Math.exp(scores[key - first] - largest);
    sum += weight;
    for (let d = 0; d < valueSize; d++) values[d] += weight * cache[v + d];
  }
  return { largest, sum, values };
}

/** Attention of every head of every slot to all keys that it sees, in plain loops. */
export function decodeReference(
  arrays: DecodeArrays & Readonly<Record<'sinks' | 'y', NumberArray>>,
  dims: DecodeSizes,
): void {
  const { sinks, y } = arrays;
  const { slots, heads, valueSize } = dims;
  for (let index = 0; index < slots * heads; index++) {
    const [slot, head] = [Math.floor(index / heads), index % heads];
    const keys = [0, keysSeen(arrays, dims, slot)] as const;
    const sink = dims.hasSinks === 1 ? sinks[head] : undefined;
    const { sum, values } = attendInLoops(arrays, dims, [slot, head], keys, sink);
    for (let d = 0; d < valueSize; d++) y[index * valueSize + d] = values[d] / sum;
  }
}
