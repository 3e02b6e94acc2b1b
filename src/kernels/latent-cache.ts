// Fills the cache of latent attention: latents and rotated keys of a prompt after prefill, or of the newest token.
import source from '../../shaders/latent-cache.wgsl?raw';
import { defineKernel, type NumberArray } from '../plan/kernel.ts';
import type { Tape } from '../plan/tape.ts';
import { describeTensor, type Tensor } from '../plan/tensor.ts';
import type { LatentHeads, LatentRope } from './latent-pack.ts';
import { prologue } from './prologue.ts';

/** cache[p] = latent and rotated key of row p, for p below the prompt's length (step scalar `length`). */
export const latentCachePrefill = defineKernel({
  name: 'latentCache.prefill',
  role: 'packing',
  arithmetic: 'rotary positions',
  source: prologue + source,
  entryPoint: 'prefill',
  dims: ['rowCount', 'latentSize', 'ropeSize', 'context', 'rowStride', 'keyOffset'],
  reads: ['latent', 'qkv'],
  writes: ['cache'],
  tensors: ({ rowCount, latentSize, ropeSize, context, rowStride }) => ({
    latent: { shape: [rowCount, latentSize] },
    qkv: { shape: [rowCount, rowStride] },
    cache: { shape: [context, latentSize + ropeSize] },
  }),
  probeScalars: ({ rowCount }) => ({ length: rowCount }),
  selfTest: [
    { rowCount: 8, latentSize: 13, ropeSize: 4, context: 9, rowStride: 60, keyOffset: 31 },
    { rowCount: 3, latentSize: 5, ropeSize: 0, context: 3, rowStride: 9, keyOffset: 0 },
  ],
  calibration: [64, 256, 1024].map((rowCount) => {
    return { rowCount, latentSize: 64, ropeSize: 32, context: 1024, rowStride: 960, keyOffset: 448 };
  }),
  workgroups: ({ rowCount, latentSize, ropeSize }) => Math.ceil((rowCount * (latentSize + ropeSize)) / 64),
  usefulFlops: () => 0,
  bytes: ({ rowCount, latentSize, ropeSize }, { length = rowCount }) =>
    8 * Math.min(rowCount, length) * (latentSize + ropeSize),
  reference({ latent, qkv, cache }, sizes, { length = 0 }) {
    const { rowCount, latentSize, ropeSize, rowStride, keyOffset } = sizes;
    for (let row = 0; row < Math.min(rowCount, length); row++) {
      const to = row * (latentSize + ropeSize);
      for (let c = 0; c < latentSize; c++) cache[to + c] = latent[row * latentSize + c];
      for (let j = 0; j < ropeSize; j++) {
        cache[to + latentSize + j] = qkv[row * rowStride + keyOffset + j];
      }
    }
  },
});

/** cache[state[0]] = latent and rotated key of the only row; rows = rotated parts of its query heads. */
export const latentCacheDecode = defineKernel({
  name: 'latentCache.decode',
  role: 'packing',
  arithmetic: 'rotary positions',
  source: prologue + source,
  entryPoint: 'decode',
  dims: ['heads', 'headSize', 'latentSize', 'ropeSize', 'context'],
  reads: ['latent', 'queries', 'ropeKey', 'table', 'state'],
  writes: ['cache', 'rows'],
  optional: ['ropeKey', 'table'],
  tensors: ({ heads, headSize, latentSize, ropeSize, context }) => ({
    latent: { shape: [1, latentSize] },
    queries: { shape: [1, heads * (headSize + ropeSize)] },
    ropeKey: { shape: [1, Math.max(1, ropeSize)] },
    table: { shape: [context, Math.max(1, ropeSize / 2), 2] },
    state: { shape: [1], elementType: 'u32', fill: (uniform) => Math.floor(uniform * context) },
    cache: { shape: [context, latentSize + ropeSize] },
    rows: { shape: [1, heads * (latentSize + ropeSize)] },
  }),
  selfTest: [
    { heads: 3, headSize: 5, latentSize: 13, ropeSize: 4, context: 9 },
    { heads: 2, headSize: 5, latentSize: 70, ropeSize: 0, context: 4 },
  ],
  calibration: [
    { heads: 4, headSize: 32, latentSize: 64, ropeSize: 16, context: 64 },
    { heads: 6, headSize: 64, latentSize: 128, ropeSize: 32, context: 256 },
    { heads: 16, headSize: 64, latentSize: 256, ropeSize: 32, context: 1024 },
  ],
  workgroups: ({ heads, latentSize, ropeSize }) => Math.ceil((latentSize + (heads + 1) * ropeSize) / 64),
  usefulFlops: ({ heads, ropeSize }) => 3 * ropeSize * (heads + 1), // two products and a sum per turned element
  bytes: ({ heads, latentSize, ropeSize }) => 4 * (2 * (latentSize + (heads + 1) * ropeSize) + ropeSize + 1),
  reference({ latent, queries, ropeKey, table, state, cache, rows }, sizes) {
    const { heads, headSize, latentSize, ropeSize, context } = sizes;
    const width = latentSize + ropeSize;
    const angles = table.subarray(Math.min(state[0], context - 1) * ropeSize);
    for (let head = 0; head < heads; head++) {
      const part = queries.subarray(head * (headSize + ropeSize) + headSize);
      turn(part, rows, head * width + latentSize, angles, ropeSize);
    }
    if (state[0] >= context) return;
    const to = state[0] * width;
    for (let c = 0; c < latentSize; c++) cache[to + c] = latent[c];
    turn(ropeKey, cache, to + latentSize, angles, ropeSize);
  },
});

