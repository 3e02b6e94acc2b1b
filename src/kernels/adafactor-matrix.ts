// The kernels of Adafactor for matrices, whose second moment is kept as the means of its rows and columns.
import source from '../../shaders/adafactor-matrix.wgsl?raw';
import { type Dims, defineKernel, type NumberArray, type Scalars } from '../plan/kernel.ts';
import { clippedMetrics, metricSlots } from './gradient-norm.ts';
import { elementGroups, elementSteps } from './launch.ts';
import { prologue } from './prologue.ts';

const threads = 128;

/** Matrices of one size in a parameter: `pieces` side by side from column `firstColumn` on, and as many stacks of them. */
const placeDims = ['matrices', 'pieces', 'rows', 'columns', 'stride', 'firstColumn'] as const;
export type MatrixPlace = Dims<(typeof placeDims)[number]>;

/** Means of squares are positive. */
const positive = (uniform: number) => 0.1 + uniform;

/** Elements of a parameter up to the end of its last matrix, and of its column factors. */
const extent = (dims: MatrixPlace) => [placeOf(dims, dims.matrices - 1, dims.rows - 1, dims.columns - 1) + 1];
const columnExtent = (dims: MatrixPlace) => [columnOf(dims, dims.matrices - 1, dims.columns - 1) + 1];

// Two pieces side by side, three stacks of them, with columns before and behind; and one matrix wider than a workgroup.
const samples = [
  { matrices: 6, pieces: 2, rows: 7, columns: 5, stride: 13, firstColumn: 3 },
  { matrices: 1, pieces: 1, rows: 40, columns: 150, stride: 150, firstColumn: 0 },
] as const;
const timed = [64, 256, 1024].map((size) => {
  return { matrices: 1, pieces: 1, rows: size, columns: size, stride: size, firstColumn: 0 };
});
const constants = { decayExponent: 0.8, epsilon: 1e-8 } as const;
const numbersOf = ({ matrices, rows, columns }: Dims<'matrices' | 'rows' | 'columns'>) =>
  matrices * rows * columns;

/** Runs of elements of which a matrix, or its rows in a block, has a sum of u² each. */
export function runsOf({ rows, columns }: Dims<'rows' | 'columns'>): number {
  return elementGroups(rows * columns);
}

/**
 * r += b(mean g² − r), and Σ w² of each row.
 * v of row i and column j is approximated by r_i · c_j ÷ mean(r), the rank-one matrix with v's row and column sums
 * (Shazeer and Stern 2018, section 3).
 */
export const adafactorRows = defineKernel({
  name: 'adafactor.rows',
  role: 'optimizer',
  arithmetic: 'optimizer arithmetic',
  source: prologue + source,
  entryPoint: 'rowMeans',
  dims: [...placeDims, 'firstRow', 'rowStart', 'decayExponent'],
  reads: ['metrics', 'weights', 'gradients'],
  writes: ['rowFactors', 'weightSquares'],
  tensors: (dims) => ({
    metrics: clippedMetrics,
    weights: { shape: extent(dims) },
    gradients: { shape: extent(dims) },
    rowFactors: { shape: [dims.rowStart + dims.firstRow + dims.matrices * dims.rows], fill: positive },
    weightSquares: { shape: [dims.firstRow + dims.matrices * dims.rows] },
  }),
  selfTest: samples.map((dims, i) => ({ ...dims, firstRow: 2 * i, rowStart: 4, decayExponent: 0.8 })),
  calibration: timed.map((dims) => ({ ...dims, firstRow: 0, rowStart: 0, decayExponent: 0.8 })),
  workgroups: ({ matrices, rows }) => matrices * rows,
  // clip, square and sum of g, square and sum of w; then the mean, four a row
  usefulFlops: (dims) => 5 * numbersOf(dims) + 4 * dims.matrices * dims.rows,
  // gradients and weights are read once, row factors read and written, sums of w² written
  bytes: (dims) => 4 * (2 * numbersOf(dims) + 3 * dims.matrices * dims.rows),
  reference(arrays, dims, scalars) {
    const { weights, gradients, rowFactors, weightSquares } = arrays;
    const { matrices, rows, columns, firstRow, rowStart, decayExponent } = dims;
    const factor = arrays.metrics[metricSlots.clipFactor];
    for (let row = 0; row < matrices * rows; row++) {
      let [sum, squares] = [0, 0];
      for (let column = 0; column < columns; column++) {
        const place = placeOf(dims, Math.floor(row / rows), row % rows, column);
        sum += (gradients[place] * factor) ** 2;
        squares += weights[place] ** 2;
      }
      weightSquares[firstRow + row] = squares;
      // A step that is not finite leaves the factors; w² is summed all the same and thrown away.
      if (arrays.metrics[metricSlots.isFinite] !== 1) continue;
      const place = rowStart + firstRow + row;
      rowFactors[place] += newPart(scalars, decayExponent) * (sum / columns - rowFactors[place]);
    }
  },
});

