// Muon (Jordan et al. 2024): momentum whose matrices are made orthogonal before they become an update, by five steps of a
// quintic Newton–Schulz iteration. Its matrix products are the same kernels as everywhere.
import source from '../../shaders/muon.wgsl?raw';
import { defineKernel } from '../plan/kernel.ts';
import { isMatrix, matricesOf, type ParameterMatrix } from '../plan/matrices.ts';
import { type Parameter, type ParameterShape, partsWithout, trainedParameters } from '../plan/store.ts';
import type { Tape } from '../plan/tape.ts';
import type { Tensor } from '../plan/tensor.ts';
import { clippedMetrics, metricSlots, sumSquaresKernel } from './gradient-norm.ts';
import { recordMatmul } from './matmul.ts';
import type { GradientUse, Optimizer } from './optimizer.ts';
import { type AdamWOptions, adamW, momentNames } from './optimizers.ts';
import { prologue } from './prologue.ts';

/** a, b, c of x ← a·x + b·(x·xᵀ)·x + c·(x·xᵀ)²·x: they take singular values from (0, 1] to about 0.7 … 1.2. */
export const muonCoefficients = [3.4445, -4.775, 2.0315] as const;

/** Steps of the iteration. */
const iterations = 5;

const threads = 128;
/** Workgroups of an element-wise kernel. */
const groupsOf = (elements: number) => Math.ceil(elements / threads);

/** Elements of a parameter up to the end of a matrix in it. */
const extent = (dims: Readonly<Record<'rows' | 'columns' | 'stride' | 'firstElement', number>>) => [
  dims.firstElement + (dims.rows - 1) * dims.stride + dims.columns,
];

const parts = [
  { rows: 7, columns: 5, stride: 11, firstElement: 3 },
  { rows: 16, columns: 24, stride: 24, firstElement: 0 },
] as const;
const calibration = [64, 256, 1024].map((size) => ({
  rows: size,
  columns: size,
  stride: size,
  firstElement: 0,
}));

/**
 * m += (1 − β)(g − m); x = g + β(m − g), packed; 0 in a step that is not finite.
 * All directions of a weight matrix shall move alike. The update U S Vᵀ of the momentum becomes U Vᵀ: an odd polynomial
 * of x acts on the singular values alone, and applied five times takes all of them to about 1. Matrices that a
 * parameter holds side by side (query, key and value) are gathered, since each shall be orthogonal by itself.
 */
export const muonMomentum = defineKernel({
  name: 'muon.momentum',
  role: 'optimizer',
  arithmetic: 'optimizer arithmetic',
  source: prologue + source,
  entryPoint: 'gatherMomentum',
  dims: ['rows', 'columns', 'stride', 'firstElement', 'momentum', 'clearGradient'],
  reads: ['metrics'],
  writes: ['gradients', 'moment1', 'x'],
  tensors: (dims) => ({
    metrics: clippedMetrics,
    gradients: { shape: extent(dims) },
    moment1: { shape: extent(dims) },
    x: { shape: [dims.rows, dims.columns] },
  }),
  // A part of a wider parameter, and a whole one.
  selfTest: parts.map((part, i) => ({ ...part, momentum: 0.95, clearGradient: i })),
  calibration: calibration.map((part) => ({ ...part, momentum: 0.95, clearGradient: 0 })),
  workgroups: ({ rows, columns }) => groupsOf(rows * columns),
  // clip (1); difference, rate, sum for the mean (3), and for Nesterov's look ahead (3)
  usefulFlops: ({ rows, columns }) => 7 * rows * columns,
  // gradients are read, and cleared; the moment is read and written; x is written
  bytes: ({ rows, columns, clearGradient }) => 4 * rows * columns * (4 + clearGradient),
  reference(arrays, { rows, columns, stride, firstElement, momentum, clearGradient }) {
    const { gradients, moment1, x } = arrays;
    const counts = arrays.metrics[metricSlots.isFinite] === 1;
    for (let element = 0; element < rows * columns; element++) {
      const index = firstElement + Math.floor(element / columns) * stride + (element % columns);
      const gradient = gradients[index] * arrays.metrics[metricSlots.clipFactor];
      if (counts) moment1[index] += (1 - momentum) * (gradient - moment1[index]);
      // 0 rather than what is not finite: the products below would spread it, and the update is not applied anyway.
      x[element] = counts ? gradient + momentum * (moment1[index] - gradient) : 0;
      if (clearGradient === 1) gradients[index] = 0;
    }
  },
});

