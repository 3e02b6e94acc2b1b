// RMSNorm of query and key heads inside packed rows, in place: of each head alone, or of all heads of a token together.
import source from '../../shaders/head-norm.wgsl?raw';
import { defineKernel } from '../plan/kernel.ts';
import type { Tape } from '../plan/tape.ts';
import { describeTensor, elementCount, type Tensor } from '../plan/tensor.ts';
import { recordAccumulate } from './add.ts';
import { rowGroups, weightSlices } from './launch.ts';
import { normConstants, normPrologue, recordWeightGradient } from './norm-sums.ts';

const declaration = {
  source: normPrologue + source,
  constants: normConstants,
};

/** Segments of packed rows that are normed: `heads` neighbours of `columns` values from column `firstColumn` on. */
type Segments = Readonly<Record<'rows' | 'heads' | 'columns' | 'rowStride' | 'firstColumn', number>>;

const segmentDims = ['rows', 'heads', 'columns', 'rowStride', 'firstColumn'] as const;

// Heads between other columns; and all heads of a token as one segment, wide enough for 32 lanes.
const small: readonly Segments[] = [
  { rows: 5, heads: 3, columns: 7, rowStride: 40, firstColumn: 11 },
  { rows: 3, heads: 1, columns: 600, rowStride: 610, firstColumn: 0 },
];

// Queries of small and larger models, and keys, which start behind them.
const usual: readonly Segments[] = [
  { rows: 256, heads: 4, columns: 32, rowStride: 384, firstColumn: 0 },
  { rows: 1024, heads: 6, columns: 64, rowStride: 1152, firstColumn: 0 },
  { rows: 2048, heads: 4, columns: 64, rowStride: 1280, firstColumn: 768 },
];

const valuesOf = ({ rows, heads, columns }: Segments) => rows * heads * columns;
/** x̂ of each segment and its factor behind it: in place, x itself is gone when gradients want it. */
const keptOf = ({ rows, heads, columns }: Segments) => ({ shape: [rows * heads, columns + 1] });

function startOf({ heads, columns, rowStride, firstColumn }: Segments, segment: number): number {
  return Math.floor(segment / heads) * rowStride + firstColumn + (segment % heads) * columns;
}

/** qkv = x̂ · (weight + offset) with x̂ = x ÷ √(mean x² + epsilon); with `keeps`, kept: x̂ and its factor by segment. */
export const headNormForward = defineKernel({
  ...declaration,
  name: 'headNorm.forward',
  role: 'headNorm',
  arithmetic: 'norm arithmetic',
  title: 'RMSNorm',
  entryPoint: 'forward',
  dims: [...segmentDims, 'epsilon', 'offset', 'keeps'],
  reads: ['weight'],
  writes: ['qkv', 'kept'],
  optional: ['kept'],
  tensors: (dims) => ({
    weight: { shape: [dims.columns] },
    qkv: { shape: [dims.rows, dims.rowStride] },
    kept: keptOf(dims),
  }),
  selfTest: small.map((dims, i) => ({ ...dims, epsilon: 1e-5, offset: i, keeps: 1 })),
  calibration: usual.map((dims) => ({ ...dims, epsilon: 1e-5, offset: 0, keeps: 1 })),
  workgroups: ({ rows, heads, columns }) => rowGroups(rows * heads, columns),
  // square, sum, two products
  usefulFlops: (dims) => valuesOf(dims) * (4 + (dims.offset === 0 ? 0 : 1)),
  countedFlops: (dims) => 2 * valuesOf(dims),
  // read for the sum and again, written; x̂ and its factor where they are kept; weights
  bytes: (dims) =>
    4 * (valuesOf(dims) * (3 + dims.keeps) + dims.rows * dims.heads * dims.keeps + dims.columns),
  reference({ qkv, weight, kept }, dims) {
    const { rows, heads, columns, epsilon, offset, keeps } = dims;
    for (let segment = 0; segment < rows * heads; segment++) {
      const start = startOf(dims, segment);
      let squares = 0;
      for (let c = 0; c < columns; c++) squares += qkv[start + c] ** 2;
      const scale = 1 / Math.sqrt(squares / columns + epsilon);
      const keptStart = segment * (columns + 1);
      if (keeps === 1) kept[keptStart + columns] = scale;
      for (let c = 0; c < columns; c++) {
        const value = qkv[start + c] * scale;
        if (keeps === 1) kept[keptStart + c] = value;
        qkv[start + c] = value * (weight[c] + offset);
      }
    }
  },
});

