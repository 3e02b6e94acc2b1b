// Sums of columns: bias gradients, and the second half of a matmul that was sliced along its inner size.
import source from '../../shaders/column-sum.wgsl?raw';
import { defineKernel } from '../plan/kernel.ts';
import type { Tape } from '../plan/tape.ts';
import type { Tensor } from '../plan/tensor.ts';
import { prologue } from './prologue.ts';

/** y[s, c] = Σ x[r, c] over the rows r of slice s (+ y[s, c]). x: [rows, columns] of row length xStride. */
export const columnSum = defineKernel({
  name: 'columnSum',
  role: 'reduction',
  arithmetic: 'bias',
  source: prologue + source,
  entryPoint: 'main',
  dims: ['rows', 'columns', 'xStride', 'slices', 'accumulate'],
  reads: ['x'],
  writes: ['y'],
  tensors: ({ rows, columns, xStride, slices }) => ({
    x: { shape: [(rows - 1) * xStride + columns] },
    y: { shape: [slices, columns] },
  }),
  // One number; a row longer than its matrix, added to; slices of unequal length.
  selfTest: [
    { rows: 1, columns: 1, xStride: 1, slices: 1, accumulate: 0 },
    { rows: 67, columns: 33, xStride: 40, slices: 1, accumulate: 1 },
    { rows: 50, columns: 130, xStride: 130, slices: 4, accumulate: 0 },
  ],
  calibration: [
    { rows: 256, columns: 64, xStride: 64, slices: 1, accumulate: 0 },
    { rows: 1024, columns: 384, xStride: 384, slices: 1, accumulate: 0 },
    { rows: 4096, columns: 1024, xStride: 1024, slices: 4, accumulate: 0 },
  ],
  // 32 columns a workgroup: neighbours read neighbouring columns, and a row of them is one run of memory
  workgroups: ({ columns, slices }) => slices * Math.ceil(columns / 32),
  // an addition a number
  usefulFlops: ({ rows, columns, slices, accumulate }) => rows * columns + accumulate * slices * columns,
  // x once, y, and y before where it is added to
  bytes: ({ rows, columns, slices, accumulate }) => 4 * columns * (rows + slices * (1 + accumulate)),
  reference({ x, y }, { rows, columns, xStride, slices, accumulate }) {
    const slicedRows = Math.ceil(rows / slices);
    for (let slice = 0; slice < slices; slice++) {
      const end = Math.min((slice + 1) * slicedRows, rows);
      for (let column = 0; column < columns; column++) {
        const index = slice * columns + column;
        let sum = accumulate === 1 ? y[index] : 0;
        for (let row = slice * slicedRows; row < end; row++) sum += x[row * xStride + column];
        y[index] = sum;
      }
    }
  },
});

/** Rows that one slice sums; more rows are split so that a wide device is filled. */
const rowsPerSlice = 1024;

/**
 * Records y = Σ over rows of x (+ y if accumulate), deterministic; long columns in two passes.
 * @param x [rows, columns], rows `xStride` elements apart
 * @param y [columns]
 */
export function recordColumnSum(
  tape: Tape,
  x: Tensor,
  y: Tensor,
  size: {
    readonly rows: number;
    readonly columns: number;
    readonly xStride?: number;
    readonly accumulate?: 0 | 1;
  },
): void {
  const { rows, columns, xStride = columns, accumulate = 0 } = size;
  // The number of slices depends on the shape alone, and so does the order of addition: the same bits on
  // every device.
  const slices = Math.min(64, Math.floor(rows / rowsPerSlice));
  if (slices < 2) {
    tape.dispatch(columnSum, { rows, columns, xStride, slices: 1, accumulate }, { x, y });
    return;
  }
  const partial = tape.tensor(`${y.name} slices`, [slices, columns]);
  tape.dispatch(columnSum, { rows, columns, xStride, slices, accumulate: 0 }, { x, y: partial });
  tape.dispatch(
    columnSum,
    { rows: slices, columns, xStride: columns, slices: 1, accumulate },
    { x: partial, y },
  );
}
