// Sums the experts' outputs of each token in the order of its slots, with the gradients by outputs and weights.
import source from '../../shaders/expert-combine.wgsl?raw';
import { type BindingSpec, type Dims, defineKernel, type NumberArray } from '../plan/kernel.ts';
import type { Tape } from '../plan/tape.ts';
import { describeTensor, elementCount, type Tensor } from '../plan/tensor.ts';
import { passGradient } from './add.ts';
import { droppedRow, type Placement } from './expert-placement.ts';
import { elementGroups, elementSteps } from './launch.ts';
import { prologue } from './prologue.ts';

type Sizes = Dims<'tokens' | 'perToken' | 'columns'>;

const choicesOf = ({ tokens, perToken }: Pick<Sizes, 'tokens' | 'perToken'>) => tokens * perToken;

/** Rows of a test: all different, and one in eleven dropped. */
function exampleRows(dims: Sizes): BindingSpec {
  const choices = choicesOf(dims);
  const fill = (_: number, i: number) => (i % 11 === 10 ? droppedRow : choices - 1 - i);
  return { shape: [dims.tokens, dims.perToken], elementType: 'u32', fill };
}

/** Of each choice a number, or a row of columns by row or by token. */
const bySlot = ({ tokens, perToken }: Sizes): BindingSpec => ({ shape: [tokens, perToken] });
const byRow = (dims: Sizes): BindingSpec => ({ shape: [choicesOf(dims), dims.columns] });
const byToken = ({ tokens, columns }: Sizes): BindingSpec => ({ shape: [tokens, columns] });

const typicalSizes = [
  { tokens: 256, perToken: 2, columns: 96 },
  { tokens: 768, perToken: 2, columns: 128 },
  { tokens: 1024, perToken: 2, columns: 512 },
] as const;

/**
 * y[n] = (residual[n] +) Σⱼ weights[n, j] · outputs[rows[n, j]] (+ y[n]); every weight is 1 unless `weighted`.
 * A token's outputs lie in rows of its experts. Gathered by token, each sum has one owner and a fixed order: scattering
 * rows into tokens would need atomics.
 */
export const combineKernel = defineKernel({
  name: 'expertCombine.combine',
  role: 'combination',
  arithmetic: 'expert weighting',
  source: prologue + source,
  entryPoint: 'combine',
  dims: ['tokens', 'perToken', 'columns', 'weighted', 'hasResidual', 'accumulate'],
  reads: ['outputs', 'weights', 'rows', 'residual'],
  writes: ['y'],
  optional: ['weights', 'residual'],
  tensors: (dims) => ({
    outputs: byRow(dims),
    weights: dims.weighted === 1 ? bySlot(dims) : { shape: [1] },
    rows: exampleRows(dims),
    residual: dims.hasResidual === 1 ? byToken(dims) : { shape: [1] },
    y: byToken(dims),
  }),
  selfTest: [
    { tokens: 7, perToken: 3, columns: 37, weighted: 1, hasResidual: 1, accumulate: 0 },
    { tokens: 5, perToken: 2, columns: 13, weighted: 0, hasResidual: 0, accumulate: 1 },
  ],
  calibration: typicalSizes.map((size) => ({ ...size, weighted: 1, hasResidual: 1, accumulate: 0 })),
  constants: ({ tokens, columns }) => ({ steps: elementSteps(tokens * columns) }),
  workgroups: ({ tokens, columns }) => elementGroups(tokens * columns),
  usefulFlops: ({ tokens, perToken, columns, weighted, hasResidual, accumulate }) =>
    tokens * columns * (perToken * (1 + weighted) + hasResidual + accumulate),
  bytes: ({ tokens, perToken, columns, weighted, hasResidual, accumulate }) =>
    // every output once, a row and weight a slot, y
    4 * tokens * (columns * (perToken + 1 + hasResidual + accumulate) + perToken * (1 + weighted)),
  reference({ outputs, weights, rows, residual, y }, dims) {
    const { tokens, perToken, columns, weighted, hasResidual, accumulate } = dims;
    for (let i = 0; i < tokens * columns; i++) {
      const slot = Math.floor(i / columns) * perToken;
      let sum = (hasResidual === 1 ? residual[i] : 0) + (accumulate === 1 ? y[i] : 0);
      for (let j = slot; j < slot + perToken; j++) {
        // A token whose expert was full goes without it: the residual alone carries it on (Switch, section 2.2).
        if (rows[j] === droppedRow) continue;
        sum += (weighted === 1 ? weights[j] : 1) * outputs[rows[j] * columns + (i % columns)];
      }
      y[i] = sum;
    }
  },
});