/** gradient = (g − x̂ · mean(g ∘ x̂)) · factor in place of dy, g = dy ∘ (weight + offset). */
export const headNormBackward = defineKernel({
  ...declaration,
  name: 'headNorm.backward',
  role: 'headNorm',
  arithmetic: 'norm arithmetic',
  title: 'RMSNorm',
  entryPoint: 'backward',
  dims: [...segmentDims, 'offset'],
  reads: ['weight', 'saved'],
  writes: ['gradient'],
  tensors: (dims) => ({
    weight: { shape: [dims.columns] },
    saved: keptOf(dims),
    gradient: { shape: [dims.rows, dims.rowStride] },
  }),
  selfTest: small.map((dims, i) => ({ ...dims, offset: i })),
  calibration: usual.map((dims) => ({ ...dims, offset: 0 })),
  workgroups: ({ rows, heads, columns }) => rowGroups(rows * heads, columns),
  // g; product, sum; 3 to combine
  usefulFlops: (dims) => valuesOf(dims) * (6 + (dims.offset === 0 ? 0 : 1)),
  // g in both passes
  launchedFlops: (dims) => valuesOf(dims) * (7 + (dims.offset === 0 ? 0 : 2)),
  countedFlops: (dims) => 4 * valuesOf(dims), // a multiply-add has two gradients
  // dy and x̂ in both passes, dx in place of dy; factors; weights
  bytes: (dims) => 4 * (valuesOf(dims) * 5 + dims.rows * dims.heads + dims.columns),
  reference({ weight, saved, gradient }, dims) {
    const { rows, heads, columns, offset } = dims;
    for (let segment = 0; segment < rows * heads; segment++) {
      const [start, keptStart] = [startOf(dims, segment), segment * (columns + 1)];
      let mean = 0;
      for (let c = 0; c < columns; c++) {
        mean += (gradient[start + c] * (weight[c] + offset) * saved[keptStart + c]) / columns;
      }
      for (let c = 0; c < columns; c++) {
        const g = gradient[start + c] * (weight[c] + offset);
        gradient[start + c] = (g - saved[keptStart + c] * mean) * saved[keptStart + columns];
      }
    }
  },
});

/** sums[s] = Σ over the segments of slice s of dy ∘ x̂: [slices, columns]. */
export const headNormBackwardWeight = defineKernel({
  ...declaration,
  name: 'headNorm.backwardWeight',
  role: 'headNorm',
  arithmetic: 'norm arithmetic',
  title: 'RMSNorm',
  entryPoint: 'backwardWeight',
  dims: [...segmentDims, 'slices', 'accumulate'],
  reads: ['saved', 'dy'],
  writes: ['sums'],
  tensors: (dims) => ({
    saved: keptOf(dims),
    dy: { shape: [dims.rows, dims.rowStride] },
    sums: { shape: [dims.slices, dims.columns] },
  }),
  selfTest: small.map((dims, i) => ({ ...dims, slices: 1 + 2 * i, accumulate: 1 - i })),
  calibration: usual.map((dims) => {
    return { ...dims, slices: weightSlices(dims.rows * dims.heads), accumulate: 0 };
  }),
  // 32 columns a workgroup, in slices of the segments (norm-sums.ts)
  workgroups: ({ columns, slices }) => slices * Math.ceil(columns / 32),
  // x̂ was kept, hence a product less than for a norm that keeps statistics alone.
  usefulFlops: (dims) => valuesOf(dims) * 2, // product, sum
  bytes: (dims) => 4 * (valuesOf(dims) * 2 + dims.slices * dims.columns * (1 + dims.accumulate)),
  reference({ saved, dy, sums }, dims) {
    const { rows, heads, columns, slices, accumulate } = dims;
    const slicedSegments = Math.ceil((rows * heads) / slices);
    for (let slice = 0; slice < slices; slice++) {
      const end = Math.min((slice + 1) * slicedSegments, rows * heads);
      for (let column = 0; column < columns; column++) {
        let sum = 0;
        for (let segment = slice * slicedSegments; segment < end; segment++) {
          sum += dy[startOf(dims, segment) + column] * saved[segment * (columns + 1) + column];
        }
        const index = slice * columns + column;
        sums[index] = accumulate === 1 ? sums[index] + sum : sum;
      }
    }
  },
});

