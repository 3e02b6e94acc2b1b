// Flash-style causal attention: grouped query heads, separate key and value sizes, dropout inside, memory linear in time.
import plainSource from '../../shaders/attention-plain.wgsl?raw';
import stripsSource from '../../shaders/attention-strips.wgsl?raw';
import subgroupSource from '../../shaders/attention-subgroup.wgsl?raw';
import tiledSource from '../../shaders/attention-tiled.wgsl?raw';
import { defineKernel, type NumberArray, type Scalars } from '../plan/kernel.ts';
import type { Tape } from '../plan/tape.ts';
import { describeTensor, type Tensor } from '../plan/tensor.ts';
import { recordAttentionGradients } from './attention-backward.ts';
import {
  type AttentionDims,
  type AttentionSizes,
  attendedPairs,
  attentionCalibration,
  attentionDims,
  attentionSelfTest,
  attentionTensors,
  keepFactor,
  launchedPairs,
  packedDims,
  suitsStrips,
  suitsTiles,
} from './attention-shape.ts';
import { prologue } from './prologue.ts';

/** What the variants of the forward pass have in common. */
const forwardFamily = {
  family: 'attention.forward',
  entryPoint: 'forward',
  dims: attentionDims,
  reads: ['qkv'],
  writes: ['y', 'logSumExp'],
  selfTest: attentionSelfTest,
  calibration: attentionCalibration,
  tensors: (dims: AttentionDims) => {
    const { qkv, y, logSumExp } = attentionTensors(dims);
    return { qkv, y, logSumExp };
  },
  // Per attended pair: the product q·k and the sum p·v, then scale, maximum, subtract, exp, sum.
  usefulFlops: (dims: AttentionDims) => attendedPairs(dims) * forwardFlopsPerPair(dims),
  bytes: ({ batch, time, heads, valueSize, rowStride }: AttentionDims) =>
    4 * batch * time * (rowStride + heads * valueSize + heads),
  reference: forwardReference,
} as const;

/** y and logSumExp of attention, one invocation per query row. */
export const attentionForward = defineKernel({
  ...forwardFamily,
  name: 'attention.forward/plain',
  source: prologue + plainSource,
  constants: ({ keySize, valueSize }) => ({ keySize, valueSize }),
  suits: ({ keySize, valueSize }) => keySize <= 256 && valueSize <= 256,
  workgroups: ({ batch, heads, time }) => batch * heads * Math.ceil(time / 64),
  launchedFlops: (dims) => launchedPairs(dims, 1, 8) * forwardFlopsPerPair(dims),
});

/** y and logSumExp of attention, four query rows per lane of a subgroup of `lanes`. */
function subgroupForward(lanes: 4 | 8): typeof attentionForward {
  return defineKernel({
    ...forwardFamily,
    name: `attention.forward/subgroup${lanes}`,
    source: prologue + stripsSource + subgroupSource,
    requires: ['subgroups'],
    constants: ({ keySize, valueSize }) => ({ keySize, valueSize, lanes }),
    suits: (dims, device) => suitsStrips(lanes, dims, device),
    workgroups: ({ batch, heads, time }) => batch * heads * Math.ceil(time / (4 * lanes)),
    launchedFlops: (dims) => launchedPairs(dims, 4 * lanes, 4 * lanes) * forwardFlopsPerPair(dims),
  });
}

/** y and logSumExp of attention, tiles of 32 queries × 32 keys in workgroup memory. */
const tiledForward: typeof attentionForward = defineKernel({
  ...forwardFamily,
  name: 'attention.forward/tiled',
  source: prologue + tiledSource,
  constants: ({ keySize, valueSize }) => ({ keySize, valueSize }),
  suits: suitsTiles,
  workgroups: ({ batch, heads, time }) => batch * heads * Math.ceil(time / 32),
  launchedFlops: (dims) => launchedPairs(dims, 32, 32) * forwardFlopsPerPair(dims),
});

/** Variants of the forward pass, the one to prefer first. */
export const attentionForwards: readonly (typeof attentionForward)[] = [
  subgroupForward(8),
  subgroupForward(4),
  tiledForward,
  attentionForward,
];

function forwardFlopsPerPair({ keySize, valueSize }: AttentionDims): number {
  return 2 * keySize + 2 * valueSize + 5;
}

