// Rounds keys and values (or latents and rotated keys) to int8 where they enter a layer's cache: a whole prompt after prefill,
// or the newest token of every sequence while decoding. A scale a token and head.
import source from '../../shaders/cache-quantise.wgsl?raw';
import { type BindingSpec, defineKernel, type NumberArray } from '../plan/kernel.ts';
import {
  type CacheRow,
  partPlace,
  partWords,
  rowElements,
  rowParts,
  wordNumbers,
} from '../plan/quantised-cache.ts';
import type { Tape } from '../plan/tape.ts';
import { describeTensor, type Tensor } from '../plan/tensor.ts';
import { prologue } from './prologue.ts';
import { bitsOfFloat } from './quantise.ts';
import { ringsOf, rowsPerRing } from './slots.ts';

const rowDims = [
  'slots',
  ...['parts', 'firstSize', 'secondSize'],
  'context',
  ...['rowStride', 'firstOffset', 'secondOffset'],
] as const;

/** Where the parts of a cache's row are found in a packed one. */
export interface PackedRow extends CacheRow {
  readonly rowStride: number;
  readonly firstOffset: number;
  readonly secondOffset: number;
}

/** Where parts lie side by side, behind `before` other columns. */
export function packedRow(row: CacheRow, before: number): PackedRow {
  const secondOffset = before + row.parts * row.firstSize;
  return {
    ...row,
    rowStride: secondOffset + row.parts * row.secondSize,
    firstOffset: before,
    secondOffset,
  };
}

const tested = [packedRow({ parts: 2, firstSize: 8, secondSize: 10 }, 24)] as const;
const latent = packedRow({ parts: 1, firstSize: 13, secondSize: 0 }, 0);
const timed = packedRow({ parts: 6, firstSize: 64, secondSize: 64 }, 384);

/** Largest magnitude, quotient, half, floor, remainder: for each number. */
const flopsOfNumber = 6;

/** Bytes read and written for one row. */
function rowBytes(row: CacheRow): number {
  return 4 * (rowElements(row, 'f32') + rowElements(row, 'int8'));
}

function cacheSpec(row: CacheRow, slots: number, context: number): BindingSpec {
  const fill = (uniform: number) => Math.floor(uniform * 2 ** 32);
  return { shape: [slots, context, rowElements(row, 'int8')], elementType: 'u32', fill };
}

/**
 * cache[slot, p mod context] = row p of `packed` in int8, for the last p below the prompt's length; `slot` and `length` are
 * step scalars.
 */
export const cacheQuantisePrefill = defineKernel({
  name: 'cacheQuantise.prefill',
  role: 'movement',
  arithmetic: 'cache rounding',
  source: prologue + source,
  entryPoint: 'prefill',
  dims: ['rows', ...rowDims],
  reads: ['packed'],
  writes: ['cache'],
  tensors: (dims) => ({
    packed: { shape: [dims.rows, dims.rowStride] },
    cache: cacheSpec(dims, dims.slots, dims.context),
  }),
  // A prompt that fills its bucket, in the last slot.
  probeScalars: ({ rows, slots }) => ({ length: rows, slot: slots - 1 }),
  selfTest: [
    { ...tested[0], rows: 8, slots: 1, context: 9 },
    { ...latent, rows: 11, slots: 3, context: 4 },
  ],
  calibration: [64, 256, 1024].map((rows) => ({ ...timed, rows, slots: 1, context: 1024 })),
  // a workgroup a part: its scale needs the largest of all its numbers
  workgroups: (dims) => Math.min(dims.rows, dims.context) * rowParts(dims),
  usefulFlops: (dims, { length = dims.rows }) =>
    flopsOfNumber * Math.min(dims.rows, length, dims.context) * rowElements(dims, 'f32'),
  launchedFlops: (dims) => flopsOfNumber * Math.min(dims.rows, dims.context) * rowElements(dims, 'f32'),
  bytes: (dims, { length = dims.rows }) => Math.min(dims.rows, length, dims.context) * rowBytes(dims),
  reference({ packed, cache }, dims, scalars) {
    const length = Math.min(dims.rows, scalars.length ?? 0);
    const slot = Math.min(scalars.slot ?? 0, dims.slots - 1);
    for (let row = Math.max(0, length - dims.context); row < length; row++)
      quantiseRow(packed, cache, dims, row, slot * dims.context + (row % dims.context));
  },
});