/** Σ g² of slices of the columns of a block. */
export const adafactorColumns = defineKernel({
  name: 'adafactor.columns',
  role: 'optimizer',
  arithmetic: 'optimizer arithmetic',
  source: prologue + source,
  entryPoint: 'columnSums',
  dims: [...placeDims, 'sliceRows', 'parts', 'firstPart'],
  reads: ['metrics', 'gradients'],
  writes: ['gradientSquares'],
  tensors: (dims) => ({
    metrics: clippedMetrics,
    gradients: { shape: extent(dims) },
    gradientSquares: { shape: [dims.matrices, dims.parts, dims.columns] },
  }),
  selfTest: samples.map((dims, i) => ({ ...dims, sliceRows: 3 + 13 * i, parts: 4, firstPart: i })),
  calibration: timed.map((dims) => {
    return { ...dims, sliceRows: 32, parts: Math.ceil(dims.rows / 32), firstPart: 0 };
  }),
  workgroups: ({ matrices, rows, columns, sliceRows }) =>
    // an invocation a column and slice: neighbours read neighbouring columns of a row
    matrices * Math.ceil(rows / sliceRows) * Math.ceil(columns / threads),
  // clip, square, sum
  usefulFlops: (dims) => 3 * numbersOf(dims),
  bytes: (dims) =>
    // gradients once; a sum a column and slice
    4 * (numbersOf(dims) + dims.matrices * dims.columns * Math.ceil(dims.rows / dims.sliceRows)),
  reference(arrays, dims) {
    const { matrices, rows, columns, sliceRows, parts, firstPart } = dims;
    const factor = arrays.metrics[metricSlots.clipFactor];
    for (let matrix = 0; matrix < matrices; matrix++) {
      const start = (matrix * parts + firstPart) * columns;
      arrays.gradientSquares.fill(0, start, start + Math.ceil(rows / sliceRows) * columns);
      for (let row = 0; row < rows; row++) {
        const slice = start + Math.floor(row / sliceRows) * columns;
        for (let column = 0; column < columns; column++) {
          const gradient = arrays.gradients[placeOf(dims, matrix, row, column)] * factor;
          arrays.gradientSquares[slice + column] += gradient ** 2;
        }
      }
    }
  },
});

/** c += b(mean g² − c); scales = [1 ÷ max(mean(r), epsilon), α] of each matrix. */
export const adafactorFinish = defineKernel({
  name: 'adafactor.finish',
  role: 'optimizer',
  arithmetic: 'optimizer arithmetic',
  source: prologue + source,
  entryPoint: 'finish',
  dims: [...placeDims, 'parts', 'rowStart', 'decayExponent', 'epsilon', 'minimumScale'],
  reads: ['metrics', 'rowFactors', 'weightSquares', 'gradientSquares'],
  writes: ['columnFactors', 'scales'],
  tensors: (dims) => ({
    metrics: clippedMetrics,
    rowFactors: { shape: [dims.rowStart + dims.matrices * dims.rows], fill: positive },
    weightSquares: { shape: [dims.matrices, dims.rows], fill: positive },
    gradientSquares: { shape: [dims.matrices, dims.parts, dims.columns], fill: positive },
    columnFactors: { shape: columnExtent(dims), fill: positive },
    scales: { shape: [dims.matrices, 2] },
  }),
  selfTest: samples.map((dims, i) => {
    return { ...dims, parts: 1 + 8 * i, rowStart: 4 * i, ...constants, minimumScale: i };
  }),
  calibration: timed.map((dims) => ({ ...dims, parts: 32, rowStart: 0, ...constants, minimumScale: 1e-3 })),
  // One workgroup a matrix, as its one scale and rate need all rows: what is left to add up is short.
  workgroups: ({ matrices }) => matrices,
  // a column: the sums of its slices, then the mean's four; a row: two sums; eight for scale and rate
  usefulFlops: ({ matrices, rows, columns, parts }) => matrices * (columns * (parts + 4) + 2 * rows + 8),
  bytes: ({ matrices, rows, columns, parts }) => 4 * matrices * (columns * (parts + 2) + 2 * rows + 2),
  reference(arrays, dims, scalars) {
    const { rowFactors, weightSquares, gradientSquares, columnFactors, scales } = arrays;
    const { matrices, rows, columns, parts, rowStart, decayExponent, epsilon, minimumScale } = dims;
    for (let matrix = 0; matrix < matrices; matrix++) {
      for (let column = 0; column < columns; column++) {
        let sum = 0;
        for (let part = 0; part < parts; part++)
          sum += gradientSquares[(matrix * parts + part) * columns + column];
        if (arrays.metrics[metricSlots.isFinite] !== 1) continue;
        const place = columnOf(dims, matrix, column);
        columnFactors[place] += newPart(scalars, decayExponent) * (sum / rows - columnFactors[place]);
      }
      let [sum, squares] = [0, 0];
      for (let row = matrix * rows; row < (matrix + 1) * rows; row++) {
        sum += rowFactors[rowStart + row];
        squares += weightSquares[row];
      }
      scales[2 * matrix] = 1 / Math.max(sum / rows, epsilon);
      scales[2 * matrix + 1] = relativeRate(scalars, minimumScale, squares / (rows * columns));
    }
  },
});

