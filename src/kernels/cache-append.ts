// Copies keys and values into a layer's cache, a ring of the last positions for each sequence: a whole prompt after prefill,
// or the newest token of every sequence while decoding.
import source from '../../shaders/cache-append.wgsl?raw';
import { defineKernel } from '../plan/kernel.ts';
import type { Tape } from '../plan/tape.ts';
import { describeTensor, type Tensor } from '../plan/tensor.ts';
import { type PackedRow, packedRow, quantiseDecode, quantisePrefill } from './cache-quantise.ts';
import { prologue } from './prologue.ts';
import { ringsOf, rowsPerRing } from './slots.ts';

const columnDims = [
  'slots',
  'keyColumns',
  'valueColumns',
  'context',
  'rowStride',
  'kOffset',
  'vOffset',
] as const;

/**
 * cache[slot, p mod context, ·] = keys and values of row p of qkv, for the last p below the prompt's length; `slot` and
 * `length` are step scalars.
 */
export const cacheAppendPrefill = defineKernel({
  name: 'cacheAppend.prefill',
  role: 'movement',
  source: prologue + source,
  entryPoint: 'prefill',
  dims: ['rows', ...columnDims],
  reads: ['qkv'],
  writes: ['cache'],
  tensors: ({ rows, slots, keyColumns, valueColumns, context, rowStride }) => ({
    qkv: { shape: [rows, rowStride] },
    cache: { shape: [slots, context, keyColumns + valueColumns] },
  }),
  probeScalars: ({ rows, slots }) => ({ length: rows, slot: slots - 1 }),
  // A ring that has room for the prompt, and one that keeps its last rows only.
  selfTest: [
    { ...columnsOf(3, 2, 8, 10), rows: 8, slots: 1, context: 9 },
    { ...columnsOf(1, 1, 4, 4), rows: 11, slots: 3, context: 4 },
  ],
  calibration: [64, 256, 1024].map((rows) => ({ ...columnsOf(6, 6, 64, 64), rows, slots: 1, context: 1024 })),
  // For the bucket's rows, though the prompt may be shorter: its length is known on the device only.
  workgroups: ({ rows, context, keyColumns, valueColumns }) =>
    Math.ceil((Math.min(rows, context) * (keyColumns + valueColumns)) / 64),
  usefulFlops: () => 0,
  // read and written, as many rows as the prompt has and the ring holds
  bytes: ({ rows, context, keyColumns, valueColumns }, { length = rows }) =>
    8 * Math.min(rows, length, context) * (keyColumns + valueColumns),
  reference({ qkv, cache }, dims, scalars) {
    const length = Math.min(dims.rows, scalars.length ?? 0);
    // Earlier rows would be overwritten by later ones, in an order that a GPU does not keep.
    for (let row = Math.max(0, length - dims.context); row < length; row++) {
      copyRow(
        qkv,
        cache,
        dims,
        row,
        Math.min(scalars.slot ?? 0, dims.slots - 1) * dims.context + (row % dims.context),
      );
    }
  },
});

/** cache[r ÷ rowsPerRing, state[r, 0] mod context, ·] = keys and values of row r of qkv. */
export const cacheAppendDecode = defineKernel({
  name: 'cacheAppend.decode',
  role: 'movement',
  source: prologue + source,
  entryPoint: 'decode',
  dims: [...columnDims, 'rowsPerRing'],
  reads: ['qkv', 'state'],
  writes: ['cache'],
  tensors: ({ slots, keyColumns, valueColumns, context, rowStride, rowsPerRing }) => ({
    qkv: { shape: [slots * rowsPerRing, rowStride] },
    state: {
      shape: [slots * rowsPerRing, 4],
      elementType: 'u32',
      fill: (_, index) => 5 * context + (index >> 2),
    },
    cache: { shape: [slots, context, keyColumns + valueColumns] },
  }),
  selfTest: [
    { ...columnsOf(3, 1, 8, 10), slots: 1, context: 9, rowsPerRing: 1 },
    { ...columnsOf(3, 1, 8, 10), slots: 3, context: 9, rowsPerRing: 2 },
  ],
  calibration: [64, 256, 1024].map((context) => {
    return { ...columnsOf(6, 6, 64, 64), slots: 1, context, rowsPerRing: 1 };
  }),
  workgroups: ({ slots, rowsPerRing, keyColumns, valueColumns }) =>
    Math.ceil((slots * rowsPerRing * (keyColumns + valueColumns)) / 64),
  usefulFlops: () => 0,
  // rows to and fro, and their positions
  bytes: ({ slots, rowsPerRing, keyColumns, valueColumns }) =>
    slots * rowsPerRing * (8 * (keyColumns + valueColumns) + 4),
  reference({ qkv, state, cache }, dims) {
    const { slots, rowsPerRing, context } = dims;
    for (let row = 0; row < slots * rowsPerRing; row++) {
      const ring = Math.floor(row / rowsPerRing) * context;
      copyRow(qkv, cache, dims, row, ring + (state[4 * row] % context));
    }
  },
});

