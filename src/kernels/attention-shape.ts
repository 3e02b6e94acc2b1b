// What every attention kernel shares: its dims, the extents of its tensors, its dropout mask and its counts of pairs.
import type { BindingSpec, Capabilities, Dims } from '../plan/kernel.ts';
import { randomUniform } from './prologue.ts';

/** Dims of one attention: sizes, where the heads lie in a row of qkv, and how probabilities are dropped. */
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
] as const;

/** Values of `attentionDims`. */
export type AttentionDims = Dims<(typeof attentionDims)[number]>;

/** Sizes of an attention without its packing and dropout. */
export interface AttentionSizes {
  readonly batch: number;
  readonly time: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly keySize: number;
  readonly valueSize: number;
}

/** Dims of query heads | key heads | value heads packed in each row of qkv. */
export function packedDims(
  sizes: AttentionSizes,
  scale: number,
  dropout: number,
  operation: number,
): AttentionDims {
  const { batch, time, heads, keyValueHeads, keySize, valueSize } = sizes;
  const kOffset = heads * keySize;
  const vOffset = kOffset + keyValueHeads * keySize;
  const rowStride = vOffset + keyValueHeads * valueSize;
  return {
    ...{ batch, time, heads, keyValueHeads, keySize, valueSize, rowStride },
    ...{ qOffset: 0, kOffset, vOffset, scale, dropout, operation },
  };
}

/** Small shapes that cover grouped heads, unequal head sizes, ragged tiles and dropout. */
export const attentionSelfTest: readonly AttentionDims[] = [
  packedDims({ batch: 2, time: 37, heads: 4, keyValueHeads: 2, keySize: 8, valueSize: 10 }, 0.35, 0, 0),
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

/** (query, key) pairs attended to over all samples and heads: the causal half, its diagonal included. */
export function attendedPairs({ batch, time, heads }: AttentionDims): number {
  return (batch * heads * time * (time + 1)) / 2;
}

/** Pairs that tiles of `rows` rows compute when each looks at whole chunks of the other side up to the diagonal. */
export function launchedPairs({ batch, time, heads }: AttentionDims, rows: number, chunk: number): number {
  let pairs = 0;
  for (let first = 0; first < time; first += rows) {
    pairs += rows * Math.ceil(Math.min(time, first + rows) / chunk) * chunk;
  }
  return batch * heads * pairs;
}

/** Twin of WGSL's keepFactor: 0 for a dropped probability, 1 / (1 − dropout) for a kept one. */
export function keepFactor(
  dims: AttentionDims,
  scalars: Readonly<Record<string, number>>,
  sample: number,
  head: number,
  query: number,
  key: number,
): number {
  const { time, dropout, operation } = dims;
  if (dropout === 0) return 1;
  const element = Math.imul(head * time + query, time) + key;
  const { dropoutSeed = 0, step = 0, sampleOffset = 0 } = scalars;
  const uniform = randomUniform(dropoutSeed, step, sampleOffset + sample, operation, element);
  return uniform >= Math.fround(dropout) ? 1 / (1 - dropout) : 0;
}

/** True where subgroups have exactly `lanes` lanes, as on software adapters, and head dimensions come in pairs. */
export function suitsStrips(lanes: number, dims: AttentionDims, device: Capabilities): boolean {
  const { keySize, valueSize, rowStride, qOffset, kOffset, vOffset } = dims;
  const isEven = [keySize, valueSize, rowStride, qOffset, kOffset, vOffset].every((n) => n % 2 === 0);
  const hasLanes = device.subgroupMinSize === lanes && device.subgroupMaxSize === lanes;
  return isEven && keySize <= 256 && valueSize <= 256 && hasLanes;
}

/** True where tiles in workgroup memory fit and pay: not on software adapters, where that memory is as dear as any. */
export function suitsTiles({ keySize, valueSize }: AttentionDims, device: Capabilities): boolean {
  const isSoftware = device.features.has('subgroups') && device.subgroupMaxSize <= 8;
  return keySize <= 128 && valueSize <= 128 && !isSoftware;
}