/** cache[r ÷ rowsPerRing, state[r, 0] mod context] = row r of `packed` in int8. */
export const cacheQuantiseDecode = defineKernel({
  name: 'cacheQuantise.decode',
  role: 'movement',
  arithmetic: 'cache rounding',
  source: prologue + source,
  entryPoint: 'decode',
  dims: [...rowDims, 'rowsPerRing'],
  reads: ['packed', 'state'],
  writes: ['cache'],
  tensors: (dims) => ({
    packed: { shape: [dims.slots * dims.rowsPerRing, dims.rowStride] },
    state: {
      shape: [dims.slots * dims.rowsPerRing, 4],
      elementType: 'u32',
      fill: (_, index) => 5 * dims.context + (index >> 2),
    },
    cache: cacheSpec(dims, dims.slots, dims.context),
  }),
  selfTest: [
    { ...tested[0], slots: 1, context: 9, rowsPerRing: 1 },
    { ...latent, slots: 3, context: 9, rowsPerRing: 2 },
  ],
  calibration: [64, 256, 1024].map((context) => ({ ...timed, slots: 1, context, rowsPerRing: 1 })),
  workgroups: (dims) => dims.slots * dims.rowsPerRing * rowParts(dims),
  // rounding is counted, though it is no arithmetic of the model: terms name it
  usefulFlops: (dims) => flopsOfNumber * dims.slots * dims.rowsPerRing * rowElements(dims, 'f32'),
  bytes: (dims) => dims.slots * dims.rowsPerRing * (rowBytes(dims) + 4),
  reference({ packed, state, cache }, dims) {
    const { slots, rowsPerRing, context } = dims;
    for (let row = 0; row < slots * rowsPerRing; row++) {
      const ring = Math.floor(row / rowsPerRing) * context;
      quantiseRow(packed, cache, dims, row, ring + (state[4 * row] % context));
    }
  },
});

/** What the shader does for one row. In f32 and f64 quotients round to the same integers: their halves are exact. */
function quantiseRow(
  packed: NumberArray,
  cache: NumberArray,
  dims: PackedRow,
  row: number,
  cacheRow: number,
): void {
  const { parts, rowStride, firstOffset, secondOffset } = dims;
  const start = cacheRow * rowElements(dims, 'int8');
  for (let part = 0; part < rowParts(dims); part++) {
    const { size, word, scale: scalePlace } = partPlace(dims, part);
    const offset = part < parts ? firstOffset + part * size : secondOffset + (part - parts) * size;
    const from = row * rowStride + offset;
    let largest = 0;
    for (let d = 0; d < size; d++) {
      const magnitude = Math.abs(packed[from + d]);
      // What is not finite must not become a byte in silence: the scale carries it on.
      largest = Number.isFinite(magnitude) ? Math.max(largest, magnitude) : Number.NaN;
      if (Number.isNaN(largest)) break;
    }
    // A scale for each token and head: one outlier spoils no other token's precision.
    const scale = cacheScale(largest);
    cache[start + scalePlace] = bitsOfFloat(scale);
    for (let w = 0; w < partWords(size); w++) {
      let value = 0;
      for (let d = wordNumbers * w; d < Math.min(size, wordNumbers * (w + 1)); d++) {
        const x = packed[from + d];
        // Away from zero at halves, as quantise.ts does; ±127, so that signs are alike.
        const q = scale > 0 ? Math.min(127, Math.floor(Math.abs(x) / scale + 0.5)) : 0;
        value |= ((x < 0 ? -q : q) & 255) << (8 * (d % wordNumbers));
      }
      cache[start + word + w] = value;
    }
  }
}

/**
 * Multiplied by: WGSL lets a quotient be off by 2.5 units in the last place, a product must be exact to one
 * rounding.
 */
const oneOver127 = Math.fround(1 / 127);

/** largest ÷ 127, rounded up to 16 bits of mantissa; 0 where that is subnormal, NaN where the largest is none. */
function cacheScale(largest: number): number {
  if (!Number.isFinite(Math.fround(largest))) return Number.NaN;
  // Rounded up: 127 times the scale is then at least the largest number, and no byte overflows.
  const bits = (bitsOfFloat(Math.fround(Math.fround(largest) * oneOver127)) + 0xff) & 0xffffff00;
  const exponent = (bits >>> 23) & 255;
  return exponent === 0 ? 0 : 2 ** (exponent - 127) * (1 + (bits & 0x7fffff) / 2 ** 23);
}

/** @throws if the packed rows or the cache are not as wide as the row says */
function checkedDims(packed: Tensor, cache: Tensor, row: PackedRow) {
  const words = rowElements(row, 'int8');
  if (packed.shape.at(-1) !== row.rowStride || cache.shape.at(-1) !== words || cache.elementType !== 'u32') {
    throw new Error(
      `cacheQuantise: for ${rowParts(row)} parts of ${row.firstSize} and ${row.secondSize}, packed rows must be ` +
        `[rows, ${row.rowStride}] and the cache [context, ${words}] u32, but they are ${describeTensor(packed)} and ` +
        `${describeTensor(cache)}. Check the head counts.`,
    );
  }
  return { ...row, ...ringsOf(cache) };
}

/** Rounds the first `length` packed rows into the ring of `slot` (step scalars both). @throws if a shape is wrong */
export function quantisePrefill(tape: Tape, packed: Tensor, cache: Tensor, row: PackedRow): void {
  const dims = { ...checkedDims(packed, cache, row), rows: packed.shape[0] ?? 1 };
  tape.dispatch(cacheQuantisePrefill, dims, { packed, cache });
}

/** Rounds each packed row into its slot's ring, at the position in its row of `state`. @throws if a shape is wrong */
export function quantiseDecode(
  tape: Tape,
  packed: Tensor,
  cache: Tensor,
  state: Tensor,
  row: PackedRow,
): void {
  const dims = { ...checkedDims(packed, cache, row), rowsPerRing: rowsPerRing(packed.shape[0] ?? 1, cache) };
  tape.dispatch(cacheQuantiseDecode, dims, { packed, state, cache });
}
