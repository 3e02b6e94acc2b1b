// Gradients of flash attention: rows of dy·y, then dq per query tile and dk, dv per key tile, into one packed dqkv.
import deltaSource from '../../shaders/attention-backward-delta.wgsl?raw';
import keysSource from '../../shaders/attention-backward-keys-subgroup.wgsl?raw';
import plainSource from '../../shaders/attention-backward-plain.wgsl?raw';
import queriesSource from '../../shaders/attention-backward-queries-subgroup.wgsl?raw';
import gradientStripsSource from '../../shaders/attention-backward-strips.wgsl?raw';
import tiledSource from '../../shaders/attention-backward-tiled.wgsl?raw';
import stripsSource from '../../shaders/attention-strips.wgsl?raw';
import tilesSource from '../../shaders/attention-tiles.wgsl?raw';
import blockSource from '../../shaders/matmul-block.wgsl?raw';
import {
  type Capabilities,
  type Dims,
  defineKernel,
  type NumberArray,
  type Scalars,
} from '../plan/kernel.ts';
import type { Tape } from '../plan/tape.ts';
import type { Tensor } from '../plan/tensor.ts';
import { capFlops, cappedScore } from './attention-cap.ts';
import { attentionPrologue, firstVisible, keepFactor } from './attention-mask.ts';
import {
  type AttentionDims,
  attendedPairs,
  attentionCalibration,
  attentionDims,
  attentionSelfTest,
  attentionTensors,
  launchedPairs,
  suitsStrips,
  suitsTiles,
} from './attention-shape.ts';
import { prologue } from './prologue.ts';

const gradientDims = [...attentionDims, 'accumulate'] as const;
type GradientDims = Dims<(typeof gradientDims)[number]>;

const selfTest = attentionSelfTest.map((dims, accumulate) => ({ ...dims, accumulate }));
const calibration = attentionCalibration.map((dims) => ({ ...dims, accumulate: 0 }));

/** delta[b, h, t] = Σ_d y[b, t, h, d] · dy[b, t, h, d]: what softmax's gradient subtracts. y, dy: [B·T, H·Dv]. */
export const attentionDelta = defineKernel({
  name: 'attention.delta',
  role: 'attention',
  arithmetic: 'softmax arithmetic',
  source: prologue + deltaSource,
  entryPoint: 'main',
  dims: ['batch', 'time', 'heads', 'valueSize'],
  constants: ({ valueSize }) => ({ valueSize }),
  reads: ['y', 'dy'],
  writes: ['delta'],
  tensors: ({ batch, time, heads, valueSize }) => ({
    y: { shape: [batch * time, heads * valueSize] },
    dy: { shape: [batch * time, heads * valueSize] },
    delta: { shape: [batch, heads, time] },
  }),
  selfTest: [{ batch: 2, time: 37, heads: 3, valueSize: 10 }],
  calibration: [
    { batch: 12, time: 64, heads: 4, valueSize: 32 },
    { batch: 8, time: 128, heads: 6, valueSize: 64 },
    { batch: 16, time: 256, heads: 6, valueSize: 64 },
  ],
  workgroups: ({ batch, time, heads }) => Math.ceil((batch * time * heads) / 64),
  usefulFlops: ({ batch, time, heads, valueSize }) => 2 * batch * time * heads * valueSize,
  bytes: ({ batch, time, heads, valueSize }) => 4 * batch * time * heads * (2 * valueSize + 1),
  reference({ y, dy, delta }, { batch, time, heads, valueSize }) {
    for (let row = 0; row < batch * time; row++) {
      for (let head = 0; head < heads; head++) {
        const base = (row * heads + head) * valueSize;
        let sum = 0;
        for (let d = 0; d < valueSize; d++) sum += y[base + d] * dy[base + d];
        delta[(Math.floor(row / time) * heads + head) * time + (row % time)] = sum;
      }
    }
  },
});

const gradientReads = ['qkv', 'dy', 'logSumExp', 'delta'] as const;

/** What all gradient kernels have in common. */
const gradientFamily = {
  dims: gradientDims,
  reads: gradientReads,
  writes: ['dqkv'],
  selfTest,
  calibration,
  tensors: (dims: GradientDims) => {
    const { qkv, dy, logSumExp, delta, dqkv } = attentionTensors(dims);
    return { qkv, dy, logSumExp, delta, dqkv };
  },
} as const;

