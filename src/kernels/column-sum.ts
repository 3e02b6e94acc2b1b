// Sums of columns: bias gradients, and the second half of a matmul that was sliced along its inner size.
import source from '../../shaders/column-sum.wgsl?raw';
import { defineKernel } from '../plan/kernel.ts';
import type { Tape } from '../plan/tape.ts';
import type { Tensor } from '../plan/tensor.ts';
import { prologue } from './prologue.ts';

const bare = { hasBias: 0, hasResidual: 0 };

/**
 * y[s, c] = Σ x[r, c] over the rows r of slice s (+ bias[c]) (+ residual[c]) (+ y[s, c]). x: [rows, columns] of row length
 * xStride. Bias and residual are those of one row of a product, whose slices are summed.
 */
export const columnSum = defineKernel({
  name: 'columnSum',
  role: 'reduction',
  arithmetic: 'bias',
  source: prologue + source,
  entryPoint: 'main',
  dims: ['rows', 'columns', 'xStride', 'slices', 'hasBias', 'hasResidual', 'accumulate'],
  reads: ['x', 'bias', 'residual'],
  writes: ['y'],
  optional: ['bias', 'residual'],
  tensors: ({ rows, columns, xStride, slices }) => ({
    x: { shape: [(rows - 1) * xStride + columns] },
    bias: { shape: [columns] },
    residual: { shape: [columns] },
    y: { shape: [slices, columns] },
  }),
  // One number; a row longer than its matrix, with all that may be added; slices of unequal length.
  selfTest: [
    { rows: 1, columns: 1, xStride: 1, slices: 1, ...bare, accumulate: 0 },
    { rows: 67, columns: 33, xStride: 40, slices: 1, hasBias: 1, hasResidual: 1, accumulate: 1 },
    { rows: 50, columns: 130, xStride: 130, slices: 4, ...bare, accumulate: 0 },
  ],
  calibration: [
    { rows: 256, columns: 64, xStride: 64, slices: 1, ...bare, accumulate: 0 },
    { rows: 1024, columns: 384, xStride: 384, slices: 1, ...bare, accumulate: 0 },
    { rows: 4096, columns: 1024, xStride: 1024, slices: 4, ...bare, accumulate: 0 },
  ],
  // 32 columns a workgroup: neighbours read neighbouring columns, and a row of them is one run of memory
  workgroups: ({ columns, slices }) => slices * Math.ceil(columns / 32),
  // an addition a number
  usefulFlops: ({ rows, columns, slices, hasBias, hasResidual, accumulate }) =>
    columns * (rows + slices * (hasBias + hasResidual + accumulate)),
  // x once, y, and y before where it is added to; what is added, once
  bytes: ({ rows, columns, slices, hasBias, hasResidual, accumulate }) =>
    4 * columns * (rows + slices * (1 + accumulate) + hasBias + hasResidual),
  reference({ x, bias, residual, y }, { rows, columns, xStride, slices, hasBias, hasResidual, accumulate }) {
    const slicedRows = Math.ceil(rows / slices);
    for (let slice = 0; slice < slices; slice++) {
      const end = Math.min((slice + 1) * slicedRows, rows);
      for (let column = 0; column < columns; column++) {
        const index = slice * columns + column;
        let sum = accumulate === 1 ? y[index] : 0;
        for (let row = slice * slicedRows; row < end; row++) sum += x[row * xStride + column];
        if (hasBias === 1) sum += bias[column];
        if (hasResidual === 1) sum += residual[column];
        y[index] = sum;
      }
    }
  },
});

/** Rows that one slice sums; more rows are split so that a wide device is filled. */
const rowsPerSlice = 1024;

/** What is summed, where to, and what is added to the sums. */
export interface ColumnSumTensors {
  /** [rows, columns], rows `xStride` elements apart. */
  readonly x: Tensor;
  /** [columns] */
  readonly y: Tensor;
  /** [columns] */
  readonly bias?: Tensor | undefined;
  /** [columns] */
  readonly residual?: Tensor | undefined;
}

/** Records y = Σ over rows of x (+ bias) (+ residual) (+ y if accumulate), deterministic; long columns in two passes. */
export function recordColumnSum(
  tape: Tape,
  { x, y, bias, residual }: ColumnSumTensors,
  size: {
    readonly rows: number;
    readonly columns: number;
    readonly xStride?: number;
    readonly accumulate?: 0 | 1;
  },
): void {
  const { rows, columns, xStride = columns, accumulate = 0 } = size;
  const added = { ...(bias ? { bias } : {}), ...(residual ? { residual } : {}) };
  const options = { hasBias: bias ? 1 : 0, hasResidual: residual ? 1 : 0, accumulate };
  // The number of slices depends on the shape alone, and so does the order of addition: the same bits on
  // every device.
  const slices = Math.min(64, Math.floor(rows / rowsPerSlice));
  if (slices < 2) {
    tape.dispatch(columnSum, { rows, columns, xStride, slices: 1, ...options }, { x, y, ...added });
    return;
  }
  const partial = tape.tensor(`${y.name} slices`, [slices, columns]);
  tape.dispatch(columnSum, { rows, columns, xStride, slices, ...bare, accumulate: 0 }, { x, y: partial });
  tape.dispatch(
    columnSum,
    { rows: slices, columns, xStride: columns, slices: 1, ...options },
    { x: partial, y, ...added },
  );
}
