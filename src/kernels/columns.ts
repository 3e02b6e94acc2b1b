// Columns of one matrix scaled into columns of another: what an adapter adds to a packed projection, and its gradient.
import source from '../../shaders/columns.wgsl?raw';
import { type Dims, defineKernel } from '../plan/kernel.ts';
import type { Tape } from '../plan/tape.ts';
import { describeTensor, elementCount, type Tensor } from '../plan/tensor.ts';
import { elementGroups, elementSteps } from './launch.ts';
import { prologue } from './prologue.ts';

const columnsDims = [
  'rows',
  'columns',
  'xStride',
  'xColumn',
  'yStride',
  'yColumn',
  'factor',
  'accumulate',
] as const;

/** y[n, yColumn + c] = factor · x[n, xColumn + c] (+ y), c < columns; all else of y stays. Strides are row lengths. */
export const columnsKernel = defineKernel({
  name: 'columns',
  role: 'scaling',
  arithmetic: 'scaling',
  source: prologue + source,
  entryPoint: 'main',
  dims: columnsDims,
  reads: ['x'],
  writes: ['y'],
  tensors: ({ rows, columns, xStride, xColumn, yStride, yColumn }) => ({
    x: { shape: [(rows - 1) * xStride + xColumn + columns] },
    y: { shape: [(rows - 1) * yStride + yColumn + columns] },
  }),
  // Into columns that others lie around, added; and out of them.
  selfTest: [
    { ...into(7, 37, 61, 5, 1), factor: 0.5 },
    { ...outOf(5, 53, 71, 3), factor: -2 },
  ],
  calibration: [64, 256, 1024].map((rows) => ({ ...into(rows, 256, 768, 0, 1), factor: 2 })),
  constants: ({ rows, columns }) => ({ steps: elementSteps(rows * columns) }),
  workgroups: ({ rows, columns }) => elementGroups(rows * columns),
  usefulFlops: ({ rows, columns, accumulate }) => rows * columns * (1 + accumulate),
  // x is read, y written, and read before where it is added to
  bytes: ({ rows, columns, accumulate }) => 4 * rows * columns * (2 + accumulate),
  reference({ x, y }, { rows, columns, xStride, xColumn, yStride, yColumn, factor, accumulate }) {
    for (let row = 0; row < rows; row++) {
      for (let c = 0; c < columns; c++) {
        const place = row * yStride + yColumn + c;
        const scaled = factor * x[row * xStride + xColumn + c];
        y[place] = accumulate === 1 ? y[place] + scaled : scaled;
      }
    }
  },
});

type Placed = Omit<Dims<(typeof columnsDims)[number]>, 'factor'>;

/** All columns of x into those of a wider y. */
function into(rows: number, columns: number, yStride: number, yColumn: number, accumulate: 0 | 1): Placed {
  return { rows, columns, xStride: columns, xColumn: 0, yStride, yColumn, accumulate };
}

/** Columns of a wider x into all of y. */
function outOf(rows: number, columns: number, xStride: number, xColumn: number): Placed {
  return { rows, columns, xStride, xColumn, yStride: columns, yColumn: 0, accumulate: 0 };
}

/**
 * Adds factor · x to columns of y, in place.
 * @param x [N, M]
 * @param y [N, more than M], which is not read before as it was
 * @throws if sizes do not fit, with the tensors' names
 */
export function addColumns(
  tape: Tape,
  x: Tensor,
  y: Tensor,
  { column, factor }: { readonly column: number; readonly factor: number },
): void {
  const [columns, width] = [x.shape.at(-1) ?? 1, y.shape.at(-1) ?? 1];
  const rows = elementCount(x.shape) / columns;
  if (elementCount(y.shape) !== rows * width || column + columns > width) {
    throw new Error(
      `addColumns: ${describeTensor(x)} does not fit columns ${column} to ${column + columns - 1} of ${describeTensor(y)}. ` +
        'Pass as many rows, and a column at which all fit.',
    );
  }
  const wantsX = tape.needsGradient(x);
  tape.dispatch(columnsKernel, { ...into(rows, columns, width, column, 1), factor }, { x, y });
  tape.onBackward([x], y, (dy) => {
    if (!wantsX) return;
    const { gradient, accumulate } = tape.gradientTarget(x);
    const dims = { ...outOf(rows, columns, width, column), accumulate, factor };
    tape.dispatch(columnsKernel, dims, { x: dy, y: gradient });
  });
}
