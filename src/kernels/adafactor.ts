// Adafactor (Shazeer and Stern 2018) as PyTorch has it: a second moment of matrices by factors and of vectors whole, steps
// relative to the size of a parameter and clipped by the size of the update. Here the kernel for vectors and the recording.
import vectorSource from '../../shaders/adafactor-vectors.wgsl?raw';
import { type Dims, defineKernel } from '../plan/kernel.ts';
import { isMatrix, matricesOf } from '../plan/matrices.ts';
import { type Parameter, type ParameterShape, trainedParameters } from '../plan/store.ts';
import type { Tape } from '../plan/tape.ts';
import { elementCount, type Tensor } from '../plan/tensor.ts';
import {
  adafactorApply,
  adafactorColumns,
  adafactorFinish,
  adafactorRows,
  adafactorUpdateSums,
  type MatrixPlace,
  newPart,
  relativeRate,
  runsOf,
} from './adafactor-matrix.ts';
import { clippedMetrics, metricSlots } from './gradient-norm.ts';
import { type GradientUse, type Optimizer, stateOf } from './optimizer.ts';
import { prologue } from './prologue.ts';

/** Constants of Adafactor; the rate is a step scalar, and an upper limit of the relative rate. */
export interface AdafactorOptions {
  /** Part of a weight of a matrix that is taken off a step, times the rate. */
  readonly weightDecay: number;
  /** Least root of the second moment. */
  readonly epsilon: number;
  /** Of a mean t^−decayExponent is new in step t. */
  readonly decayExponent: number;
  /** Steps are relative to the root mean square of the weights, or to this where it is larger. */
  readonly minimumScale: number;
  /** Largest root mean square of an update before its rate. */
  readonly updateClip: number;
}

const constants = { decayExponent: 0.8, epsilon: 1e-8, minimumScale: 1e-3, updateClip: 1 } as const;

/** v += b(g² − v); w −= α·u ÷ max(1, rms(u) ÷ updateClip); all [vectors, columns], each vector by itself. */
export const adafactorVectors = defineKernel({
  name: 'adafactor.vectors',
  role: 'optimizer',
  arithmetic: 'optimizer arithmetic',
  source: prologue + vectorSource,
  entryPoint: 'updateVectors',
  dims: ['vectors', 'columns', 'decayExponent', 'epsilon', 'minimumScale', 'updateClip', 'clearGradient'],
  reads: ['metrics'],
  writes: ['weights', 'gradients', 'variances'],
  tensors: ({ vectors, columns }) => ({
    metrics: clippedMetrics,
    weights: { shape: [vectors, columns] },
    gradients: { shape: [vectors, columns] },
    variances: { shape: [vectors, columns], fill: (uniform) => 0.1 + uniform },
  }),
  selfTest: [
    { vectors: 2, columns: 43, ...constants, clearGradient: 1 },
    { vectors: 1, columns: 300, ...constants, updateClip: 0.1, clearGradient: 0 },
  ],
  calibration: [64, 512, 4096].map((columns) => ({ vectors: 1, columns, ...constants, clearGradient: 0 })),
  // A workgroup a vector: its root mean squares need all of it, and biases and scales are short.
  workgroups: ({ vectors }) => vectors,
  usefulFlops: ({ vectors, columns }) => vectors * (14 * columns + 8),
  launchedFlops: ({ vectors, columns }) => vectors * (18 * columns + 8), // updates are computed twice
  // weights and variances are read and written, gradients read, and cleared
  bytes: ({ vectors, columns, clearGradient }) => 4 * vectors * columns * (5 + clearGradient),
  reference(arrays, dims, scalars) {
    const { weights, gradients, variances } = arrays;
    const { vectors, columns, decayExponent, epsilon, minimumScale, updateClip, clearGradient } = dims;
    const factor = arrays.metrics[metricSlots.clipFactor];
    // u = g ÷ √v, with the root bounded from below instead of epsilon beside it.
    const updateAt = (index: number) =>
      (gradients[index] * factor) / Math.sqrt(Math.max(variances[index], epsilon ** 2));
    for (let start = 0; start < vectors * columns; start += columns) {
      if (arrays.metrics[metricSlots.isFinite] === 1) {
        let [updates, squares] = [0, 0];
        for (let i = start; i < start + columns; i++) {
          variances[i] += newPart(scalars, decayExponent) * ((gradients[i] * factor) ** 2 - variances[i]);
          updates += updateAt(i) ** 2;
          squares += weights[i] ** 2;
        }
        const rate = relativeRate(scalars, minimumScale, squares / columns);
        // Where the second moment lags behind growing gradients, the update as a whole is scaled down (section 6).
        const clipped = rate / Math.max(1, Math.sqrt(updates / columns) / updateClip);
        for (let i = start; i < start + columns; i++) weights[i] -= clipped * updateAt(i);
      }
      if (clearGradient === 1) gradients.fill(0, start, start + columns);
    }
  },
});