const queryFamily = {
  ...gradientFamily,
  role: 'attention',
  arithmetic: 'softmax arithmetic',
  entryPoint: 'queries',
  // Per pair dp = dy·v and dq += ds k, and ds = p (dp − delta) scale, times the cap's slope. The recomputed scores are
  // launched, not useful.
  usefulFlops: queryFlops,
  countedFlops: gradientProducts,
  repeatedFlops: (dims: GradientDims) => attendedPairs(dims) * queryLaunch(dims) - queryFlops(dims),
  bytes: (dims: GradientDims) => {
    const { batch, time, heads, keySize, valueSize, rowStride, accumulate } = dims;
    const touched = rowStride + heads * valueSize + 2 * heads + heads * keySize * (1 + accumulate);
    return 4 * batch * time * touched;
  },
  reference: queryReference,
} as const;

const keyFamily = {
  ...gradientFamily,
  role: 'attention',
  arithmetic: 'softmax arithmetic',
  entryPoint: 'keysAndValues',
  // Per pair dv += p dy and dk += ds q; scores, dp and ds are those of the other kernel, launched again.
  usefulFlops: gradientProducts,
  countedFlops: gradientProducts,
  repeatedFlops: (dims: GradientDims) => attendedPairs(dims) * keyLaunch(dims) - gradientProducts(dims),
  bytes: (dims: GradientDims) => {
    const { batch, time, heads, keyValueHeads, keySize, valueSize, rowStride, accumulate } = dims;
    const written = keyValueHeads * (keySize + valueSize) * (1 + accumulate);
    return 4 * batch * time * (rowStride + heads * valueSize + 2 * heads + written);
  },
  reference: keyReference,
} as const;

function queryFlops(dims: GradientDims): number {
  return gradientProducts(dims) + attendedPairs(dims) * (3 + capFlops(dims));
}

/** Two products a pair in either kernel. */
function gradientProducts(dims: GradientDims): number {
  return attendedPairs(dims) * (2 * dims.valueSize + 2 * dims.keySize);
}

/** Operations per launched pair of dq: scores, dp, dq, and 7 for p and ds; the cap and its slope. */
function queryLaunch({ keySize, valueSize, softcap }: GradientDims): number {
  return 4 * keySize + 2 * valueSize + 7 + 2 * capFlops({ softcap });
}

/** Operations per launched pair of dk and dv: scores, dp, dv, dk, and 7 for p and ds; the cap and its slope. */
function keyLaunch({ keySize, valueSize, softcap }: GradientDims): number {
  return 4 * keySize + 4 * valueSize + 7 + 2 * capFlops({ softcap });
}

const plain = {
  source: attentionPrologue + plainSource,
  constants: ({ keySize, valueSize }: GradientDims) => ({ keySize, valueSize }),
  suits: ({ keySize, valueSize }: GradientDims) => keySize <= 256 && valueSize <= 256,
};

/** The query part of dqkv, one invocation per query row. */
export const attentionQueries = defineKernel({
  ...queryFamily,
  ...plain,
  name: 'attention.queries/plain',
  workgroups: ({ batch, heads, time }) => batch * heads * Math.ceil(time / 64),
  launchedFlops: (dims) => launchedPairs(dims, 1, 1) * queryLaunch(dims),
});

/** The key and value parts of dqkv, one invocation per key row. */
export const attentionKeys = defineKernel({
  ...keyFamily,
  ...plain,
  name: 'attention.keysAndValues/plain',
  workgroups: ({ batch, keyValueHeads, time }) => batch * keyValueHeads * Math.ceil(time / 64),
  launchedFlops: (dims) => launchedPairs(dims, 1, 1) * keyLaunch(dims),
});

/** Four rows per lane in the registers of a subgroup of `lanes`. */
function subgroup(lanes: 4 | 8, source: string) {
  return {
    source: attentionPrologue + stripsSource + gradientStripsSource + source,
    requires: ['subgroups'],
    constants: ({ keySize, valueSize }: GradientDims) => ({ keySize, valueSize, lanes }),
    suits: (dims: GradientDims, device: Capabilities) => suitsStrips(lanes, dims, device),
  } as const;
}

