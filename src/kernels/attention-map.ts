// The probabilities of one attention head for one short sequence: to look at, never part of a training plan.
import source from '../../shaders/attention-map.wgsl?raw';
import { type Dims, type Dispatch, defineKernel, type NumberArray } from '../plan/kernel.ts';
import type { Tape } from '../plan/tape.ts';
import type { Tensor } from '../plan/tensor.ts';
import { capFlops, cappedScore, capSource } from './attention-cap.ts';
import { firstVisible, visiblePairs } from './attention-mask.ts';
import { prologue } from './prologue.ts';
import { sumsSource } from './workgroup-sums.ts';

/** Longest text whose T × T matrix is computed: more cannot be looked at. Tokens. */
export const longestMap = 256;

const mapDims = [
  ...['time', 'keySize', 'rowStride', 'qOffset', 'kOffset', 'scale'],
  ...['window', 'softcap', 'hasSinks', 'head'],
] as const;
type MapDims = Dims<(typeof mapDims)[number]>;

/** Full attention without cap and sink. */
const unmasked = ({ time }: { readonly time: number }) => ({
  window: time,
  softcap: 0,
  hasSinks: 0,
  head: 0,
});

/**
 * probabilities[i][j] = softmax_j(cap(scale · q[i]·k[j])) over the keys i − window < j ≤ i, with the sink of `head` if it
 * has one; 0 for other j. qkv: [time, rowStride].
 */
export const attentionMapForward = defineKernel({
  name: 'attentionMap',
  role: 'other',
  source: prologue + capSource + sumsSource + source,
  entryPoint: 'forward',
  dims: mapDims,
  reads: ['qkv', 'sinks'],
  writes: ['probabilities'],
  optional: ['sinks'],
  tensors: ({ time, rowStride, head }) => ({
    qkv: { shape: [time, rowStride] },
    sinks: { shape: [head + 1] },
    probabilities: { shape: [time, time] },
  }),
  // Shorter than the workgroup and more than twice as long, with everything that scores may go through.
  selfTest: [
    { time: 37, keySize: 8, rowStride: 56, qOffset: 8, kOffset: 32, scale: 0.35, ...unmasked({ time: 37 }) },
    {
      time: 130,
      keySize: 16,
      rowStride: 48,
      qOffset: 0,
      kOffset: 16,
      scale: 0.25,
      window: 70,
      softcap: 2,
      hasSinks: 1,
      head: 3,
    },
  ],
  calibration: [16, 64, longestMap].map((time) => ({
    time,
    keySize: 32,
    rowStride: 384,
    qOffset: 0,
    kOffset: 128,
    scale: 0.177,
    ...unmasked({ time }),
  })),
  // a workgroup a query
  workgroups: ({ time }) => time,
  // Per attended pair: the product q·k, then scale, cap, maximum, subtract, exp, sum, divide; a sink's first four.
  usefulFlops: ({ time, keySize, window, softcap, hasSinks }) =>
    visiblePairs(time, window) * (2 * keySize + 6 + capFlops({ softcap })) + 4 * time * hasSinks,
  // queries and keys of one head are read, the matrix is written
  bytes: ({ time, keySize }) => 4 * time * (2 * keySize + time),
  reference: mapReference,
});

function mapReference(
  { qkv, sinks, probabilities }: Readonly<Record<'qkv' | 'sinks' | 'probabilities', NumberArray>>,
  dims: MapDims,
): void {
  const { time, keySize, rowStride, qOffset, kOffset, scale, window, softcap, hasSinks, head } = dims;
  // exp(−∞) is 0: without a sink its terms below vanish by themselves.
  const sink = hasSinks === 1 ? sinks[head] : Number.NEGATIVE_INFINITY;
  const scores = new Float64Array(time);
  for (let query = 0; query < time; query++) {
    const firstKey = firstVisible(query, window);
    let largest = sink;
    for (let key = firstKey; key <= query; key++) {
      let dot = 0;
      for (let d = 0; d < keySize; d++) {
        dot += qkv[query * rowStride + qOffset + d] * qkv[key * rowStride + kOffset + d];
      }
      scores[key] = cappedScore(dot * scale, softcap);
      largest = Math.max(largest, scores[key]);
    }
    let sum = Math.exp(sink - largest);
    for (let key = firstKey; key <= query; key++) sum += Math.exp(scores[key] - largest);
    for (let key = 0; key < time; key++) {
      const isSeen = firstKey <= key && key <= query;
      probabilities[query * time + key] = isSeen ? Math.exp(scores[key] - largest) / sum : 0;
    }
  }
}

/**
 * Records the probabilities of one head of an attention that the tape has recorded already, from the same qkv.
 * @param attention a dispatch of the family attention.forward over one sequence
 * @returns [time, time], queries by keys; rows sum to 1, or to less by what a sink takes
 * @throws if it is longer than `longestMap`, of several sequences, or has no such head.
 */
export function attentionMap(tape: Tape, attention: Dispatch, head: number): Tensor {
  const { dims, bindings } = attention;
  const { batch, time = 0, heads = 0, keyValueHeads = 1, keySize = 1, rowStride = 1, scale = 1 } = dims;
  const { window = time, softcap = 0 } = dims;
  const { qkv, sinks } = bindings;
  if (!qkv || batch !== 1 || time > longestMap) {
    throw new Error(
      `attentionMap: ${batch} sequences of ${time} tokens. Pass the attention of one, at most ${longestMap} tokens.`,
    );
  }
  if (!Number.isInteger(head) || head < 0 || head >= heads) {
    throw new Error(`attentionMap: there is no head ${head} of ${heads}. Count from 0.`);
  }
  // Offsets go straight to the head: the kernel knows of no others, and one pipeline serves all heads.
  const probabilities = tape.tensor('attention map', [time, time]);
  const keyValueHead = Math.floor((head * keyValueHeads) / heads);
  const places = {
    qOffset: (dims.qOffset ?? 0) + head * keySize,
    kOffset: (dims.kOffset ?? 0) + keyValueHead * keySize,
  };
  tape.dispatch(
    attentionMapForward,
    {
      time,
      keySize,
      rowStride,
      ...places,
      scale,
      window,
      softcap,
      hasSinks: sinks ? 1 : 0,
      head: sinks ? head : 0,
    },
    { qkv, ...(sinks ? { sinks } : {}), probabilities },
  );
  return probabilities;
}
