// LayerNorm with an optional bias: forward, and gradients of the input and of the packed scale and bias.
import source from '../../shaders/layer-norm.wgsl?raw';
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

/**
 * y = (x − mean) ÷ √(variance + epsilon) · (scale + offset) (+ bias). weight: scale above bias, [1 + hasBias, columns].
 */
export const layerNormForward = defineKernel({
  ...normDeclaration,
  name: 'layerNorm.forward',
  title: 'LayerNorm',
  source: normPrologue + dropoutMask + source,
  entryPoint: 'forward',
  dims: ['rows', 'columns', 'hasBias', 'epsilon', 'offset'],
  reads: ['x', 'weight'],
  writes: ['y', 'statistics'],
  tensors: ({ rows, columns, hasBias }) => ({
    x: { shape: [rows, columns] },
    weight: { shape: [1 + hasBias, columns] },
    y: { shape: [rows, columns] },
    statistics: { shape: [rows, 2] },
  }),
  // 37 columns are no multiple of the lanes that share a row; 600 are shared by 32 of them instead of 8.
  selfTest: [
    { rows: 5, columns: 37, hasBias: 1, epsilon: 1e-5, offset: 1 },
    { rows: 3, columns: 600, hasBias: 0, epsilon: 1e-5, offset: 0 },
  ],
  calibration: normSizes.map((size) => ({ ...size, hasBias: 1, epsilon: 1e-5, offset: 0 })),
  // 64 invocations hold eight short rows or two long ones (launch.ts)
  workgroups: ({ rows, columns }) => rowGroups(rows, columns),
  // sum; subtract, square, sum; 2 products
  usefulFlops: ({ rows, columns, hasBias, offset }) => rows * columns * (6 + hasBias + offset),
  launchedFlops: ({ rows, columns, hasBias, offset }) => rows * columns * (8 + hasBias + offset), // subtracts twice, sums deviations
  // three reads, one write
  countedFlops: ({ rows, columns }) => 2 * rows * columns,
  // the statistics: two numbers a row
  bytes: ({ rows, columns, hasBias }) => 4 * (rows * (columns * 4 + 2) + columns * (1 + hasBias)),
  reference({ x, weight, y, statistics }, { rows, columns, hasBias, epsilon, offset }) {
    // Mean first, then deviations: the textbook's two passes. The shader combines its lanes' sums instead.
    for (let row = 0; row < rows; row++) {
      const base = row * columns;
      let mean = 0;
      for (let c = 0; c < columns; c++) mean += x[base + c] / columns;
      let variance = 0;
      for (let c = 0; c < columns; c++) variance += (x[base + c] - mean) ** 2 / columns;
      const scale = 1 / Math.sqrt(variance + epsilon);
      // Two numbers a row are kept, so that no gradient needs x̂, which is as large as x.
      statistics[row * 2] = mean;
      statistics[row * 2 + 1] = scale;
      for (let c = 0; c < columns; c++) {
        const bias = hasBias === 1 ? weight[columns + c] : 0;
        y[base + c] = (x[base + c] - mean) * scale * (weight[c] + offset) + bias;
      }
    }
  },
});

/**
 * dx = (g − mean g − x̂ · mean(g ∘ x̂)) ÷ deviation, g = dy ∘ (scale + offset), x̂ the normalised input. With
 * `dropout` droppedDx is what is left of all of dx: the gradient of what was dropped before it was added to x.
 */