/** Heads of a packed row, and what their norm needs. */
export interface HeadNormOptions {
  /** H, query heads. */
  readonly heads: number;
  /** G, key and value heads. */
  readonly keyValueHeads: number;
  /** Channels of a head of queries and keys. */
  readonly keySize: number;
  /** Channels of a head of values, which are not normed. */
  readonly valueSize: number;
  /** Each head alone with weights [keySize], or all heads of a token together with weights of their common size. */
  readonly over: 'head' | 'all';
  /** Added to the mean square. */
  readonly epsilon: number;
  /** Added to the weights (Gemma keeps 1 + w as w). */
  readonly offset?: 0 | 1;
}

/**
 * Norms queries and keys of qkv [N, heads · keySize + keyValueHeads · (keySize + valueSize)] in place.
 * @returns the same memory; qkv itself must not be read any more
 * @throws if the row or a weight has another size than the heads say
 */
export function headNorm(
  tape: Tape,
  qkv: Tensor,
  weights: { readonly query: Tensor; readonly key: Tensor },
  options: HeadNormOptions,
): Tensor {
  const { epsilon, offset = 0 } = options;
  // Queries and keys have weights of their own, and hence a dispatch each; values are not normed.
  const segments = segmentsOf(qkv, options);
  const wantsInput = tape.needsGradient(qkv);
  const parts = (['query', 'key'] as const).map((name) => {
    const [weight, dims] = [weights[name], segments[name]];
    if (elementCount(weight.shape) !== dims.columns) {
      throw new Error(`headNorm: ${describeTensor(weight)} does not fit its heads. Pass [${dims.columns}].`);
    }
    const wantsWeight = tape.needsGradient(weight);
    const shape = keptOf(dims).shape;
    // For inference nothing is kept.
    const kept = wantsInput || wantsWeight ? tape.tensor(`${name} norm`, shape) : undefined;
    return { name, weight, dims, wantsWeight, kept };
  });
  // In place: queries and keys are parts of rows that attention reads packed, values and all.
  const normed = tape.alias(qkv, 'normed qkv');
  for (const { weight, dims, kept } of parts) {
    const bindings = { weight, qkv: normed, ...(kept ? { kept } : {}) };
    tape.dispatch(headNormForward, { ...dims, epsilon, offset, keeps: kept ? 1 : 0 }, bindings);
  }
  tape.onBackward([qkv, weights.query, weights.key], normed, (gradient) => {
    for (const { weight, dims, wantsWeight, kept: saved } of parts) {
      if (!saved) continue;
      // Before the gradient of the input, which writes over dy.
      if (wantsWeight) {
        recordWeightGradient(tape, 'head norm', weight, dims.rows * dims.heads, (sums, options) => {
          tape.dispatch(headNormBackwardWeight, { ...dims, ...options }, { saved, dy: gradient, sums });
        });
      }
      if (wantsInput) tape.dispatch(headNormBackward, { ...dims, offset }, { weight, saved, gradient });
    }
    // The gradient is in dy's memory already; only where another one came before is it added to that.
    if (wantsInput && !tape.adoptGradient(qkv, tape.alias(gradient))) recordAccumulate(tape, qkv, gradient);
  });
  return normed;
}

function segmentsOf(
  qkv: Tensor,
  { heads, keyValueHeads, keySize, valueSize, over }: HeadNormOptions,
): Readonly<Record<'query' | 'key', Segments>> {
  const rowStride = heads * keySize + keyValueHeads * (keySize + valueSize);
  const [rows = 1, columns] = qkv.shape;
  if (qkv.shape.length !== 2 || columns !== rowStride) {
    throw new Error(
      `headNorm: qkv must be [rows, ${rowStride}] for ${heads} and ${keyValueHeads} heads of ${keySize} and ` +
        `${valueSize}, but is ${describeTensor(qkv)}. Check the projection's width.`,
    );
  }
  const of = (count: number, firstColumn: number): Segments =>
    over === 'head'
      ? { rows, heads: count, columns: keySize, rowStride, firstColumn }
      : { rows, heads: 1, columns: count * keySize, rowStride, firstColumn };
  return { query: of(heads, 0), key: of(keyValueHeads, heads * keySize) };
}
