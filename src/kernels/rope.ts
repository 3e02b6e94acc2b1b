// Rotary position embedding of the query and key heads of packed rows, in place, with its gradient and its decode form.
import source from '../../shaders/rope.wgsl?raw';
import { defineKernel, type NumberArray } from '../plan/kernel.ts';
import type { Tape } from '../plan/tape.ts';
import { describeTensor, type Tensor } from '../plan/tensor.ts';
import { recordAccumulate } from './add.ts';
import { prologue } from './prologue.ts';
import { slotsOf } from './slots.ts';

type Rows = Readonly<
  Record<'heads' | 'keyValueHeads' | 'keySize' | 'rotated' | 'rowStride' | 'qOffset' | 'kOffset', number>
>;

const rowDims = ['heads', 'keyValueHeads', 'keySize', 'rotated', 'rowStride', 'qOffset', 'kOffset'] as const;

/**
 * Rotates the first `rotated` channels of query and key heads of qkv [rows, rowStride] by their position row mod time;
 * direction −1 multiplies by the transpose, which rotates back. Heads lie keySize apart.
 */
export const ropeRotate = defineKernel({
  name: 'rope.rotate',
  role: 'position',
  arithmetic: 'rotary positions',
  source: prologue + source,
  entryPoint: 'main',
  dims: ['rows', 'time', ...rowDims, 'direction'],
  reads: ['table'],
  writes: ['qkv'],
  tensors: ({ rows, time, rotated, rowStride }) => ({
    table: { shape: [time, rotated / 2, 2] },
    qkv: { shape: [rows, rowStride] },
  }),
  // Grouped heads, one shape turned whole and back, one in its first channels only.
  selfTest: [
    { ...packed(2, 1, 6, 5), rows: 14, time: 7, direction: -1 },
    { ...packed(2, 1, 6, 5, 4), rows: 14, time: 7, direction: 1 },
  ],
  calibration: [
    { ...packed(4, 4, 32, 32), rows: 256, time: 64, direction: 1 },
    { ...packed(6, 6, 64, 64), rows: 1024, time: 256, direction: 1 },
    { ...packed(12, 4, 64, 64), rows: 2048, time: 256, direction: 1 },
  ],
  workgroups: ({ rows, rotated }) => Math.ceil((rows * rotated) / 128), // one invocation per pair of dimensions
  usefulFlops: (dims) => 6 * dims.rows * pairsOf(dims), // four products, two sums
  // both numbers of each pair are read and written; a cosine and a sine by position, used by every head
  bytes: (dims) => 4 * (4 * dims.rows * pairsOf(dims) + dims.time * dims.rotated),
  reference({ table, qkv }, dims) {
    for (let row = 0; row < dims.rows; row++) {
      rotateRow(table, qkv, dims, row, row % dims.time, dims.direction);
    }
  },
});

/** Rotates the first `rotated` channels of query and key heads of each slot's row by the position in its state. */
export const ropeDecodeRotate = defineKernel({
  name: 'rope.decode',
  role: 'position',
  arithmetic: 'rotary positions',
  source: prologue + source,
  entryPoint: 'decode',
  dims: ['slots', ...rowDims, 'context'],
  reads: ['table', 'state'],
  writes: ['qkv'],
  tensors: ({ slots, rotated, rowStride, context }) => ({
    table: { shape: [context, rotated / 2, 2] },
    state: { shape: [slots, 4], elementType: 'u32', fill: (uniform) => Math.floor(uniform * context) },
    qkv: { shape: [slots, rowStride] },
  }),
  selfTest: [
    { ...packed(2, 1, 6, 5), slots: 1, context: 9 },
    { ...packed(2, 1, 6, 5, 4), slots: 3, context: 9 },
  ],
  calibration: [
    { ...packed(4, 4, 32, 32), slots: 1, context: 64 },
    { ...packed(6, 6, 64, 64), slots: 1, context: 256 },
    { ...packed(12, 4, 64, 64), slots: 1, context: 1024 },
  ],
  workgroups: ({ slots, rotated }) => Math.ceil((slots * rotated) / 128),
  usefulFlops: (dims) => 6 * dims.slots * pairsOf(dims),
  bytes: (dims) => 4 * dims.slots * (4 * pairsOf(dims) + dims.rotated + 1),
  reference({ table, state, qkv }, dims) {
    for (let slot = 0; slot < dims.slots; slot++) {
      rotateRow(table, qkv, dims, slot, Math.min(state[4 * slot], dims.context - 1), 1);
    }
  },
});

/** Where query and key heads lie in rows packed as query heads | key heads | value heads. */
function packed(
  heads: number,
  keyValueHeads: number,
  keySize: number,
  valueSize: number,
  rotated = keySize,
): Rows {
  const rowStride = heads * keySize + keyValueHeads * (keySize + valueSize);
  return { heads, keyValueHeads, keySize, rotated, rowStride, qOffset: 0, kOffset: heads * keySize };
}

function pairsOf({ heads, keyValueHeads, rotated }: Pick<Rows, 'heads' | 'keyValueHeads' | 'rotated'>) {
  return (heads + keyValueHeads) * (rotated / 2);
}