/** Adafactor: factors for matrices, packed ones apart as Muon takes them, and a whole second moment for vectors. */
export const adafactorOptimizer: Optimizer<AdafactorOptions> = {
  label: 'Adafactor',
  summary:
    'Adafactor keeps the second moment of a matrix as means of its rows and columns, with steps relative to the size of the weights',
  settings: ['weightDecay', 'epsilon', 'decayExponent', 'minimumScale', 'updateClip'],
  states: [
    // For a matrix [n, m] n + m numbers instead of n · m: what Adafactor is for.
    { kind: 'factored', name: 'rowFactors', shapeOf: rowShape },
    { kind: 'factored', name: 'columnFactors', shapeOf: columnShape },
    { kind: 'full', name: 'variances', keeps: (parameter) => !isMatrix(parameter) },
  ],
  record: (tape, store, metrics, options) => {
    for (const parameter of trainedParameters(store)) {
      tape.scope(parameter.name, () => {
        if (isMatrix(parameter)) recordMatrices(tape, parameter, metrics, options);
        else recordVectors(tape, parameter, metrics, options);
      });
    }
  },
};

/** [matrices, rows] */
function rowShape(parameter: ParameterShape): readonly number[] | undefined {
  const matrices = matricesOf(parameter);
  return matrices[0] && [matrices.length, matrices[0].rows];
}

/** As the parameter without its rows: [columns], or [stacked, columns]. */
function columnShape(parameter: ParameterShape): readonly number[] | undefined {
  const { shape } = parameter;
  return isMatrix(parameter) ? [...shape.slice(0, -2), shape.at(-1) ?? 1] : undefined;
}

/** The matrices of a parameter, those of one size that lie side by side together. */
function placesIn({ shape, columns }: ParameterShape): MatrixPlace[] {
  const [rows = 1, stride = 1] = shape.slice(-2);
  const stacked = shape.slice(0, -2).reduce((product, size) => product * size, 1);
  const places: MatrixPlace[] = [];
  let firstColumn = 0;
  for (const width of columns ?? [stride]) {
    // Neighbours of one width share dispatches: queries, keys and values of equal heads are one place of three pieces.
    const last = places.at(-1);
    if (last?.columns === width) {
      places[places.length - 1] = { ...last, pieces: last.pieces + 1, matrices: last.matrices + stacked };
    } else places.push({ matrices: stacked, pieces: 1, rows, columns: width, stride, firstColumn });
    firstColumn += width;
  }
  return places;
}

function recordMatrices(
  tape: Tape,
  parameter: Parameter,
  metrics: Tensor,
  options: AdafactorOptions & GradientUse,
): void {
  const [rowFactors, columnFactors] = ['rowFactors', 'columnFactors'].map((name) =>
    parameter.factors.get(name),
  );
  if (!rowFactors || !columnFactors)
    throw new Error(`adafactor: ${parameter.name} has no factors. Lay the parameters out with them.`);
  let rowStart = 0;
  for (const place of placesIn(parameter)) {
    recordPlace(tape, parameter, { ...place, rowStart }, { metrics, rowFactors, columnFactors }, options);
    rowStart += place.matrices * place.rows;
  }
}