/** Σ u² of runs of a block's elements. */
export const adafactorUpdateSums = defineKernel({
  name: 'adafactor.updateSums',
  role: 'optimizer',
  arithmetic: 'optimizer arithmetic',
  source: prologue + source,
  entryPoint: 'updateSums',
  dims: [...placeDims, 'firstRow', 'rowStart', 'parts', 'firstPart', 'epsilon'],
  reads: ['metrics', 'gradients', 'rowFactors', 'columnFactors', 'scales'],
  writes: ['updateSquares'],
  tensors: (dims) => ({
    metrics: clippedMetrics,
    gradients: { shape: extent(dims) },
    rowFactors: { shape: [dims.rowStart + dims.firstRow + dims.matrices * dims.rows], fill: positive },
    columnFactors: { shape: columnExtent(dims), fill: positive },
    scales: { shape: [dims.matrices, 2], fill: positive },
    updateSquares: { shape: [dims.matrices, dims.parts] },
  }),
  selfTest: samples.map((dims, i) => {
    const parts = { parts: runsOf(dims) + 1, firstPart: i };
    return { ...dims, firstRow: 2 * i, rowStart: 4, ...parts, epsilon: 1e-8 };
  }),
  calibration: timed.map((dims) => {
    return { ...dims, firstRow: 0, rowStart: 0, parts: runsOf(dims), firstPart: 0, epsilon: 1e-8 };
  }),
  constants: ({ rows, columns }) => ({ steps: elementSteps(rows * columns) }),
  workgroups: (dims) => dims.matrices * runsOf(dims),
  // r · scale · c, clip, root, quotient; square, sum
  usefulFlops: (dims) => 8 * numbersOf(dims),
  // gradients once; factors are few and stay in caches
  bytes: (dims) => 4 * (numbersOf(dims) + dims.matrices * (dims.rows + dims.columns + runsOf(dims))),
  reference(arrays, dims) {
    const { matrices, rows, columns, parts, firstPart } = dims;
    const run = threads * elementSteps(rows * columns);
    for (let matrix = 0; matrix < matrices; matrix++) {
      const start = matrix * parts + firstPart;
      // A run is what one workgroup sums: the shader's order of addition, so that sums agree closely.
      arrays.updateSquares.fill(0, start, start + runsOf(dims));
      for (let element = 0; element < rows * columns; element++)
        arrays.updateSquares[start + Math.floor(element / run)] +=
          updateOf(arrays, dims, matrix, element) ** 2;
    }
  },
});