/** dOutputs[r] = weights[a] · dy[token of a] with a = assignments[r], for the rows r that are used. */
export const spreadKernel = defineKernel({
  name: 'expertCombine.spread',
  role: 'combination',
  arithmetic: 'expert weighting',
  source: prologue + source,
  entryPoint: 'spread',
  dims: ['tokens', 'perToken', 'columns', 'experts'],
  reads: ['weights', 'dy', 'assignments', 'offsets'],
  writes: ['dOutputs'],
  tensors: (dims) => {
    const choices = choicesOf(dims);
    return {
      weights: bySlot(dims),
      dy: byToken(dims),
      assignments: { shape: [choices], elementType: 'u32', fill: (_, i) => choices - 1 - i },
      offsets: {
        shape: [dims.experts + 1],
        elementType: 'u32',
        fill: (_, e) => Math.floor((choices * e) / (dims.experts + 0.1)),
      },
      dOutputs: byRow(dims),
    };
  },
  selfTest: [{ tokens: 7, perToken: 3, columns: 37, experts: 4 }],
  calibration: typicalSizes.map((size) => ({ ...size, experts: 8 })),
  constants: (dims) => ({ steps: elementSteps(choicesOf(dims) * dims.columns) }),
  workgroups: (dims) => elementGroups(choicesOf(dims) * dims.columns),
  // a product a number
  usefulFlops: (dims) => choicesOf(dims) * dims.columns,
  bytes: ({ tokens, perToken, columns }) => 4 * tokens * (perToken * (columns + 2) + columns),
  // offsets[experts] rows are used; what lies behind them belongs to no choice.
  reference({ weights, dy, assignments, offsets, dOutputs }, { perToken, columns, experts }) {
    for (let i = 0; i < offsets[experts] * columns; i++) {
      const choice = assignments[Math.floor(i / columns)];
      dOutputs[i] = weights[choice] * dy[Math.floor(choice / perToken) * columns + (i % columns)];
    }
  },
});

/** Choices of a workgroup. */
const dotRows = 8;

/** dWeights[n, j] = dy[n] · outputs[rows[n, j]]; 0 for a dropped choice. */
export const weightDots = defineKernel({
  name: 'expertCombine.dots',
  role: 'combination',
  arithmetic: 'expert weighting',
  source: prologue + source,
  entryPoint: 'dots',
  dims: ['tokens', 'perToken', 'columns'],
  reads: ['outputs', 'rows', 'dy'],
  writes: ['dWeights'],
  tensors: (dims) => ({
    outputs: byRow(dims),
    rows: exampleRows(dims),
    dy: byToken(dims),
    dWeights: bySlot(dims),
  }),
  selfTest: [{ tokens: 7, perToken: 3, columns: 37 }],
  calibration: typicalSizes,
  constants: () => ({ steps: 1 }), // of the other entry points
  // eight invocations share a dot product, 64 a workgroup
  workgroups: (dims) => Math.ceil(choicesOf(dims) / dotRows),
  // a product and a sum a number
  usefulFlops: (dims) => 2 * choicesOf(dims) * dims.columns,
  bytes: ({ tokens, perToken, columns }) => 4 * tokens * (perToken * (columns + 2) + columns),
  reference({ outputs, rows, dy, dWeights }: Readonly<Record<string, NumberArray>>, dims) {
    const { perToken, columns } = dims;
    for (let choice = 0; choice < choicesOf(dims); choice++) {
      let sum = 0;
      const token = Math.floor(choice / perToken);
      // A choice that was dropped had no output: its weight changes nothing, and has the gradient 0.
      for (let c = 0; c < columns && rows[choice] !== droppedRow; c++) {
        sum += dy[token * columns + c] * outputs[rows[choice] * columns + c];
      }
      dWeights[choice] = sum;
    }
  },
});