interface Columns {
  /** Keys of all heads of a token. */
  readonly keyColumns: number;
  /** Values of all heads of a token. */
  readonly valueColumns: number;
  /** Row length of qkv. */
  readonly rowStride: number;
  /** First column of the keys. */
  readonly kOffset: number;
  /** First column of the values. */
  readonly vOffset: number;
}

function columnsOf(heads: number, keyValueHeads: number, keySize: number, valueSize: number): Columns {
  const [keyColumns, valueColumns] = [keyValueHeads * keySize, keyValueHeads * valueSize];
  const kOffset = heads * keySize;
  const vOffset = kOffset + keyColumns;
  return { keyColumns, valueColumns, rowStride: vOffset + valueColumns, kOffset, vOffset };
}

function copyRow(
  qkv: { readonly [index: number]: number },
  cache: { [index: number]: number },
  { keyColumns, valueColumns, rowStride, kOffset, vOffset }: Columns,
  row: number,
  cacheRow: number,
): void {
  // Keys and values of a position lie in one row: a position is appended in one place.
  const to = cacheRow * (keyColumns + valueColumns);
  for (let c = 0; c < keyColumns; c++) cache[to + c] = qkv[row * rowStride + kOffset + c];
  for (let c = 0; c < valueColumns; c++) cache[to + keyColumns + c] = qkv[row * rowStride + vOffset + c];
}

/** Heads of a packed row. */
export interface CacheOptions {
  /** H, query heads, which stand before the keys. */
  readonly heads: number;
  /** G, heads that are cached. */
  readonly keyValueHeads: number;
  /** Channels of a head of queries and keys. */
  readonly keySize: number;
  /** Channels of a head of values. */
  readonly valueSize: number;
}

/** @throws if qkv or the cache is not as wide as the heads say. */
function checkedColumns(qkv: Tensor, cache: Tensor, options: CacheOptions) {
  const { heads, keyValueHeads, keySize, valueSize } = options;
  const columns = columnsOf(heads, keyValueHeads, keySize, valueSize);
  const width = columns.keyColumns + columns.valueColumns;
  if (qkv.shape[1] !== columns.rowStride || cache.shape.at(-1) !== width) {
    throw new Error(
      `cacheAppend: for ${heads} and ${keyValueHeads} heads of ${keySize} and ${valueSize}, qkv must be ` +
        `[rows, ${columns.rowStride}] and the cache [context, ${width}], but they are ${describeTensor(qkv)} and ` +
        `${describeTensor(cache)}. Check the head counts.`,
    );
  }
  return { ...columns, ...ringsOf(cache) };
}

/** Where a cache of int8 finds its parts: keys and values behind the queries. */
function quantisedRow({ heads, keyValueHeads, keySize, valueSize }: CacheOptions): PackedRow {
  return packedRow({ parts: keyValueHeads, firstSize: keySize, secondSize: valueSize }, heads * keySize);
}

/**
 * Copies keys and values of the first `length` rows of qkv into the ring of `slot` (step scalars both): row p to its row
 * p mod rows, the last positions where a ring has not room for all. qkv: [time, …] of one sequence; cache: persistent
 * [slots, rows, keyValueHeads · (keySize + valueSize)], or without slots for one;
 * u32: rows of int8, to which they are rounded.
 * @throws if a shape is wrong.
 */
export function appendPrefill(
  tape: Tape,
  qkv: Tensor,
  cache: Tensor,
  options: CacheOptions & { readonly time: number },
): void {
  if (cache.elementType === 'u32') {
    quantisePrefill(tape, qkv, cache, quantisedRow(options));
  } else {
    const columns = checkedColumns(qkv, cache, options);
    tape.dispatch(cacheAppendPrefill, { ...columns, rows: options.time }, { qkv, cache });
  }
}

/** Copies keys and values of each row of qkv [rows, …] to its slot's ring, at the position in its row of `state`. */
export function appendDecode(
  tape: Tape,
  qkv: Tensor,
  cache: Tensor,
  state: Tensor,
  options: CacheOptions,
): void {
  if (cache.elementType === 'u32') {
    quantiseDecode(tape, qkv, cache, state, quantisedRow(options));
  } else {
    const dims = {
      ...checkedColumns(qkv, cache, options),
      rowsPerRing: rowsPerRing(qkv.shape[0] ?? 1, cache),
    };
    tape.dispatch(cacheAppendDecode, dims, { qkv, state, cache });
  }
}