function recordPlace(
  tape: Tape,
  { blocks }: Parameter,
  { rowStart, ...place }: MatrixPlace & Dims<'rowStart'>,
  factors: Readonly<Record<'metrics' | 'rowFactors' | 'columnFactors', Tensor>>,
  options: AdafactorOptions & GradientUse,
): void {
  const { matrices, rows, columns } = place;
  const { decayExponent, epsilon, minimumScale, updateClip, weightDecay, clearGradient } = options;
  const { metrics, rowFactors } = factors;
  // Column sums run over slices of rows, at most 64 of them, so that a tall matrix fills the device.
  const sliceRows = Math.max(32, Math.ceil(rows / 64));
  let [slices, sums] = [0, 0];
  const parts = blocks.map(({ firstRow, weight, gradient }) => {
    // Only tables lie in several blocks, and those are single matrices.
    const dims = { ...place, rows: blocks.length === 1 ? rows : (weight.shape[0] ?? rows) };
    const part = { weights: weight, gradients: gradient, dims, firstRow, firstSlice: slices, firstSum: sums };
    slices += Math.ceil(dims.rows / sliceRows);
    sums += runsOf(dims);
    return part;
  });
  // Small tensors hand sums from one dispatch to the next: a mean over a whole matrix needs all workgroups to be done, and
  // only the end of a dispatch says that they are.
  const weightSquares = tape.tensor('weight squares', [matrices, rows]);
  const gradientSquares = tape.tensor('gradient squares', [matrices, slices, columns]);
  const scales = tape.tensor('scales', [matrices, 2]);
  const updateSquares = tape.tensor('update squares', [matrices, sums]);
  for (const { weights, gradients, dims, firstRow, firstSlice } of parts) {
    const rowDims = { ...dims, firstRow, rowStart, decayExponent };
    tape.dispatch(adafactorRows, rowDims, { metrics, weights, gradients, rowFactors, weightSquares });
    const columnDims = { ...dims, sliceRows, parts: slices, firstPart: firstSlice };
    tape.dispatch(adafactorColumns, columnDims, { metrics, gradients, gradientSquares });
  }
  const finishDims = { ...place, parts: slices, rowStart, decayExponent, epsilon, minimumScale };
  tape.dispatch(adafactorFinish, finishDims, { ...factors, weightSquares, gradientSquares, scales });
  // Factors of the whole parameter are known now; updates are summed, and then computed again to be applied, since storing
  // them would take as much memory as the moment that factors save.
  for (const { gradients, dims, firstRow, firstSum } of parts) {
    const updateDims = { ...dims, firstRow, rowStart, parts: sums, firstPart: firstSum, epsilon };
    tape.dispatch(adafactorUpdateSums, updateDims, { ...factors, gradients, scales, updateSquares });
  }
  for (const { weights, gradients, dims, firstRow } of parts) {
    const whole = { firstRow, rowStart, parts: sums, elements: rows * columns };
    const applyDims = { ...dims, ...whole, epsilon, updateClip, weightDecay, clearGradient };
    tape.dispatch(adafactorApply, applyDims, { ...factors, weights, gradients, scales, updateSquares });
  }
}

/** Records the step of a parameter that is one vector, or several of its last size (a LayerNorm's scale and bias). */
function recordVectors(
  tape: Tape,
  { shape, blocks }: Parameter,
  metrics: Tensor,
  { epsilon, decayExponent, minimumScale, updateClip, clearGradient }: AdafactorOptions & GradientUse,
): void {
  const columns = shape.at(-1) ?? 1;
  const settings = { decayExponent, epsilon, minimumScale, updateClip, clearGradient };
  for (const { weight, gradient, states } of blocks) {
    const variances = stateOf({ weights: weight, states }, 'variances');
    const dims = { vectors: elementCount(weight.shape) / columns, columns, ...settings };
    tape.dispatch(adafactorVectors, dims, { metrics, weights: weight, gradients: gradient, variances });
  }
}