/** Records y[n] = Σⱼ x[rows of n's slot j] (+ y[n]): the gradient of tokens that several experts read. */
export function recordSlotSum(
  tape: Tape,
  x: Tensor,
  { choices, rows }: Placement,
  y: Tensor,
  size: { readonly perToken: number; readonly columns: number; readonly accumulate: 0 | 1 },
): void {
  // The combination itself, every weight 1: a token's gradient is gathered as its output was.
  const dims = { ...size, tokens: choices / size.perToken, weighted: 0, hasResidual: 0 };
  tape.dispatch(combineKernel, dims, { outputs: x, rows, y });
}

/**
 * y[n] = (residual[n] +) Σⱼ weights[n, j] · outputs[row of n's slot j].
 * @param outputs [N·K, C], rows by expert
 * @param weights [N, K]
 * @returns [N, C]
 * @throws if the sizes do not fit.
 */
export function combineExperts(
  tape: Tape,
  outputs: Tensor,
  weights: Tensor,
  placement: Placement,
  residual?: Tensor,
): Tensor {
  const [tokens = 1, perToken = 1] = weights.shape;
  const columns = outputs.shape.at(-1) ?? 1;
  const { choices, experts, rows, assignments, offsets } = placement;
  const isResidualFit = !residual || elementCount(residual.shape) === tokens * columns;
  if (tokens * perToken !== choices || elementCount(outputs.shape) !== choices * columns || !isResidualFit) {
    const added = residual ? `, residual ${describeTensor(residual)}` : '';
    throw new Error(
      `combineExperts: outputs ${describeTensor(outputs)}, weights ${describeTensor(weights)}${added} and ${choices} ` +
        'choices do not fit. Pass [N·K, C], [N, K] and [N, C].',
    );
  }
  const size = { tokens, perToken, columns };
  const y = tape.tensor('combined', [tokens, columns]);
  const wants = {
    outputs: tape.needsGradient(outputs),
    weights: tape.needsGradient(weights),
    residual: tape.needsGradient(residual),
  };
  tape.dispatch(
    combineKernel,
    { ...size, weighted: 1, hasResidual: residual ? 1 : 0, accumulate: 0 },
    { outputs, weights, rows, y, ...(residual ? { residual } : {}) },
  );
  tape.onBackward([outputs, weights, residual], y, (dy) => {
    if (wants.weights) {
      const { gradient: dWeights, accumulate } = tape.gradientTarget(weights);
      if (accumulate === 1)
        // Both gradient kernels write and do not add: they would destroy another user's part.
        throw new Error('combineExperts: the weights are used twice. Route once per combination.');
      tape.dispatch(weightDots, size, { outputs, rows, dy, dWeights });
    }
    if (wants.outputs) {
      const { gradient: dOutputs, accumulate } = tape.gradientTarget(outputs);
      if (accumulate === 1) throw new Error('combineExperts: the outputs are used twice. Combine them once.');
      tape.dispatch(spreadKernel, { ...size, experts }, { weights, dy, assignments, offsets, dOutputs });
    }
    // Last: ∂y may become the residual's gradient itself, and is then added to.
    if (residual && wants.residual) passGradient(tape, residual, dy);
  });
  return y;
}
