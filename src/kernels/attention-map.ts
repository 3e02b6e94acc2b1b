// The probabilities of one attention head for one short sequence: to look at, never part of a training plan.
import source from '../../shaders/attention-map.wgsl?raw';
import { type Dispatch, defineKernel } from '../plan/kernel.ts';
import type { Tape } from '../plan/tape.ts';
import type { Tensor } from '../plan/tensor.ts';
import { prologue } from './prologue.ts';

/** Longest text whose T × T matrix is computed: more cannot be looked at. Tokens. */
export const longestMap = 256;

/** probabilities[i][j] = softmax_{j ≤ i}(scale · q[i]·k[j]), 0 for j > i. qkv: [time, rowStride]. */
export const attentionMapForward = defineKernel({
  name: 'attention-map',
  family: 'attention-map',
  source: prologue + source,
  entryPoint: 'forward',
  dims: ['time', 'keySize', 'rowStride', 'qOffset', 'kOffset', 'scale'],
  reads: ['qkv'],
  writes: ['probabilities'],
  tensors: ({ time, rowStride }) => ({
    qkv: { shape: [time, rowStride] },
    probabilities: { shape: [time, time] },
  }),
  selfTest: [
    { time: 37, keySize: 8, rowStride: 56, qOffset: 8, kOffset: 32, scale: 0.35 },
    { time: 130, keySize: 16, rowStride: 48, qOffset: 0, kOffset: 16, scale: 0.25 },
  ],
  calibration: [16, 64, longestMap].map((time) => ({
    ...{ time, keySize: 32, rowStride: 384, qOffset: 0, kOffset: 128, scale: 0.177 },
  })),
  workgroups: ({ time }) => time,
  // Per attended pair: the product q·k, then scale, maximum, subtract, exp, sum, divide.
  usefulFlops: ({ time, keySize }) => ((time * (time + 1)) / 2) * (2 * keySize + 6),
  bytes: ({ time, keySize }) => 4 * time * (2 * keySize + time),
  reference({ qkv, probabilities }, { time, keySize, rowStride, qOffset, kOffset, scale }) {
    const scores = new Float64Array(time);
    for (let query = 0; query < time; query++) {
      let largest = Number.NEGATIVE_INFINITY;
      for (let key = 0; key <= query; key++) {
        let dot = 0;
        for (let d = 0; d < keySize; d++) {
          dot += qkv[query * rowStride + qOffset + d] * qkv[key * rowStride + kOffset + d];
        }
        scores[key] = dot * scale;
        largest = Math.max(largest, scores[key]);
      }
      let sum = 0;
      for (let key = 0; key <= query; key++) sum += Math.exp(scores[key] - largest);
      for (let key = 0; key < time; key++) {
        probabilities[query * time + key] = key <= query ? Math.exp(scores[key] - largest) / sum : 0;
      }
    }
  },
});

/**
 * Records the probabilities of one head of an attention that the tape has recorded already, from the same qkv.
 * @param attention a dispatch of the family attention.forward over one sequence
 * @returns [time, time], queries by keys
 * @throws if it is longer than `longestMap`, of several sequences, or has no such head.
 */
export function attentionMap(tape: Tape, attention: Dispatch, head: number): Tensor {
  const { dims, bindings } = attention;
  const { batch, time = 0, heads = 0, keyValueHeads = 1, keySize = 1, rowStride = 1, scale = 1 } = dims;
  const { qkv } = bindings;
  if (!qkv || batch !== 1 || time > longestMap) {
    throw new Error(
      `attentionMap: ${batch} sequences of ${time} tokens. Pass the attention of one, at most ${longestMap} tokens.`,
    );
  }
  if (!Number.isInteger(head) || head < 0 || head >= heads) {
    throw new Error(`attentionMap: there is no head ${head} of ${heads}. Count from 0.`);
  }
  const probabilities = tape.tensor('attention map', [time, time]);
  const keyValueHead = Math.floor((head * keyValueHeads) / heads);
  const places = {
    qOffset: (dims.qOffset ?? 0) + head * keySize,
    kOffset: (dims.kOffset ?? 0) + keyValueHead * keySize,
  };
  tape.dispatch(attentionMapForward, { time, keySize, rowStride, ...places, scale }, { qkv, probabilities });
  return probabilities;
}
