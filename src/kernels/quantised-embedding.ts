// Lookup of tokens in quantised tables, for whole sequences and for the one token of each slot in a decoding step.
import source from '../../shaders/quantised-embedding.wgsl?raw';
import { type Dims, defineKernel, type NumberArray } from '../plan/kernel.ts';
import type { QuantisedFormat } from '../plan/quantised.ts';
import type { Tape } from '../plan/tape.ts';
import type { Tensor } from '../plan/tensor.ts';
import { quantisedValue } from './quantise.ts';
import { formatBits, quantisedOf, quantisedSource, quantisedSpec } from './quantised-weights.ts';
import { slotsOf } from './slots.ts';

const sizes = ['columns', 'inner', 'firstRow', 'hasPositions'] as const;

/** `columns` are the rows of this block of the table, `inner` the channels. */
type Sizes = Dims<(typeof sizes)[number]>;

/**
 * Bytes of one row: its words and scales.
 * A table's rows are columns of the quantised layout: a token's numbers share scales, and lie block by block.
 */
function rowBytes(format: QuantisedFormat, inner: number): number {
  return format === 'int8' ? inner + 4 : inner / 2 + Math.ceil(inner / 32) * 4;
}

/** Writes the row of a token to x, if this block has it. */
function lookUp(
  format: QuantisedFormat,
  { w, positions, x }: Readonly<Record<'w' | 'positions' | 'x', NumberArray>>,
  { columns, inner, firstRow, hasPositions }: Sizes,
  at: { readonly row: number; readonly token: number; readonly position: number },
): void {
  // A table may lie in several blocks of rows; the block that has the token writes.
  const place = at.token - firstRow;
  if (place < 0 || place >= columns) return;
  for (let c = 0; c < inner; c++) {
    const value = quantisedValue(w as Uint32Array, 0, { format, inner, columns }, c, place);
    x[at.row * inner + c] = value + (hasPositions === 1 ? positions[at.position * inner + c] : 0);
  }
}

function forwardKernel(format: QuantisedFormat) {
  return defineKernel({
    name: `quantisedEmbedding.${format}`,
    role: 'embedding',
    arithmetic: 'embedding sums',
    source: quantisedSource + source,
    entryPoint: 'forward',
    dims: [...sizes, 'rows', 'time', 'rowLength'],
    reads: ['tokens', 'w', 'positions'],
    writes: ['x'],
    optional: ['positions'],
    constants: () => ({ bits: formatBits[format] }),
    tensors: ({ rows, time, rowLength, columns, inner, firstRow }) => ({
      tokens: {
        shape: [(rows / time - 1) * rowLength + time],
        elementType: 'u32',
        fill: (uniform) => Math.floor(uniform * (firstRow + columns + 1)),
      },
      w: quantisedSpec({ format, matrices: 1, inner, columns }),
      positions: { shape: [time, inner] },
      x: { shape: [rows, inner] },
    }),
    selfTest: [
      { rows: 12, time: 6, rowLength: 7, inner: 40, firstRow: 0, columns: 37, hasPositions: 1 },
      { rows: 9, time: 9, rowLength: 9, inner: 33, firstRow: 5, columns: 4, hasPositions: 0 },
    ],
    calibration: [64, 384, 512].map((inner) => {
      return { rows: 256, time: 64, rowLength: 65, inner, firstRow: 0, columns: 256, hasPositions: 1 };
    }),
    // an invocation a number of x
    workgroups: ({ rows, inner }) => Math.ceil((rows * inner) / 64),
    // as of the exact table: rounding is not what a model computes
    usefulFlops: ({ rows, inner, hasPositions }) => rows * inner * hasPositions,
    bytes: ({ rows, inner, hasPositions }) =>
      rows * (4 + rowBytes(format, inner) + 4 * inner * (1 + hasPositions)),
    reference(arrays, dims) {
      const { rows, time, rowLength } = dims;
      for (let row = 0; row < rows; row++) {
        const position = row % time;
        const token = arrays.tokens[Math.floor(row / time) * rowLength + position];
        lookUp(format, arrays, dims, { row, token, position });
      }
    },
  });
}

