// Fills the cache of latent attention: latents and rotated keys of a prompt after prefill, or of the newest tokens.
import source from '../../shaders/latent-cache.wgsl?raw';
import { defineKernel, type NumberArray } from '../plan/kernel.ts';
import { rowElements } from '../plan/quantised-cache.ts';
import type { Tape } from '../plan/tape.ts';
import { describeTensor, type Tensor } from '../plan/tensor.ts';
import { packedRow, quantiseDecode, quantisePrefill } from './cache-quantise.ts';
import type { LatentHeads, LatentRope } from './latent-pack.ts';
import { prologue } from './prologue.ts';
import { ringsOf, rowsPerRing } from './slots.ts';

/** cache[slot, p] = latent and rotated key of row p, for p below the prompt's length; `slot` and `length` are step scalars. */
export const latentCachePrefill = defineKernel({
  name: 'latentCache.prefill',
  role: 'packing',
  arithmetic: 'rotary positions',
  source: prologue + source,
  entryPoint: 'prefill',
  dims: ['rowCount', 'slots', 'latentSize', 'ropeSize', 'context', 'rowStride', 'keyOffset'],
  reads: ['latent', 'qkv'],
  writes: ['cache'],
  tensors: ({ rowCount, slots, latentSize, ropeSize, context, rowStride }) => ({
    latent: { shape: [rowCount, latentSize] },
    qkv: { shape: [rowCount, rowStride] },
    cache: { shape: [slots, context, latentSize + ropeSize] },
  }),
  probeScalars: ({ rowCount, slots }) => ({ length: rowCount, slot: slots - 1 }),
  // With rotated keys in the last of two slots, and without any.
  selfTest: [
    { rowCount: 8, slots: 2, latentSize: 13, ropeSize: 4, context: 9, rowStride: 60, keyOffset: 31 },
    { rowCount: 3, slots: 1, latentSize: 5, ropeSize: 0, context: 3, rowStride: 9, keyOffset: 0 },
  ],
  calibration: [64, 256, 1024].map((rowCount) => {
    return {
      rowCount,
      slots: 1,
      latentSize: 64,
      ropeSize: 32,
      context: 1024,
      rowStride: 960,
      keyOffset: 448,
    };
  }),
  workgroups: ({ rowCount, latentSize, ropeSize }) => Math.ceil((rowCount * (latentSize + ropeSize)) / 64),
  usefulFlops: () => 0,
  bytes: ({ rowCount, latentSize, ropeSize }, { length = rowCount }) =>
    8 * Math.min(rowCount, length) * (latentSize + ropeSize),
  reference({ latent, qkv, cache }, sizes, { length = 0, slot = 0 }) {
    const { rowCount, slots, latentSize, ropeSize, context, rowStride, keyOffset } = sizes;
    const firstRow = Math.min(slot, slots - 1) * context;
    for (let row = 0; row < Math.min(rowCount, length); row++) {
      const to = (firstRow + row) * (latentSize + ropeSize);
      for (let c = 0; c < latentSize; c++) cache[to + c] = latent[row * latentSize + c];
      for (let j = 0; j < ropeSize; j++) {
        // Rotated already: latentPack put it into every key head.
        cache[to + latentSize + j] = qkv[row * rowStride + keyOffset + j];
      }
    }
  },
});

/**
 * cache[s ÷ rowsPerRing, state[s, 0] mod ring] = latent and rotated key of row s; rows = rotated parts of its query heads. A
 * ring of one row takes what is to be rounded on its way to a cache. `slots` are rows of the state here.
 */
