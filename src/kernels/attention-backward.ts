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
import { type Capabilities, type Dims, defineKernel } from '../plan/kernel.ts';
import type { Tape } from '../plan/tape.ts';
import type { Tensor } from '../plan/tensor.ts';
import { keyReference, queryReference } from './attention-backward-reference.ts';
import { capFlops } from './attention-cap.ts';
import { attentionPrologue } from './attention-mask.ts';
import {
  type AttentionDims,
  type AttentionTile,
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

// One shape writes, the other adds to what is there.
const selfTest = attentionSelfTest.map((dims, accumulate) => ({ ...dims, accumulate }));
const calibration = attentionCalibration.map((dims) => ({ ...dims, accumulate: 0 }));

/**
 * delta[b, h, t] = Σ_d y[b, t, h, d] · dy[b, t, h, d]: what softmax's gradient subtracts. y, dy: [B·T, H·Dv].
 * Probabilities are not kept from the forward pass: T × T floats a head would be the largest tensor of a step. They are
 * computed again from scores and each row's logSumExp, which costs one product more and no memory (Dao et al. 2022). dq
 * sums over the keys of a query, dk and dv over the queries of a key. One kernel for both would have to add atomically,
 * in another order each run; two kernels own the rows that they write, so that the same seed gives the same bits, and
 * compute scores and dp twice.
 */
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
  // an invocation a row and head
  workgroups: ({ batch, time, heads }) => Math.ceil((batch * time * heads) / 64),
  usefulFlops: ({ batch, time, heads, valueSize }) => 2 * batch * time * heads * valueSize,
  // y and dy are read, a number a row is written
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

/** qkv [B·T, rowStride], dy [B·T, H·Dv], logSumExp and delta [B, H, T]. */
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
    // qkv, dy, logSumExp and delta are read once, as if all rereading of keys were served by caches; dq is written.
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
    // As above; dk and dv are as narrow as the key and value heads, which several query heads may share.
    const written = keyValueHeads * (keySize + valueSize) * (1 + accumulate);
    return 4 * batch * time * (rowStride + heads * valueSize + 2 * heads + written);
  },
  reference: keyReference,
} as const;

/** dq counts the step from dp to ds (subtract, multiply, scale); dk and dv reuse it in the mathematics, if not in fact. */
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
  // A whole row of a head stands in an invocation's private memory; more of it would spill.
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
    // Rows are kept in registers, four a lane: pairs of dimensions of them are one vec2.
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

/** Both of its own matrices would have to be kept, for which few devices have memory. */
const restaged: AttentionTile = { ownTile: 32, keptSlabs: 0 };

/** Tiles of 32 × 32 rows in workgroup memory. */
const tiled = {
  source: attentionPrologue + blockSource + tilesSource + tiledSource,
  constants: ({ keySize, valueSize }: GradientDims) => ({ keySize, valueSize, ...restaged }),
  suits: (dims: GradientDims, device: Capabilities) => suitsTiles(restaged, dims, device),
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

/**
 * Variants of dq, the one to prefer first.
 * The plain ones are last: they run on every device, and show the method without its tiles.
 */
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
  // Both kernels write into one packed gradient, each its own columns: the projection behind it then has one product.
  const { gradient: dqkv, accumulate } = tape.gradientTarget(qkv);
  const gradient = { ...dims, accumulate };
  // Two dispatches over the same tensors, which write different columns of dqkv: no order between them is
  // needed, and WebGPU keeps one.
  const bindings = { qkv, dy, logSumExp, delta, dqkv };
  for (const variants of [attentionQueryGradients, attentionKeyGradients]) {
    tape.dispatch(tape.choose(variants, gradient), gradient, bindings);
  }
}
