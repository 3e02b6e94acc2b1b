// Gradients of attention in plain loops: what the tests hold the shaders to.
import type { Dims, NumberArray, Scalars } from '../plan/kernel.ts';
import { cappedScore } from './attention-cap.ts';
import { firstVisible, keepFactor } from './attention-mask.ts';
import type { AttentionDims } from './attention-shape.ts';

/** Dims of the gradients; with `accumulate` they are added to what is there. */
export type AttentionGradientDims = AttentionDims & Dims<'accumulate'>;

type GradientArrays = Readonly<Record<'qkv' | 'dy' | 'logSumExp' | 'delta' | 'dqkv', NumberArray>>;

/** dq of every query, in plain loops. */
export function queryReference(arrays: GradientArrays, dims: AttentionGradientDims, scalars: Scalars): void {
  const { qkv, dqkv } = arrays;
  const { keySize, accumulate } = dims;
  // In double precision, as all references: what a test sees is then the shader's rounding.
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

/** dk and dv of every key, over the queries of its group of heads. */
export function keyReference(arrays: GradientArrays, dims: AttentionGradientDims, scalars: Scalars): void {
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
          // Causal: a key is seen by queries from its own position on, `window` of them at most.
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
  dims: AttentionGradientDims,
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
  // With p = exp(cap(s·scale) − logSumExp), y = Σ keep·p·v: ∂L/∂p = keep·dp, and softmax's Jacobian diag(p) − p pᵀ leaves
  // p·(keep·dp − delta) for the capped score; cap′ and scale are the rest of the chain.
  const keep = keepFactor(dims, scalars, sample, head, query, key);
  const capped = cappedScore(score * scale, softcap);
  const slope = softcap === 0 ? 1 : 1 - (capped / softcap) ** 2;
  const p = Math.exp(capped - logSumExp[row]);
  return { p: p * keep, ds: p * (dp * keep - delta[row]) * slope * scale };
}
