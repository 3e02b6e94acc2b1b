// What every attention kernel shares: its dims, the extents of its tensors, its counts of pairs, and what devices suit it.
import type { BindingSpec, Capabilities, Dims } from '../plan/kernel.ts';
import { isSoftwareLike } from '../plan/software-like.ts';
import { firstVisible, visiblePairs } from './attention-mask.ts';

/**
 * Dims of one attention: sizes, where the heads lie in a row of qkv, how probabilities are dropped, how many keys a query
 * sees (its own included; `time` is all earlier ones), and the soft cap of scores, 0 without.
 */
export const attentionDims = [
  'batch',
  'time',
  'heads',
  'keyValueHeads',
  'keySize',
  'valueSize',
  'rowStride',
  'qOffset',
  'kOffset',
  'vOffset',
  'scale',
  'dropout',
  'operation',
  'window',
  'softcap',
] as const;

/** Values of `attentionDims`. */
export type AttentionDims = Dims<(typeof attentionDims)[number]>;

/** Sizes of an attention without its packing and dropout. */
export interface AttentionSizes {
  /** B, sequences. */
  readonly batch: number;
  /** T, tokens of each. */
  readonly time: number;
  /** H, query heads. */
  readonly heads: number;
  /** G, a divisor of H: as many query heads share each. */
  readonly keyValueHeads: number;
  /** Channels of a head of queries and keys. */
  readonly keySize: number;
  /** D, channels of a head of values. */
  readonly valueSize: number;
}

/** What attention may do to scores besides scaling. */
export interface ScoreOptions {
  /** Tokens that a query sees, its own included; all earlier ones unless given. */
  readonly window?: number | undefined;
  /** Scores become softcap · tanh(score ÷ softcap); 0, the default, leaves them. */
  readonly softcap?: number | undefined;
}

/** Dims of query heads | key heads | value heads packed in each row of qkv. */
export function packedDims(
  sizes: AttentionSizes,
  scale: number,
  dropout: number,
  operation: number,
  { window = sizes.time, softcap = 0 }: ScoreOptions = {},
): AttentionDims {
  const { batch, time, heads, keyValueHeads, keySize, valueSize } = sizes;
  // Heads lie packed because one product projects them all: three narrow products would fill a GPU worse than a wide one.
  const kOffset = heads * keySize;
  const vOffset = kOffset + keyValueHeads * keySize;
  const rowStride = vOffset + keyValueHeads * valueSize;
  return {
    batch,
    time,
    heads,
    keyValueHeads,
    keySize,
    valueSize,
    rowStride,
    qOffset: 0,
    kOffset,
    vOffset,
    scale,
    dropout,
    operation,
    // A window that hides nothing is no other pipeline.
    window: Math.min(window, time),
    softcap,
  };
}

/** Small shapes that cover grouped heads, unequal head sizes, ragged tiles, dropout, windows and caps. */
export const attentionSelfTest: readonly AttentionDims[] = [
  packedDims({ batch: 2, time: 37, heads: 4, keyValueHeads: 2, keySize: 8, valueSize: 10 }, 0.35, 0, 0, {
    window: 9,
    softcap: 2,
  }),
  packedDims({ batch: 1, time: 70, heads: 2, keyValueHeads: 1, keySize: 32, valueSize: 32 }, 0.18, 0.2, 3),
];

/** Typical of tiny models: nanoGPT's CPU configuration, a short and a long context of 64-wide heads. */
export const attentionCalibration: readonly AttentionDims[] = [
  packedDims({ batch: 12, time: 64, heads: 4, keyValueHeads: 4, keySize: 32, valueSize: 32 }, 0.177, 0, 0),
  packedDims({ batch: 8, time: 128, heads: 6, keyValueHeads: 6, keySize: 64, valueSize: 64 }, 0.125, 0, 0),
  packedDims({ batch: 2, time: 512, heads: 6, keyValueHeads: 6, keySize: 64, valueSize: 64 }, 0.125, 0, 0),
];

/** Extents of the tensors of attention, forward and backward, by binding name. */
export function attentionTensors({ batch, time, heads, valueSize, rowStride }: AttentionDims) {
  const qkv = { shape: [batch * time, rowStride] };
  const y = { shape: [batch * time, heads * valueSize] };
  const rows: BindingSpec = { shape: [batch, heads, time] };
  // Scores of standard normal rows have log-sum-exps of about log(time): probabilities then stay near [0, 1].
  const logSumExp: BindingSpec = { ...rows, fill: (uniform) => Math.log(time) + uniform };
  return { qkv, y, dy: y, logSumExp, delta: rows, dqkv: qkv };
}

/** (query, key) pairs attended to over all samples and heads. */
export function attendedPairs({ batch, time, heads, window }: AttentionDims): number {
  return batch * heads * visiblePairs(time, window);
}

/** Pairs that tiles of `rows` rows compute when each looks at whole chunks of the other side, some of them visible. */
export function launchedPairs(
  { batch, time, heads, window }: AttentionDims,
  rows: number,
  chunk: number,
): number {
  let pairs = 0;
  for (let first = 0; first < time; first += rows) {
    const skipped = Math.floor(firstVisible(first, window) / chunk);
    // Chunks before the first visible key and behind the diagonal are skipped whole.
    pairs += rows * (Math.ceil(Math.min(time, first + rows) / chunk) - skipped) * chunk;
  }
  return batch * heads * pairs;
}

/** True where subgroups have exactly `lanes` lanes, as on software adapters, and head dimensions come in pairs. */
export function suitsStrips(lanes: number, dims: AttentionDims, device: Capabilities): boolean {
  const { keySize, valueSize, rowStride, qOffset, kOffset, vOffset } = dims;
  const isEven = [keySize, valueSize, rowStride, qOffset, kOffset, vOffset].every((n) => n % 2 === 0);
  // The tile is cut by the number of lanes, so that it must be known when the shader is compiled.
  const hasLanes = device.subgroupMinSize === lanes && device.subgroupMaxSize === lanes;
  return isEven && keySize <= 256 && valueSize <= 256 && hasLanes;
}

/** A tile of attention-tiles.wgsl: its own rows, and how many slabs of 32 dimensions of them stay in workgroup memory. */
export interface AttentionTile {
  readonly ownTile: 32 | 64;
  readonly keptSlabs: number;
}

/** Bytes of workgroup memory of a tile: own rows, a slab of others, weights, and a vector an invocation for rows' sums. */
export function attentionTileBytes({ ownTile, keptSlabs }: AttentionTile): number {
  const ownQuads = ownTile / 4;
  const own = keptSlabs > 0 ? keptSlabs * 32 * ownQuads : 32 * (ownQuads + 1);
  return 16 * (own + 32 * 9 + 32 * (ownQuads + 1) + 2 * ownTile);
}

/** True where tiles in workgroup memory fit and pay: not on software adapters, where that memory is as dear as any. */
export function suitsTiles(
  tile: AttentionTile,
  { keySize, valueSize }: AttentionDims,
  device: Capabilities,
): boolean {
  return (
    attentionTileBytes(tile) <= device.maxWorkgroupStorageBytes &&
    2 * tile.ownTile <= device.maxInvocationsPerWorkgroup &&
    // 128 is four parts of 32 columns, as many as the shader has names for.
    keySize <= 128 &&
    valueSize <= 128 &&
    !isSoftwareLike(device)
  );
}
