// RMSNorm: forward, and gradients of the input and of the weight.
import source from '../../shaders/rms-norm.wgsl?raw';
import { defineKernel } from '../plan/kernel.ts';
import type { Tape } from '../plan/tape.ts';
import { describeTensor, elementCount, type Tensor } from '../plan/tensor.ts';
import {
  dropoutDims,
  dropoutFlops,
  dropoutMask,
  droppedValue,
  noDropout,
  randomFlops,
} from './dropout-mask.ts';
import { rowGroups, weightSlices } from './launch.ts';
import { normDeclaration, normPrologue, normSizes, recordWeightGradient, rowEach } from './norm-sums.ts';

/** y = x ÷ √(mean x² + epsilon) · (weight + offset) per row; keeps the factor of each row in statistics: [rows]. */
export const rmsNormForward = defineKernel({
  ...normDeclaration,
  name: 'rmsNorm.forward',
  title: 'RMSNorm',
  source: normPrologue + dropoutMask + source,
  entryPoint: 'forward',
  dims: ['rows', 'columns', 'epsilon', 'offset'],
  reads: ['x', 'weight'],
  writes: ['y', 'statistics'],
  tensors: ({ rows, columns }) => ({
    x: { shape: [rows, columns] },
    weight: { shape: [columns] },
    y: { shape: [rows, columns] },
    statistics: { shape: [rows] },
  }),
  // 37 columns are no multiple of the lanes that share a row; 600 are shared by 32 of them instead of 8.
  selfTest: [
    { rows: 5, columns: 37, epsilon: 1e-5, offset: 0 },
    { rows: 3, columns: 600, epsilon: 1e-5, offset: 1 },
  ],
  calibration: normSizes.map((size) => ({ ...size, epsilon: 1e-5, offset: 0 })),
  // 64 invocations hold several rows, or share out a long one (launch.ts)
  // 64 invocations hold eight short rows or two long ones (launch.ts)
  workgroups: ({ rows, columns }) => rowGroups(rows, columns),
  // square, sum, two products
  usefulFlops: ({ rows, columns, offset }) => rows * columns * (4 + (offset === 0 ? 0 : 1)),
  // what closed forms count of a norm: a multiply-add a value
  countedFlops: ({ rows, columns }) => 2 * rows * columns,
  bytes: ({ rows, columns }) => 4 * (rows * (columns * 3 + 1) + columns), // two reads, one write
  reference({ x, weight, y, statistics }, { rows, columns, epsilon, offset }) {
    for (let row = 0; row < rows; row++) {
      const base = row * columns;
      let squares = 0;
      for (let c = 0; c < columns; c++) squares += x[base + c] ** 2;
      const scale = 1 / Math.sqrt(squares / columns + epsilon);
      // 1 ÷ root mean square: x̂ is x times it, and need not be kept.
      statistics[row] = scale;
      for (let c = 0; c < columns; c++) y[base + c] = x[base + c] * scale * (weight[c] + offset);
    }
  },
});

/**
 * dx = (g − x̂ · mean(g ∘ x̂)) · scale, g = dy ∘ weight, x̂ = x · scale. With `dropout` droppedDx is what is left of all
 * of dx: the gradient of what was dropped before it was added to x.
 */
export const rmsNormBackward = defineKernel({
  ...normDeclaration,
  name: 'rmsNorm.backward',
  title: 'RMSNorm',
  source: normPrologue + dropoutMask + source,
  entryPoint: 'backward',
  dims: ['rows', 'columns', 'offset', 'accumulate', ...dropoutDims],
  reads: ['x', 'weight', 'saved', 'dy'],
  writes: ['dx', 'droppedDx'],
  optional: ['droppedDx'],
  tensors: ({ rows, columns, dropout }) => ({
    x: { shape: [rows, columns] },
    weight: { shape: [columns] },
    saved: { shape: [rows] },
    dy: { shape: [rows, columns] },
    dx: { shape: [rows, columns] },
    droppedDx: { shape: dropout > 0 ? [rows, columns] : [1] },
  }),
  selfTest: [
    { rows: 5, columns: 37, offset: 1, accumulate: 1, dropout: 0.25, time: 2, operation: 3 },
    { rows: 3, columns: 600, offset: 0, accumulate: 0, ...noDropout },
  ],
  calibration: normSizes.map((size) => ({ ...size, offset: 0, accumulate: 0, ...noDropout })),
  workgroups: ({ rows, columns }) => rowGroups(rows, columns),
  // g; product, sum; 3 to combine
  usefulFlops: ({ rows, columns, offset, accumulate, dropout }) =>
    rows * columns * (6 + (offset === 0 ? 0 : 1) + accumulate + dropoutFlops({ dropout })),
  // g in both passes
  launchedFlops: ({ rows, columns, offset, accumulate, dropout }) =>
    rows *
    columns *
    (7 + (offset === 0 ? 0 : 2) + accumulate + dropoutFlops({ dropout }) + randomFlops({ dropout })),
  countedFlops: ({ rows, columns }) => 4 * rows * columns, // a multiply-add has two gradients
  // x and dy in both passes, dx, and what is left of it by dropout; the factors; weights
  bytes: ({ rows, columns, accumulate, dropout }) =>
    4 * (rows * (columns * (5 + accumulate + (dropout > 0 ? 1 : 0)) + 1) + columns),
  reference({ x, weight, saved, dy, dx, droppedDx }, dims, scalars) {
    const { rows, columns, offset, accumulate, dropout } = dims;
    for (let row = 0; row < rows; row++) {
      const base = row * columns;
      const scale = saved[row];
      // No mean is subtracted, so that only the root mean square ties the row's values together: one sum, not
      // two.
      let mean = 0;
      for (let c = 0; c < columns; c++)
        mean += (dy[base + c] * (weight[c] + offset) * x[base + c] * scale) / columns;
      for (let c = 0; c < columns; c++) {
        const gradient = (dy[base + c] * (weight[c] + offset) - x[base + c] * scale * mean) * scale;
        dx[base + c] = accumulate === 1 ? dx[base + c] + gradient : gradient;
        if (dropout > 0) droppedDx[base + c] = droppedValue(dx[base + c], base + c, dims, scalars);
      }
    }
  },
});