export const latentCacheDecode = defineKernel({
  name: 'latentCache.decode',
  role: 'packing',
  arithmetic: 'rotary positions',
  source: prologue + source,
  entryPoint: 'decode',
  dims: ['slots', 'heads', 'headSize', 'latentSize', 'ropeSize', 'context', 'ring', 'rowsPerRing'],
  reads: ['latent', 'queries', 'ropeKey', 'table', 'state'],
  writes: ['cache', 'rows'],
  optional: ['ropeKey', 'table'],
  tensors: ({ slots, heads, headSize, latentSize, ropeSize, context, ring, rowsPerRing }) => ({
    latent: { shape: [slots, latentSize] },
    queries: { shape: [slots, heads * (headSize + ropeSize)] },
    ropeKey: { shape: [slots, Math.max(1, ropeSize)] },
    table: { shape: [context, Math.max(1, ropeSize / 2), 2] },
    state: { shape: [slots, 4], elementType: 'u32', fill: (_, index) => (3 + (index >> 2)) % context },
    cache: { shape: [slots / rowsPerRing, ring, latentSize + ropeSize] },
    rows: { shape: [slots, heads * (latentSize + ropeSize)] },
  }),
  selfTest: [
    { slots: 3, heads: 3, headSize: 5, latentSize: 13, ropeSize: 4, context: 9, ring: 9, rowsPerRing: 3 },
    { slots: 1, heads: 2, headSize: 5, latentSize: 70, ropeSize: 0, context: 4, ring: 1, rowsPerRing: 1 },
  ],
  calibration: [
    { slots: 1, heads: 4, headSize: 32, latentSize: 64, ropeSize: 16, context: 64, ring: 64, rowsPerRing: 1 },
    {
      slots: 1,
      heads: 6,
      headSize: 64,
      latentSize: 128,
      ropeSize: 32,
      context: 256,
      ring: 256,
      rowsPerRing: 1,
    },
    {
      slots: 1,
      heads: 16,
      headSize: 64,
      latentSize: 256,
      ropeSize: 32,
      context: 1024,
      ring: 1024,
      rowsPerRing: 1,
    },
  ],
  workgroups: ({ slots, heads, latentSize, ropeSize }) =>
    Math.ceil((slots * (latentSize + (heads + 1) * ropeSize)) / 64),
  usefulFlops: ({ slots, heads, ropeSize }) => 3 * slots * ropeSize * (heads + 1), // two products and a sum per turned element
  // latents, the key and the queries' rotated parts to and fro; angles and a position
  bytes: ({ slots, heads, latentSize, ropeSize }) =>
    4 * slots * (2 * (latentSize + (heads + 1) * ropeSize) + ropeSize + 1),
  reference({ latent, queries, ropeKey, table, state, cache, rows }, sizes) {
    const { slots, heads, headSize, latentSize, ropeSize, context, ring, rowsPerRing } = sizes;
    const width = latentSize + ropeSize;
    for (let slot = 0; slot < slots; slot++) {
      const position = state[4 * slot];
      const angles = table.subarray(Math.min(position, context - 1) * ropeSize);
      for (let head = slot * heads; head < (slot + 1) * heads; head++) {
        const part = queries.subarray(head * (headSize + ropeSize) + headSize);
        turn(part, rows, head * width + latentSize, angles, ropeSize);
      }
      if (position >= context) continue;
      const to = (Math.floor(slot / rowsPerRing) * ring + (position % ring)) * width;
      for (let c = 0; c < latentSize; c++) cache[to + c] = latent[slot * latentSize + c];
      turn(ropeKey.subarray(slot * ropeSize), cache, to + latentSize, angles, ropeSize);
    }
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

/**
 * The cache that latents and keys are written to: itself, or rows that are rounded on their way to it.
 * @throws if it does not hold rows of [latent | rotated key]
 */
function checkCache(tape: Tape, cache: Tensor, latent: Tensor, ropeSize: number) {
  const [rows = 1, latentSize = 0] = latent.shape;
  const row = packedRow({ parts: 1, firstSize: latentSize, secondSize: ropeSize }, 0);
  const format = cache.elementType === 'u32' ? 'int8' : 'f32';
  if (cache.shape.at(-1) !== rowElements(row, format)) {
    throw new Error(
      `latentCache: ${describeTensor(cache)} does not hold rows of ${describeTensor(latent)} and rotated keys of ` +
        `${ropeSize}. Make its rows ${rowElements(row, format)} wide.`,
    );
  }
  const exact = format === 'int8' ? tape.tensor('latent rows', [rows, latentSize + ropeSize]) : undefined;
  return { latentSize, row, exact, ...ringsOf(cache) };
}

/**
 * Copies latents and rotated keys of the first `length` rows into the cache of `slot`: step scalars both.
 * @param latent [time, latentSize], normed if it is to be
 * @param qkv the packed rows of `latentPack`
 * @param cache persistent [slots, context, latentSize + ropeSize], without slots for one; u32: rows of int8
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
  const { latentSize, row, exact, slots, context } = checkCache(tape, cache, latent, ropeSize);
  if (rowCount > context) {
    throw new Error(
      `latentCache: ${rowCount} rows do not fit a cache of ${context} positions. Make the cache longer.`,
    );
  }
  // Every key head holds the rotated key behind its own channels; the first one's is taken.
  const keyOffset = heads * (headSize + ropeSize) + headSize;
  const rings = exact ? { slots: 1, context: rowCount } : { slots, context };
  const sizes = { ...rings, latentSize, rowCount, ropeSize, rowStride, keyOffset };
  tape.dispatch(latentCachePrefill, sizes, { latent, qkv, cache: exact ?? cache });
  if (exact) quantisePrefill(tape, exact, cache, row);
}

/**
 * Appends the newest token of each slot to its cache at the position in its state, its key rotated, and rotates its queries.
 * @param latent [slots, latentSize], normed if it is to be
 * @param queries [slots, heads · (headSize + ropeSize)]
 * @param state u32 [slots, 4]: position, token, counter, produced
 * @param cache persistent [slots, context, latentSize + ropeSize], without slots for one; u32: rows of int8
 * @returns [slots, heads · (latentSize + ropeSize)]: rotated parts of the heads, behind latentSize channels not written yet
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
  const { latentSize, row, exact, context } = checkCache(tape, cache, latent, ropeSize);
  const [slots = 1] = latent.shape;
  const perRing = rowsPerRing(slots, cache);
  const rows = tape.tensor('absorbed queries', [slots, heads * (latentSize + ropeSize)]);
  const ring = exact ? 1 : context;
  const rings = { context, ring, rowsPerRing: exact ? 1 : perRing };
  const sizes = { slots, latentSize, heads, headSize, ropeSize, ...rings };
  const bindings = { latent, queries, ...(rope ?? {}), state, cache: exact ?? cache, rows };
  tape.dispatch(latentCacheDecode, sizes, bindings);
  if (exact) quantiseDecode(tape, exact, cache, state, row);
  return rows;
}