/** x ÷ (‖x‖ + 1e-7) in place, from the sums of squares. */
export const muonNormalise = defineKernel({
  name: 'muon.normalise',
  role: 'optimizer',
  arithmetic: 'optimizer arithmetic',
  source: prologue + source,
  entryPoint: 'normalise',
  dims: ['rows', 'columns', 'groups'],
  reads: ['squares'],
  writes: ['x'],
  tensors: ({ rows, columns, groups }) => ({
    squares: { shape: [groups], fill: (uniform) => uniform },
    x: { shape: [rows, columns] },
  }),
  selfTest: [
    { rows: 7, columns: 5, groups: 1 },
    { rows: 16, columns: 24, groups: 9 },
  ],
  calibration: [64, 256, 1024].map((size) => ({ rows: size, columns: size, groups: 16 })),
  workgroups: ({ rows, columns }) => groupsOf(rows * columns),
  usefulFlops: ({ rows, columns }) => rows * columns,
  launchedFlops: ({ rows, columns, groups }) => rows * columns * (1 + groups), // each sums the squares
  bytes: ({ rows, columns, groups }) => 4 * (2 * rows * columns + groups),
  reference({ squares, x }, { rows, columns, groups }) {
    let sum = 0;
    for (let i = 0; i < groups; i++) sum += squares[i];
    // By the Frobenius norm, which is at least the largest singular value: the iteration wants none above 1.
    for (let i = 0; i < rows * columns; i++) x[i] /= Math.sqrt(sum) + 1e-7;
  },
});

/** y = a·1 + b·s + c·y; all [columns, columns]. */
export const muonPolynomial = defineKernel({
  name: 'muon.polynomial',
  role: 'optimizer',
  arithmetic: 'optimizer arithmetic',
  source: prologue + source,
  entryPoint: 'polynomial',
  dims: ['columns'],
  reads: ['s'],
  writes: ['y'],
  wasmConstants: {
    constant: muonCoefficients[0],
    linear: muonCoefficients[1],
    square: muonCoefficients[2],
  },
  tensors: ({ columns }) => ({ s: { shape: [columns, columns] }, y: { shape: [columns, columns] } }),
  selfTest: [{ columns: 7 }, { columns: 24 }],
  calibration: [64, 256, 1024].map((columns) => ({ columns })),
  workgroups: ({ columns }) => groupsOf(columns * columns),
  // two products and a sum; a on the diagonal
  usefulFlops: ({ columns }) => 3 * columns * columns + columns,
  // s is read, y is read and written
  bytes: ({ columns }) => 12 * columns * columns,
  reference({ s, y }, { columns }) {
    const [a, b, c] = muonCoefficients;
    for (let i = 0; i < columns * columns; i++) {
      y[i] = b * s[i] + c * y[i] + (Math.floor(i / columns) === i % columns ? a : 0);
    }
  },
});

/** w = w·(1 − η·decay) − η·scale·update with η = rate · learning rate; nothing in a step that is not finite. */
export const muonApply = defineKernel({
  name: 'muon.apply',
  role: 'optimizer',
  arithmetic: 'optimizer arithmetic',
  source: prologue + source,
  entryPoint: 'scatterUpdate',
  dims: ['rows', 'columns', 'stride', 'firstElement', 'rate', 'scale', 'weightDecay'],
  reads: ['metrics', 'update'],
  writes: ['weights'],
  tensors: (dims) => ({
    metrics: clippedMetrics,
    update: { shape: [dims.rows, dims.columns] },
    weights: { shape: extent(dims) },
  }),
  selfTest: parts.map((part, i) => ({ ...part, rate: 2, scale: 0.2, weightDecay: 0.1 * i })),
  calibration: calibration.map((part) => ({ ...part, rate: 1, scale: 1, weightDecay: 0.1 })),
  workgroups: ({ rows, columns }) => groupsOf(rows * columns),
  usefulFlops: ({ rows, columns }) => 3 * rows * columns,
  bytes: ({ rows, columns }) => 12 * rows * columns,
  reference(arrays, { rows, columns, stride, firstElement, rate, scale, weightDecay }, scalars) {
    const { weights, update } = arrays;
    const learningRate = scalars.learningRate * rate;
    for (let element = 0; element < rows * columns; element++) {
      if (arrays.metrics[metricSlots.isFinite] !== 1) return;
      const index = firstElement + Math.floor(element / columns) * stride + (element % columns);
      weights[index] =
        weights[index] * (1 - learningRate * weightDecay) - learningRate * scale * update[element];
    }
  },
});

/** The parameter's own memory: weights, gradient and one moment. */
export interface MuonTensors {
  /** As the parameter lies, side by side matrices and all. */
  readonly weights: Tensor;
  /** Of the same shape. */
  readonly gradients: Tensor;
  /** The mean of gradients, of the same shape. */
  readonly moment1: Tensor;
}

/** Constants of Muon; the rate is a step scalar times `matrixRate`. AdamW's are for all that Muon leaves to it. */
export interface MuonOptions extends AdamWOptions {
  /** Of the mean of gradients, how much is kept a step. */
  readonly momentum: number;
  /** Times the step’s learning rate, for matrices. */
  readonly matrixRate: number;
  /** `rms` scales updates as AdamW's, by 0.2·√(longer side) (Liu et al. 2025); `shape` by √max(1, outputs ÷ inputs). */
  readonly matrixScale: 'rms' | 'shape';
}