function rotateRow(
  table: NumberArray,
  qkv: NumberArray,
  { heads, keyValueHeads, keySize, rotated, rowStride, qOffset, kOffset }: Rows,
  row: number,
  position: number,
  direction: number,
): void {
  const half = rotated / 2;
  for (let head = 0; head < heads + keyValueHeads; head++) {
    const start = head < heads ? qOffset + head * keySize : kOffset + (head - heads) * keySize;
    for (let d = 0; d < half; d++) {
      const cosine = table[(position * half + d) * 2];
      const sine = table[(position * half + d) * 2 + 1] * direction;
      const first = row * rowStride + start + d;
      // Pairs lie half a head apart, as GPT-NeoX and Hugging Face's Llama have them, not side by side.
      const [a, b] = [qkv[first], qkv[first + half]];
      qkv[first] = a * cosine - b * sine;
      qkv[first + half] = b * cosine + a * sine;
    }
  }
}

/**
 * Amplitude times cosine and sine of position · frequency, computed in float64: [time, pairs, 2].
 * Made once on the processor: sines in shaders may be off by 2⁻¹¹, and far positions would turn by noise.
 * @param frequencies radians a token, by pair
 */
export function ropeTable(time: number, frequencies: ArrayLike<number>, amplitude = 1): Float32Array {
  const half = frequencies.length;
  const table = new Float32Array(time * half * 2);
  for (let position = 0; position < time; position++) {
    for (let d = 0; d < half; d++) {
      // In f64: angles of thousands of radians in f32 would be wrong in the fourth digit after the point.
      const angle = position * frequencies[d];
      table[(position * half + d) * 2] = amplitude * Math.cos(angle);
      table[(position * half + d) * 2 + 1] = amplitude * Math.sin(angle);
    }
  }
  return table;
}

/** Heads of a packed row. */
export interface RopeOptions {
  /** H, query heads. */
  readonly heads: number;
  /** G, key and value heads. */
  readonly keyValueHeads: number;
  /** Channels of a head of queries and keys. */
  readonly keySize: number;
  /** Channels of a head of values, which do not turn. */
  readonly valueSize: number;
  /** Channels of each head that turn, its first ones; keySize unless given. */
  readonly rotated?: number;
}

/** @throws if the row is not as wide as the heads say, or what turns of a head cannot be halved. */
function checkedRows(qkv: Tensor, options: RopeOptions): Rows {
  const { heads, keyValueHeads, keySize, valueSize, rotated = keySize } = options;
  const rows = packed(heads, keyValueHeads, keySize, valueSize, rotated);
  if (rotated % 2 !== 0 || rotated > keySize || rotated < 2) {
    throw new Error(
      `rope: ${rotated} of ${keySize} channels of a head turn, but they turn in pairs. Pass an even size.`,
    );
  }
  if (qkv.shape.length !== 2 || qkv.shape[1] !== rows.rowStride) {
    throw new Error(
      `rope: qkv must be [rows, ${rows.rowStride}] for ${heads} and ${keyValueHeads} heads of ${keySize} and ` +
        `${valueSize}, but is ${describeTensor(qkv)}. Check the projection's width.`,
    );
  }
  return rows;
}

/**
 * Rotates queries and keys of qkv [batch · time, heads · keySize + keyValueHeads · (keySize + valueSize)] in place.
 * @param table persistent [≥ time, rotated / 2, 2], filled from `ropeTable`
 * @returns the same memory; qkv itself must not be read any more
 */
export function rope(
  tape: Tape,
  qkv: Tensor,
  table: Tensor,
  options: RopeOptions & { readonly time: number },
): Tensor {
  const shape = { ...checkedRows(qkv, options), rows: qkv.shape[0] ?? 1, time: options.time };
  // In place: a rotation can be undone, so that the gradient needs neither the input nor the output.
  const rotated = tape.alias(qkv, 'rotated qkv');
  tape.dispatch(ropeRotate, { ...shape, direction: 1 }, { table, qkv: rotated });
  tape.onBackward([qkv], rotated, (gradient) => {
    // A rotation's transpose is its inverse: the gradient is turned back, in its own memory.
    tape.dispatch(ropeRotate, { ...shape, direction: -1 }, { table, qkv: gradient });
    if (!tape.adoptGradient(qkv, tape.alias(gradient))) recordAccumulate(tape, qkv, gradient);
  });
  return rotated;
}

/** Rotates queries and keys of a row a slot [slots, …] in place by the slot's position in `state`. table: [context, rotated / 2, 2]. */
export function ropeDecode(
  tape: Tape,
  qkv: Tensor,
  table: Tensor,
  state: Tensor,
  options: RopeOptions,
): Tensor {
  const rotated = tape.alias(qkv, 'rotated qkv');
  const dims = { ...checkedRows(qkv, options), slots: slotsOf(state), context: table.shape[0] ?? 1 };
  tape.dispatch(ropeDecodeRotate, dims, { table, state, qkv: rotated });
  return rotated;
}