function turn(from: NumberArray, to: NumberArray, out: number, angles: NumberArray, ropeSize: number): void {
  const half = ropeSize / 2;
  for (let d = 0; d < half; d++) {
    const [cosine, sine, a, b] = [angles[2 * d], angles[2 * d + 1], from[d], from[d + half]];
    to[out + d] = a * cosine - b * sine;
    to[out + d + half] = b * cosine + a * sine;
  }
}

/** @throws if the cache does not hold rows of [latent | rotated key]. */
function checkCache(cache: Tensor, latent: Tensor, ropeSize: number) {
  const latentSize = latent.shape[1] ?? 0;
  if (cache.shape[1] !== latentSize + ropeSize) {
    throw new Error(
      `latentCache: ${describeTensor(cache)} does not hold rows of ${describeTensor(latent)} and rotated keys of ` +
        `${ropeSize}. Make its rows ${latentSize + ropeSize} wide.`,
    );
  }
  return { latentSize, context: cache.shape[0] ?? 1 };
}

/**
 * Copies latents and rotated keys of the first `length` (a step scalar) rows into the cache.
 * @param latent [time, latentSize], normed if it is to be
 * @param qkv the packed rows of `latentPack`
 * @param cache persistent [context, latentSize + ropeSize]
 * @throws if a width is wrong or the prompt may outgrow the cache.
 */
export function latentPrefill(
  tape: Tape,
  latent: Tensor,
  qkv: Tensor,
  cache: Tensor,
  { heads, headSize, ropeSize }: LatentHeads,
): void {
  const [rowCount = 1, rowStride = 1] = qkv.shape;
  const sizes = checkCache(cache, latent, ropeSize);
  if (rowCount > sizes.context) {
    throw new Error(
      `latentCache: ${rowCount} rows do not fit a cache of ${sizes.context} positions. Make the cache longer.`,
    );
  }
  // Every key head holds the rotated key behind its own channels; the first one's is taken.
  const keyOffset = heads * (headSize + ropeSize) + headSize;
  tape.dispatch(
    latentCachePrefill,
    { ...sizes, rowCount, ropeSize, rowStride, keyOffset },
    { latent, qkv, cache },
  );
}

/**
 * Appends the newest token to the cache at state[0], its key rotated, and rotates its queries.
 * @param latent [1, latentSize], normed if it is to be
 * @param queries [1, heads · (headSize + ropeSize)]
 * @param cache persistent [context, latentSize + ropeSize]
 * @returns [1, heads · (latentSize + ropeSize)]: rotated parts of the heads, behind latentSize channels not written yet
 * @throws if a width is wrong.
 */
export function latentDecode(
  tape: Tape,
  latent: Tensor,
  queries: Tensor,
  rope: LatentRope | undefined,
  state: Tensor,
  cache: Tensor,
  { heads, headSize, ropeSize }: LatentHeads,
): Tensor {
  const sizes = { ...checkCache(cache, latent, ropeSize), heads, headSize, ropeSize };
  const rows = tape.tensor('absorbed queries', [1, heads * (sizes.latentSize + ropeSize)]);
  tape.dispatch(latentCacheDecode, sizes, { latent, queries, ...(rope ?? {}), state, cache, rows });
  return rows;
}