function subgroupQueries(lanes: 4 | 8): typeof attentionQueries {
  return defineKernel({
    ...queryFamily,
    ...subgroup(lanes, queriesSource),
    name: `attention.queries/subgroup${lanes}`,
    workgroups: ({ batch, heads, time }) => batch * heads * Math.ceil(time / (4 * lanes)),
    launchedFlops: (dims) => launchedPairs(dims, 4 * lanes, 4 * lanes) * queryLaunch(dims),
  });
}

function subgroupKeys(lanes: 4 | 8): typeof attentionKeys {
  return defineKernel({
    ...keyFamily,
    ...subgroup(lanes, keysSource),
    name: `attention.keysAndValues/subgroup${lanes}`,
    workgroups: ({ batch, keyValueHeads, time }) => batch * keyValueHeads * Math.ceil(time / (4 * lanes)),
    launchedFlops: (dims) => launchedPairs(dims, 4 * lanes, 4 * lanes) * keyLaunch(dims),
  });
}

/** Tiles of 32 × 32 rows in workgroup memory. */
const tiled = {
  source: attentionPrologue + blockSource + tilesSource + tiledSource,
  constants: ({ keySize, valueSize }: GradientDims) => ({ keySize, valueSize }),
  suits: suitsTiles,
};

const tiledQueries: typeof attentionQueries = defineKernel({
  ...queryFamily,
  ...tiled,
  name: 'attention.queries/tiled',
  workgroups: ({ batch, heads, time }) => batch * heads * Math.ceil(time / 32),
  launchedFlops: (dims) => launchedPairs(dims, 32, 32) * queryLaunch(dims),
});

const tiledKeys: typeof attentionKeys = defineKernel({
  ...keyFamily,
  ...tiled,
  name: 'attention.keysAndValues/tiled',
  workgroups: ({ batch, keyValueHeads, time }) => batch * keyValueHeads * Math.ceil(time / 32),
  launchedFlops: (dims) => launchedPairs(dims, 32, 32) * keyLaunch(dims),
});

/** Variants of dq, the one to prefer first. */
export const attentionQueryGradients: readonly (typeof attentionQueries)[] = [
  subgroupQueries(8),
  subgroupQueries(4),
  tiledQueries,
  attentionQueries,
];

/** Variants of dk and dv, the one to prefer first. */
export const attentionKeyGradients: readonly (typeof attentionKeys)[] = [
  subgroupKeys(8),
  subgroupKeys(4),
  tiledKeys,
  attentionKeys,
];

/** Records delta [batch, heads, time] of one attention. */
export function recordAttentionDelta(
  tape: Tape,
  { batch, time, heads, valueSize }: AttentionDims,
  { y, dy }: Readonly<Record<'y' | 'dy', Tensor>>,
): Tensor {
  const delta = tape.tensor('delta', [batch, heads, time]);
  tape.dispatch(attentionDelta, { batch, time, heads, valueSize }, { y, dy, delta });
  return delta;
}

/** Records dq, dk and dv of one attention: the whole gradient of qkv. */
export function recordAttentionGradients(
  tape: Tape,
  dims: AttentionDims,
  { qkv, dy, logSumExp, delta }: Readonly<Record<'qkv' | 'dy' | 'logSumExp' | 'delta', Tensor>>,
): void {
  const { gradient: dqkv, accumulate } = tape.gradientTarget(qkv);
  const gradient = { ...dims, accumulate };
  const bindings = { qkv, dy, logSumExp, delta, dqkv };
  for (const variants of [attentionQueryGradients, attentionKeyGradients]) {
    tape.dispatch(tape.choose(variants, gradient), gradient, bindings);
  }
}

type GradientArrays = Readonly<Record<'qkv' | 'dy' | 'logSumExp' | 'delta' | 'dqkv', NumberArray>>;