/** w = w(1 − rate·decay) − α·u ÷ max(1, rms(u) ÷ updateClip), for a block. */
export const adafactorApply = defineKernel({
  name: 'adafactor.apply',
  role: 'optimizer',
  arithmetic: 'optimizer arithmetic',
  source: prologue + source,
  entryPoint: 'apply',
  dims: [
    ...placeDims,
    'firstRow',
    'rowStart',
    'parts',
    'elements',
    'epsilon',
    'updateClip',
    'weightDecay',
    'clearGradient',
  ],
  reads: ['metrics', 'rowFactors', 'columnFactors', 'scales', 'updateSquares'],
  writes: ['weights', 'gradients'],
  tensors: (dims) => ({
    metrics: clippedMetrics,
    rowFactors: { shape: [dims.rowStart + dims.firstRow + dims.matrices * dims.rows], fill: positive },
    columnFactors: { shape: columnExtent(dims), fill: positive },
    scales: { shape: [dims.matrices, 2], fill: positive },
    updateSquares: { shape: [dims.matrices, dims.parts], fill: positive },
    weights: { shape: extent(dims) },
    gradients: { shape: extent(dims) },
  }),
  selfTest: samples.map((dims, i) => {
    // An update far from what is clipped to, and one that is clipped.
    const sums = { parts: 3 + 140 * i, elements: i === 0 ? 1000 : 3 };
    const rest = { epsilon: 1e-8, updateClip: 1, weightDecay: 0.1, clearGradient: i };
    return { ...dims, firstRow: 2 * i, rowStart: 4, ...sums, ...rest };
  }),
  calibration: timed.map((dims) => {
    const sums = { parts: runsOf(dims), elements: dims.rows * dims.columns };
    const rest = { epsilon: 1e-8, updateClip: 1, weightDecay: 0.1, clearGradient: 0 };
    return { ...dims, firstRow: 0, rowStart: 0, ...sums, ...rest };
  }),
  constants: ({ rows, columns }) => ({ steps: elementSteps(rows * columns) }),
  workgroups: (dims) => dims.matrices * runsOf(dims),
  // u (6), rate and difference, decay
  usefulFlops: (dims) => 9 * numbersOf(dims),
  // every workgroup adds up the sums of its matrix again: another dispatch would cost more
  launchedFlops: (dims) => 9 * numbersOf(dims) + dims.parts * dims.matrices * runsOf(dims),
  bytes: (dims) => {
    const { matrices, rows, columns, parts, clearGradient } = dims;
    // weights are read and written, gradients read, and cleared; factors and sums beside them
    return 4 * (numbersOf(dims) * (3 + clearGradient) + matrices * (rows + columns + parts));
  },
  reference(arrays, dims, { learningRate }) {
    const { weights, gradients, scales, updateSquares } = arrays;
    const { matrices, rows, columns, parts, elements, updateClip, weightDecay, clearGradient } = dims;
    for (let matrix = 0; matrix < matrices; matrix++) {
      let squares = 0;
      for (let part = matrix * parts; part < (matrix + 1) * parts; part++) squares += updateSquares[part];
      // α ÷ max(1, rms(u) ÷ clip)
      const factor = scales[2 * matrix + 1] / Math.max(1, Math.sqrt(squares / elements) / updateClip);
      for (let element = 0; element < rows * columns; element++) {
        const place = placeOf(dims, matrix, Math.floor(element / columns), element % columns);
        if (arrays.metrics[metricSlots.isFinite] === 1) {
          const kept = weights[place] * (1 - learningRate * weightDecay);
          weights[place] = kept - factor * updateOf(arrays, dims, matrix, element);
        }
        if (clearGradient === 1) gradients[place] = 0;
      }
    }
  },
});

/**
 * b: the part of a mean that is new in this step.
 * β₂ = 1 − t^−0.8 grows with the step: the mean starts as the first square itself and needs no correction (Shazeer and
 * Stern 2018, section 7).
 */
export function newPart({ step }: Scalars, decayExponent: number): number {
  return step ** -decayExponent;
}

/**
 * α of a parameter of this mean square.
 * Steps in proportion to the weights' own size (section 8): one rate then serves embeddings and projections.
 */
export function relativeRate(
  { learningRate, step }: Scalars,
  minimumScale: number,
  meanSquare: number,
): number {
  return Math.max(minimumScale, Math.sqrt(meanSquare)) * Math.min(learningRate, 1 / Math.sqrt(step));
}

/** Where an element lies in the parameter. */
function placeOf(dims: MatrixPlace, matrix: number, row: number, column: number): number {
  // Pieces side by side are counted first, then the stacks below.
  const stacked = Math.floor(matrix / dims.pieces) * dims.rows + row;
  return stacked * dims.stride + dims.firstColumn + (matrix % dims.pieces) * dims.columns + column;
}

/** Where a column lies in the column factors. */
function columnOf(dims: MatrixPlace, matrix: number, column: number): number {
  return placeOf({ ...dims, rows: 1 }, matrix, 0, column);
}

/** u of an element: the gradient over the root of its second moment. */
function updateOf(
  arrays: Readonly<Record<'metrics' | 'gradients' | 'rowFactors' | 'columnFactors' | 'scales', NumberArray>>,
  dims: MatrixPlace & Dims<'firstRow' | 'rowStart' | 'epsilon'>,
  matrix: number,
  element: number,
): number {
  const [row, column] = [Math.floor(element / dims.columns), element % dims.columns];
  const r = arrays.rowFactors[dims.rowStart + matrix * dims.rows + dims.firstRow + row];
  // Rank one: the mean of the row times that of the column, over the mean of the rows.
  const variance = r * arrays.scales[2 * matrix] * arrays.columnFactors[columnOf(dims, matrix, column)];
  const gradient = arrays.gradients[placeOf(dims, matrix, row, column)];
  return (
    (gradient * arrays.metrics[metricSlots.clipFactor]) / Math.sqrt(Math.max(variance, dims.epsilon ** 2))
  );
}