function forwardReference(
  { qkv, y, logSumExp }: Readonly<Record<'qkv' | 'y' | 'logSumExp', NumberArray>>,
  dims: AttentionDims,
  scalars: Scalars,
): void {
  const { batch, time, heads, keyValueHeads, keySize, valueSize, rowStride, scale } = dims;
  const scores = new Float64Array(time);
  for (let sample = 0; sample < batch; sample++) {
    for (let head = 0; head < heads; head++) {
      const keyValueHead = Math.floor((head * keyValueHeads) / heads);
      const keyColumn = dims.kOffset + keyValueHead * keySize;
      const valueColumn = dims.vOffset + keyValueHead * valueSize;
      for (let query = 0; query < time; query++) {
        const q = (sample * time + query) * rowStride + dims.qOffset + head * keySize;
        let largest = Number.NEGATIVE_INFINITY;
        for (let key = 0; key <= query; key++) {
          const k = (sample * time + key) * rowStride + keyColumn;
          let dot = 0;
          for (let d = 0; d < keySize; d++) dot += qkv[q + d] * qkv[k + d];
          scores[key] = dot * scale;
          largest = Math.max(largest, scores[key]);
        }
        let sum = 0;
        for (let key = 0; key <= query; key++) sum += Math.exp(scores[key] - largest);
        const out = ((sample * time + query) * heads + head) * valueSize;
        for (let d = 0; d < valueSize; d++) y[out + d] = 0;
        for (let key = 0; key <= query; key++) {
          const v = (sample * time + key) * rowStride + valueColumn;
          const keep = keepFactor(dims, scalars, sample, head, query, key);
          const probability = (Math.exp(scores[key] - largest) / sum) * keep;
          for (let d = 0; d < valueSize; d++) y[out + d] += probability * qkv[v + d];
        }
        logSumExp[(sample * heads + head) * time + query] = largest + Math.log(sum);
      }
    }
  }
}

/** Options of an attention. */
export interface AttentionOptions extends AttentionSizes {
  /** Factor of the scores, 1 / √keySize unless given. */
  readonly scale?: number;
  /** Probability of dropping an attention probability, in [0, 1), 0 unless given; pass none outside training. */
  readonly dropout?: number;
}

/**
 * Causal attention. qkv: [batch · time, heads · keySize + keyValueHeads · (keySize + valueSize)], each row packed as query
 * heads | key heads | value heads. Returns [batch · time, heads · valueSize].
 * @throws if qkv has another shape, or query heads do not divide into key/value heads.
 */
export function attention(tape: Tape, qkv: Tensor, options: AttentionOptions): Tensor {
  const { batch, time, heads, keyValueHeads, keySize, valueSize } = options;
  const dropout = options.dropout ?? 0;
  if (heads % keyValueHeads !== 0) {
    throw new Error(
      `attention: ${heads} query heads do not divide into ${keyValueHeads} key/value heads. Pass a divisor.`,
    );
  }
  if (!(dropout >= 0 && dropout < 1)) {
    throw new Error(`attention: dropout is ${dropout}. Pass a probability in [0, 1).`);
  }
  // Only dropout draws numbers: without it, layers of one shape share one pipeline.
  const operation = dropout > 0 ? tape.nextOperation() : 0;
  const dims = packedDims(options, options.scale ?? 1 / Math.sqrt(keySize), dropout, operation);
  const [rows, columns] = qkv.shape;
  if (rows !== batch * time || columns !== dims.rowStride || qkv.shape.length !== 2) {
    throw new Error(
      `attention: qkv must be [${batch * time}, ${dims.rowStride}] for ${heads} and ${keyValueHeads} heads of ` +
        `${keySize} and ${valueSize}, but is ${describeTensor(qkv)}. Check the projection's width.`,
    );
  }
  const y = tape.tensor('attention', [batch * time, heads * valueSize]);
  const logSumExp = tape.tensor('logSumExp', [batch, heads, time]);
  const kernel = tape.choose(attentionForwards, dims);
  tape.dispatch(kernel, dims, { qkv, y, logSumExp });
  tape.onBackward([qkv], y, (dy) => {
    recordAttentionGradients(tape, dims, { qkv, y, dy, logSumExp });
  });
  return y;
}