export const layerNormBackward = defineKernel({
  ...normDeclaration,
  name: 'layerNorm.backward',
  title: 'LayerNorm',
  source: normPrologue + dropoutMask + source,
  entryPoint: 'backward',
  dims: ['rows', 'columns', 'offset', 'accumulate', ...dropoutDims],
  reads: ['x', 'weight', 'saved', 'dy'],
  writes: ['dx', 'droppedDx'],
  optional: ['droppedDx'],
  tensors: ({ rows, columns, dropout }) => ({
    x: { shape: [rows, columns] },
    weight: { shape: [columns] },
    saved: { shape: [rows, 2] },
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
  // g, x̂, two sums (3), combine (4)
  usefulFlops: ({ rows, columns, offset, accumulate, dropout }) =>
    rows * columns * (9 + offset + accumulate + dropoutFlops({ dropout })),
  // g and x̂ happen in two passes
  launchedFlops: ({ rows, columns, offset, accumulate, dropout }) =>
    rows * columns * (11 + 2 * offset + accumulate + dropoutFlops({ dropout }) + randomFlops({ dropout })),
  countedFlops: ({ rows, columns }) => 4 * rows * columns, // a multiply-add has two gradients
  // x and dy in both passes, dx, and what is left of it by dropout; statistics; weights
  bytes: ({ rows, columns, accumulate, dropout }) =>
    4 * (rows * (columns * (5 + accumulate + (dropout > 0 ? 1 : 0)) + 2) + columns),
  reference({ x, weight, saved, dy, dx, droppedDx }, dims, scalars) {
    const { rows, columns, offset, accumulate, dropout } = dims;
    for (let row = 0; row < rows; row++) {
      const base = row * columns;
      const [mean, scale] = [saved[row * 2], saved[row * 2 + 1]];
      // x̂ depends on every x of the row by mean and deviation: both means are what those dependences take
      // away.
      let [meanG, meanGx] = [0, 0];
      for (let c = 0; c < columns; c++) {
        const g = dy[base + c] * (weight[c] + offset);
        meanG += g / columns;
        meanGx += (g * (x[base + c] - mean) * scale) / columns;
      }
      for (let c = 0; c < columns; c++) {
        const g = dy[base + c] * (weight[c] + offset);
        const gradient = (g - meanG - (x[base + c] - mean) * scale * meanGx) * scale;
        dx[base + c] = accumulate === 1 ? dx[base + c] + gradient : gradient;
        if (dropout > 0) droppedDx[base + c] = droppedValue(dx[base + c], base + c, dims, scalars);
      }
    }
  },
});

/**
 * sums[s] = Σ over the rows of slice s of (dy ∘ x̂, dy): gradients of scale and bias, [slices, 1 + hasBias,
 * columns].
 */
export const layerNormBackwardWeight = defineKernel({
  ...normDeclaration,
  name: 'layerNorm.backwardWeight',
  title: 'LayerNorm',
  source: normPrologue + dropoutMask + source,
  entryPoint: 'backwardWeight',
  dims: ['rows', 'columns', 'hasBias', 'slices', 'accumulate'],
  reads: ['x', 'saved', 'dy'],
  writes: ['sums'],
  tensors: ({ rows, columns, hasBias, slices }) => ({
    x: { shape: [rows, columns] },
    saved: { shape: [rows, 2] },
    dy: { shape: [rows, columns] },
    sums: { shape: [slices, 1 + hasBias, columns] },
  }),
  selfTest: [
    { rows: 67, columns: 33, hasBias: 1, slices: 3, accumulate: 0 },
    { rows: 9, columns: 40, hasBias: 0, slices: 1, accumulate: 1 },
  ],
  calibration: normSizes.map((size) => ({
    ...size,
    hasBias: 1,
    slices: weightSlices(size.rows),
    accumulate: 0,
  })),
  // A sum over rows: slices of them are summed side by side and added in order (norm-sums.ts).
  workgroups: ({ columns, slices }) => slices * Math.ceil(columns / 32),
  usefulFlops: ({ rows, columns, hasBias }) => rows * columns * (4 + hasBias), // x̂, product, sum; sum
  launchedFlops: ({ rows, columns }) => rows * columns * 6, // dy · 1 is multiplied too
  // x, dy and statistics once; the sums of every slice
  bytes: ({ rows, columns, hasBias, slices, accumulate }) =>
    4 * (rows * (2 * columns + 2) + slices * columns * (1 + hasBias) * (1 + accumulate)),
  reference({ x, saved, dy, sums }, { rows, columns, hasBias, slices, accumulate }) {
    const slicedRows = Math.ceil(rows / slices);
    for (let slice = 0; slice < slices; slice++) {
      const end = Math.min((slice + 1) * slicedRows, rows);
      for (let column = 0; column < columns; column++) {
        let [scale, bias] = [0, 0];
        for (let row = slice * slicedRows; row < end; row++) {
          const gradient = dy[row * columns + column];
          scale += gradient * (x[row * columns + column] - saved[row * 2]) * saved[row * 2 + 1];
          bias += gradient;
        }
        const index = slice * (1 + hasBias) * columns + column;
        sums[index] = accumulate === 1 ? sums[index] + scale : scale;
        if (hasBias === 1) {
          sums[index + columns] = accumulate === 1 ? sums[index + columns] + bias : bias;
        }
      }
    }
  },
});

/** Variants of both passes, the one to prefer first. */
export const layerNormForwards = [rowEach(layerNormForward), layerNormForward];
export const layerNormBackwards = [rowEach(layerNormBackward), layerNormBackward];

/**
 * LayerNorm over the last dimension.
 * @param x [N, C]
 * @param weight [2, C] (scale above bias), or [C] without bias; `offset` is added to the scale
 */
export function layerNorm(
  tape: Tape,
  x: Tensor,
  weight: Tensor,
  options: { readonly epsilon: number; readonly bias: boolean; readonly offset?: 0 | 1 },
): Tensor {
  const columns = x.shape.at(-1) ?? 1;
  const rows = elementCount(x.shape) / columns;
  const hasBias = options.bias ? 1 : 0;
  if (elementCount(weight.shape) !== columns * (1 + hasBias)) {
    throw new Error(
      `layerNorm: ${describeTensor(weight)} does not fit ${describeTensor(x)}. ` +
        `Pass [${hasBias === 1 ? '2, ' : ''}${columns}].`,
    );
  }
  const y = tape.tensor('layerNorm', x.shape);
  const statistics = tape.tensor('layerNorm statistics', [rows, 2]);
  // Asked while recording forward, when it is known what trains.
  const [wantsX, wantsWeight] = [tape.needsGradient(x), tape.needsGradient(weight)];
  const { epsilon, offset = 0 } = options;
  const dims = { rows, columns, hasBias, epsilon, offset };
  tape.dispatch(tape.choose(layerNormForwards, dims), dims, { x, weight, y, statistics });
  tape.onBackward([x, weight], y, (dy) => {
    if (wantsWeight) {
      recordWeightGradient(tape, 'layerNorm', weight, rows, (sums, options) => {
        const dims = { rows, columns, hasBias, ...options };
        tape.dispatch(layerNormBackwardWeight, dims, { x, saved: statistics, dy, sums });
      });
    }
    if (wantsX) {
      // The residual stream reads x as well: what came from there is added to.
      const { gradient: dx, accumulate } = tape.gradientTarget(x);
      const dims = { rows, columns, offset, accumulate, ...noDropout };
      tape.dispatch(tape.choose(layerNormBackwards, dims), dims, { x, weight, saved: statistics, dy, dx });
    }
  });
  return y;
}