function queryReference(arrays: GradientArrays, dims: GradientDims, scalars: Scalars): void {
  const { qkv, dqkv } = arrays;
  const { keySize, accumulate } = dims;
  const sum = new Float64Array(keySize);
  for (let sample = 0; sample < dims.batch; sample++) {
    for (let head = 0; head < dims.heads; head++) {
      for (let query = 0; query < dims.time; query++) {
        sum.fill(0);
        const at = pairPlaces(dims, sample, head);
        for (let key = firstVisible(query, dims.window); key <= query; key++) {
          const { ds } = pairGradient(arrays, dims, scalars, sample, head, query, key);
          const k = at.k(key);
          for (let d = 0; d < keySize; d++) sum[d] += ds * qkv[k + d];
        }
        const q = at.q(query);
        for (let d = 0; d < keySize; d++) dqkv[q + d] = sum[d] + (accumulate === 1 ? dqkv[q + d] : 0);
      }
    }
  }
}

function keyReference(arrays: GradientArrays, dims: GradientDims, scalars: Scalars): void {
  const { qkv, dy, dqkv } = arrays;
  const { heads, keyValueHeads, keySize, valueSize, accumulate } = dims;
  const groupHeads = heads / keyValueHeads;
  const [dk, dv] = [new Float64Array(keySize), new Float64Array(valueSize)];
  for (let sample = 0; sample < dims.batch; sample++) {
    for (let keyValueHead = 0; keyValueHead < keyValueHeads; keyValueHead++) {
      for (let key = 0; key < dims.time; key++) {
        dk.fill(0);
        dv.fill(0);
        for (let head = keyValueHead * groupHeads; head < (keyValueHead + 1) * groupHeads; head++) {
          const at = pairPlaces(dims, sample, head);
          for (let query = key; query < Math.min(dims.time, key + dims.window); query++) {
            const { p, ds } = pairGradient(arrays, dims, scalars, sample, head, query, key);
            const [q, out] = [at.q(query), at.y(query)];
            for (let d = 0; d < keySize; d++) dk[d] += ds * qkv[q + d];
            for (let d = 0; d < valueSize; d++) dv[d] += p * dy[out + d];
          }
        }
        const at = pairPlaces(dims, sample, keyValueHead * groupHeads);
        const [k, v] = [at.k(key), at.v(key)];
        for (let d = 0; d < keySize; d++) dqkv[k + d] = dk[d] + (accumulate === 1 ? dqkv[k + d] : 0);
        for (let d = 0; d < valueSize; d++) dqkv[v + d] = dv[d] + (accumulate === 1 ? dqkv[v + d] : 0);
      }
    }
  }
}

/** Where the rows of one sample and head start: in qkv, and in y and dy. */
function pairPlaces(dims: AttentionDims, sample: number, head: number) {
  const { time, heads, keyValueHeads, keySize, valueSize, rowStride } = dims;
  const keyValueHead = Math.floor((head * keyValueHeads) / heads);
  const row = (index: number) => (sample * time + index) * rowStride;
  return {
    q: (query: number) => row(query) + dims.qOffset + head * keySize,
    k: (key: number) => row(key) + dims.kOffset + keyValueHead * keySize,
    v: (key: number) => row(key) + dims.vOffset + keyValueHead * valueSize,
    y: (query: number) => ((sample * time + query) * heads + head) * valueSize,
  };
}

/** The dropped-out probability of one pair, and the gradient of its unscaled score times scale. */
function pairGradient(
  { qkv, dy, logSumExp, delta }: GradientArrays,
  dims: GradientDims,
  scalars: Scalars,
  sample: number,
  head: number,
  query: number,
  key: number,
): { p: number; ds: number } {
  const { keySize, valueSize, time, heads, scale, softcap } = dims;
  const at = pairPlaces(dims, sample, head);
  const [q, k, v, out] = [at.q(query), at.k(key), at.v(key), at.y(query)];
  const row = (sample * heads + head) * time + query;
  let score = 0;
  for (let d = 0; d < keySize; d++) score += qkv[q + d] * qkv[k + d];
  let dp = 0;
  for (let d = 0; d < valueSize; d++) dp += dy[out + d] * qkv[v + d];
  const keep = keepFactor(dims, scalars, sample, head, query, key);
  const capped = cappedScore(score * scale, softcap);
  const slope = softcap === 0 ? 1 : 1 - (capped / softcap) ** 2;
  const p = Math.exp(capped - logSumExp[row]);
  return { p: p * keep, ds: p * (dp * keep - delta[row]) * slope * scale };
}