function decodeKernel(format: QuantisedFormat) {
  return defineKernel({
    name: `quantisedEmbeddingDecode.${format}`,
    role: 'embedding',
    arithmetic: 'embedding sums',
    source: quantisedSource + source,
    entryPoint: 'decode',
    dims: ['slots', ...sizes, 'positionRows'],
    reads: ['state', 'w', 'positions'],
    writes: ['x'],
    optional: ['positions'],
    constants: () => ({ bits: formatBits[format] }),
    tensors: ({ slots, columns, inner, firstRow, positionRows }) => ({
      state: {
        shape: [slots, 4],
        elementType: 'u32',
        fill: (uniform, index) =>
          index % 4 === 0 ? positionRows - 1 : index % 4 === 1 ? firstRow + Math.floor(uniform * columns) : 0,
      },
      w: quantisedSpec({ format, matrices: 1, inner, columns }),
      positions: { shape: [Math.max(1, positionRows), inner] },
      x: { shape: [slots, inner] },
    }),
    selfTest: [
      { slots: 3, inner: 40, firstRow: 0, columns: 37, positionRows: 9, hasPositions: 1 },
      { slots: 1, inner: 33, firstRow: 64, columns: 3, positionRows: 1, hasPositions: 0 },
    ],
    calibration: [64, 384, 768].map((inner) => {
      return { slots: 1, inner, firstRow: 0, columns: 256, positionRows: 256, hasPositions: 1 };
    }),
    workgroups: ({ slots, inner }) => Math.ceil((slots * inner) / 64),
    usefulFlops: ({ slots, inner, hasPositions }) => slots * inner * hasPositions,
    bytes: ({ slots, inner, hasPositions }) =>
      slots * (8 + rowBytes(format, inner) + 4 * inner * (1 + hasPositions)),
    reference(arrays, dims) {
      for (let row = 0; row < dims.slots; row++) {
        const [position, token] = [arrays.state[4 * row], arrays.state[4 * row + 1]];
        // As the shader clamps it: a slot that is at its end may stand behind the table.
        const inTable = Math.min(position, Math.max(dims.positionRows, 1) - 1);
        lookUp(format, arrays, dims, { row, token, position: inTable });
      }
    },
  });
}

/**
 * Lookup of whole sequences, by format.
 * A kernel a format: the words' layout is a constant of the pipeline, not a branch in it.
 */
export const quantisedEmbeddingForward = {
  int8: forwardKernel('int8'),
  int4: forwardKernel('int4'),
} as const;

/** Lookup of each slot's token in `state`, by format. */
export const quantisedEmbeddingDecode = { int8: decodeKernel('int8'), int4: decodeKernel('int4') } as const;

/** Records the lookup of rows of tokens in one block of a table. x: [batch · time, C]. */
export function recordQuantisedEmbedding(
  tape: Tape,
  bindings: { readonly tokens: Tensor; readonly w: Tensor; readonly positions?: Tensor; readonly x: Tensor },
  size: {
    readonly rows: number;
    readonly time: number;
    readonly rowLength: number;
    readonly firstRow: number;
  },
): void {
  // The weight says how it is packed; the caller need not know.
  const { format, inner, columns } = quantisedOf(tape, bindings.w);
  const dims = { ...size, inner, columns, hasPositions: bindings.positions ? 1 : 0 };
  tape.dispatch(quantisedEmbeddingForward[format], dims, bindings);
}

/** Records the lookup of a decoding step in one block of a table. x: [slots, C]. */
export function recordQuantisedEmbeddingDecode(
  tape: Tape,
  bindings: { readonly state: Tensor; readonly w: Tensor; readonly positions?: Tensor; readonly x: Tensor },
  { firstRow, positionRows }: { readonly firstRow: number; readonly positionRows: number },
): void {
  const { format, inner, columns } = quantisedOf(tape, bindings.w);
  const sizes = { slots: slotsOf(bindings.state), firstRow, positionRows };
  const dims = { ...sizes, inner, columns, hasPositions: bindings.positions ? 1 : 0 };
  tape.dispatch(quantisedEmbeddingDecode[format], dims, bindings);
}