/** Matrices between activations; embeddings, head, norms and biases are AdamW's. */
const isOrthogonalised = (parameter: ParameterShape) => isMatrix(parameter) && parameter.isTable !== true;

/** Muon for the matrices of the blocks, AdamW for the runs of parameters between them. */
export const muonOptimizer: Optimizer<MuonOptions> = {
  label: 'Muon and AdamW',
  summary:
    'Muon makes the updates of the blocks’ matrices orthogonal, those of each expert on their own, and leaves all else to AdamW',
  settings: ['momentum', 'weightDecay', 'matrixRate', 'matrixScale', 'beta1', 'beta2', 'epsilon'],
  states: [
    { kind: 'full', name: momentNames.first },
    { kind: 'full', name: momentNames.second, keeps: (parameter) => !isOrthogonalised(parameter) },
  ],
  record: (tape, store, metrics, options) => {
    const taken = trainedParameters(store).filter(isOrthogonalised);
    for (const parameter of taken) {
      const tensors = tensorsOf(parameter);
      // Query, key and value are orthogonal each by itself, and so are experts.
      for (const matrix of matricesOf(parameter))
        tape.scope(parameter.name, () => muon(tape, tensors, matrix, metrics, options));
    }
    const names = new Set(taken.map(({ name }) => name));
    // Matrices leave gaps in the flat shards; what lies between them is stepped run by run.
    for (const part of store.shards.flatMap((shard) => partsWithout(shard, (name) => names.has(name))))
      adamW(tape, part, metrics, options);
  },
};

function tensorsOf({ name, blocks }: Parameter): MuonTensors {
  const [block, ...more] = blocks;
  const moment1 = block?.states.get(momentNames.first);
  if (!block || !moment1 || more.length > 0)
    throw new Error(`muon: ${name} does not lie in one block with a moment. Lower the width.`);
  return { weights: block.weight, gradients: block.gradient, moment1 };
}

/** What the step of one matrix depends on. */
export type MatrixOptions = Omit<MuonOptions, keyof AdamWOptions> &
  Pick<AdamWOptions, 'weightDecay'> &
  GradientUse;

/** Records one Muon step of one matrix [inputs, outputs]. metrics: as gradientNorm leaves them. */
export function muon(
  tape: Tape,
  { weights, gradients, moment1 }: MuonTensors,
  matrix: ParameterMatrix,
  metrics: Tensor,
  { momentum, weightDecay, matrixRate: rate, matrixScale, clearGradient }: MatrixOptions,
): void {
  const { rows, columns } = matrix;
  const x = tape.tensor('direction', [rows, columns]);
  tape.dispatch(muonMomentum, { ...matrix, momentum, clearGradient }, { metrics, gradients, moment1, x });
  // As many sums as each sum has runs of 512: both halves of the reduction then take alike long.
  const groups = Math.max(1, Math.min(32, Math.ceil(Math.sqrt((rows * columns) / 512))));
  const squares = tape.tensor('squares', [groups]);
  tape.dispatch(sumSquaresKernel, { elements: rows * columns, groups }, { gradients: x, squares });
  tape.dispatch(muonNormalise, { rows, columns, groups }, { squares, x });
  // In memory of the plan's own, which the next matrix uses again.
  const update = orthogonalise(tape, x, rows, columns);
  // An orthogonal matrix has entries of about 1 ÷ √(longer side), however large the gradient was.
  const scale =
    matrixScale === 'rms' ? 0.2 * Math.sqrt(Math.max(rows, columns)) : Math.sqrt(Math.max(1, columns / rows));
  tape.dispatch(muonApply, { ...matrix, rate, scale, weightDecay }, { metrics, update, weights });
}

/** Five steps on the shorter side, whose square is the smaller: (x·xᵀ)·x and x·(xᵀ·x) are equal. */
function orthogonalise(tape: Tape, direction: Tensor, rows: number, columns: number): Tensor {
  const side = Math.min(rows, columns);
  const isWide = rows <= columns;
  let x = direction;
  for (let i = 0; i < iterations; i++) {
    const s = tape.tensor('square', [side, side]);
    const y = tape.tensor('polynomial', [side, side]);
    const next = tape.tensor('direction', [rows, columns]);
    const inner = isWide ? columns : rows;
    recordMatmul(tape, isWide ? 'nt' : 'tn', { x, w: x, y: s }, { rows: side, columns: side, inner });
    recordMatmul(tape, 'nn', { x: s, w: s, y }, { rows: side, columns: side, inner: side });
    tape.dispatch(muonPolynomial, { columns: side }, { s, y });
    const factors = isWide ? { x: y, w: x, y: next } : { x, w: y, y: next };
    recordMatmul(tape, 'nn', factors, { rows, columns, inner: side });
    x = next;
  }
  return x;
}