/** sums[s] = Σ over the rows of slice s of dy ∘ x̂: [slices, columns]. */
export const rmsNormBackwardWeight = defineKernel({
  ...normDeclaration,
  name: 'rmsNorm.backwardWeight',
  title: 'RMSNorm',
  source: normPrologue + dropoutMask + source,
  entryPoint: 'backwardWeight',
  dims: ['rows', 'columns', 'slices', 'accumulate'],
  reads: ['x', 'saved', 'dy'],
  writes: ['sums'],
  tensors: ({ rows, columns, slices }) => ({
    x: { shape: [rows, columns] },
    saved: { shape: [rows] },
    dy: { shape: [rows, columns] },
    sums: { shape: [slices, columns] },
  }),
  selfTest: [
    { rows: 67, columns: 33, slices: 3, accumulate: 0 },
    { rows: 9, columns: 40, slices: 1, accumulate: 1 },
  ],
  calibration: normSizes.map((size) => ({ ...size, slices: weightSlices(size.rows), accumulate: 0 })),
  // A sum over rows: slices of them are summed side by side and added in order (norm-sums.ts).
  workgroups: ({ columns, slices }) => slices * Math.ceil(columns / 32),
  usefulFlops: ({ rows, columns }) => rows * columns * 3, // two products, sum
  // x, dy and factors once; the sums of every slice
  bytes: ({ rows, columns, slices, accumulate }) =>
    4 * (rows * (2 * columns + 1) + slices * columns * (1 + accumulate)),
  reference({ x, saved, dy, sums }, { rows, columns, slices, accumulate }) {
    const slicedRows = Math.ceil(rows / slices);
    for (let slice = 0; slice < slices; slice++) {
      const end = Math.min((slice + 1) * slicedRows, rows);
      for (let column = 0; column < columns; column++) {
        let sum = 0;
        for (let row = slice * slicedRows; row < end; row++) {
          sum += dy[row * columns + column] * x[row * columns + column] * saved[row];
        }
        const index = slice * columns + column;
        sums[index] = accumulate === 1 ? sums[index] + sum : sum;
      }
    }
  },
});

/** Variants of both passes, the one to prefer first. */
export const rmsNormForwards = [rowEach(rmsNormForward), rmsNormForward];
export const rmsNormBackwards = [rowEach(rmsNormBackward), rmsNormBackward];

/**
 * RMSNorm over the last dimension.
 * @param x [N, C]
 * @param weight [C], to which `offset` is added (Gemma keeps 1 + w as w)
 */
export function rmsNorm(
  tape: Tape,
  x: Tensor,
  weight: Tensor,
  { epsilon, offset = 0 }: { readonly epsilon: number; readonly offset?: 0 | 1 },
): Tensor {
  const columns = x.shape.at(-1) ?? 1;
  const rows = elementCount(x.shape) / columns;
  if (elementCount(weight.shape) !== columns) {
    throw new Error(
      `rmsNorm: ${describeTensor(weight)} does not fit ${describeTensor(x)}. Pass [${columns}].`,
    );
  }
  const y = tape.tensor('rmsNorm', x.shape);
  const statistics = tape.tensor('rmsNorm statistics', [rows]);
  const [wantsX, wantsWeight] = [tape.needsGradient(x), tape.needsGradient(weight)];
  const dims = { rows, columns, epsilon, offset };
  tape.dispatch(tape.choose(rmsNormForwards, dims), dims, { x, weight, y, statistics });
  tape.onBackward([x, weight], y, (dy) => {
    if (wantsWeight) {
      recordWeightGradient(tape, 'rmsNorm', weight, rows, (sums, options) => {
        tape.dispatch(
          rmsNormBackwardWeight,
          { rows, columns, ...options },
          { x, saved: statistics, dy, sums },
        );
      });
    }
    if (wantsX) {
      // The residual stream reads x as well: what came from there is added to.
      const { gradient: dx, accumulate } = tape.gradientTarget(x);
      const dims = { rows, columns, offset, accumulate, ...noDropout };
      tape.dispatch(tape.choose(rmsNormBackwards, dims), dims, { x, weight, saved: statistics, dy, dx });
    }
  });
  return y;
}
