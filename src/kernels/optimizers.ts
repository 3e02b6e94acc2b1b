// AdamW, SGD and Lion over a flat shard of parameters, one dispatch each; the first two equal to PyTorch's.
import source from '../../shaders/optimizers.wgsl?raw';
import { defineKernel } from '../plan/kernel.ts';
import type { ShardPart } from '../plan/store.ts';
import type { Tape } from '../plan/tape.ts';
import type { Tensor } from '../plan/tensor.ts';
import { clippedMetrics, metricSlots } from './gradient-norm.ts';
import { elementGroups, elementSteps } from './launch.ts';
import { extentOf, type GradientUse, type Optimizer, stateOf } from './optimizer.ts';
import { prologue } from './prologue.ts';

/**
 * AdamW: decoupled decay, epsilon outside the root after bias correction. rate1 = 1 − β₁, rate2 = 1 − β₂.
 * Parameters lie in flat shards, those that decay first: one dispatch a shard instead of one a tensor, since a launch
 * costs more than the step of a small tensor. The step is skipped where the norm or the loss was not finite: weights
 * and moments then stay what they were, and the next step goes on from there.
 */
export const adamWKernel = defineKernel({
  name: 'adamW',
  role: 'optimizer',
  arithmetic: 'optimizer arithmetic',
  source: prologue + source,
  entryPoint: 'adamW',
  dims: ['elements', 'decayElements', 'rate1', 'rate2', 'epsilon', 'weightDecay', 'clearGradient'],
  reads: ['metrics'],
  writes: ['weights', 'gradients', 'moment1', 'moment2'],
  tensors: ({ elements }) => ({
    metrics: clippedMetrics,
    weights: { shape: [elements] },
    gradients: { shape: [elements] },
    moment1: { shape: [elements] },
    moment2: { shape: [elements], fill: (uniform) => uniform },
  }),
  // Some elements that decay before others that do not; and whole workgroups without decay.
  selfTest: [adamWDims(300, 200, 1), adamWDims(256, 0, 0)],
  // From what launches alone cost to what memory alone costs: 28 bytes an element.
  calibration: [16_384, 262_144, 2_097_152].map((elements) => adamWDims(elements, elements, 0)),
  constants: ({ elements }) => ({ steps: elementSteps(elements) }),
  workgroups: ({ elements }) => elementGroups(elements),
  // clip (1), means of g (3) and g² (4), correction, root, epsilon (3), quotient, rate, difference (3); decay (1)
  usefulFlops: ({ elements, decayElements }) => 14 * elements + decayElements,
  bytes: ({ elements, clearGradient }) => 4 * elements * (7 + clearGradient), // four reads, three writes
  reference(arrays, dims, { learningRate, biasCorrection1, biasCorrection2 }) {
    const { weights, gradients, moment1, moment2 } = arrays;
    const { elements, decayElements, rate1, rate2, epsilon, weightDecay, clearGradient } = dims;
    const factor = arrays.metrics[metricSlots.clipFactor];
    for (let i = 0; i < elements && arrays.metrics[metricSlots.isFinite] === 1; i++) {
      // Clipping is a factor here rather than a pass over the gradients, which would read and write all of them.
      const gradient = gradients[i] * factor;
      const weight = weights[i] * (i < decayElements ? 1 - learningRate * weightDecay : 1);
      // m + (1 − β)(g − m) rather than β·m + (1 − β)·g, as torch.lerp has it: one rounding less, and a constant g stays
      // put.
      const first = moment1[i] + rate1 * (gradient - moment1[i]);
      const second = moment2[i] + rate2 * (gradient * gradient - moment2[i]);
      moment1[i] = first;
      moment2[i] = second;
      // Means that start at 0 are too small at first: the corrections, 1 − βᵗ, are step scalars (Kingma and
      // Ba 2014, section 3).
      const denominator = Math.sqrt(second / biasCorrection2) + epsilon;
      weights[i] = weight - (learningRate / biasCorrection1) * (first / denominator);
    }
    // Where micro-batches add up, the gradient starts at zero again; else the next backward pass overwrites it.
    if (clearGradient === 1) gradients.fill(0, 0, elements);
  },
});

function adamWDims(elements: number, decayElements: number, clearGradient: number) {
  return { elements, decayElements, rate1: 0.1, rate2: 0.01, epsilon: 1e-8, weightDecay: 0.1, clearGradient };
}

/** SGD with momentum; decay is added to the gradient. moment1 is the velocity, zero at first. */
export const sgdKernel = defineKernel({
  name: 'sgd',
  role: 'optimizer',
  arithmetic: 'optimizer arithmetic',
  source: prologue + source,
  entryPoint: 'sgd',
  dims: ['elements', 'decayElements', 'momentum', 'weightDecay', 'clearGradient'],
  reads: ['metrics'],
  writes: ['weights', 'gradients', 'moment1'],
  tensors: ({ elements }) => ({
    metrics: clippedMetrics,
    weights: { shape: [elements] },
    gradients: { shape: [elements] },
    moment1: { shape: [elements] },
  }),
  selfTest: [
    { elements: 300, decayElements: 200, momentum: 0.9, weightDecay: 0.1, clearGradient: 1 },
    { elements: 256, decayElements: 0, momentum: 0, weightDecay: 0.1, clearGradient: 0 },
  ],
  calibration: [16_384, 262_144, 2_097_152].map((elements) => {
    return { elements, decayElements: elements, momentum: 0.9, weightDecay: 0.1, clearGradient: 0 };
  }),
  constants: ({ elements }) => ({ steps: elementSteps(elements) }),
  workgroups: ({ elements }) => elementGroups(elements),
  // clip; momentum, sum; rate, difference; decay's product and sum
  usefulFlops: ({ elements, decayElements }) => 5 * elements + 2 * decayElements,
  bytes: ({ elements, clearGradient }) => 4 * elements * (5 + clearGradient), // three reads, two writes
  reference(arrays, { elements, decayElements, momentum, weightDecay, clearGradient }, { learningRate }) {
    const { weights, gradients, moment1 } = arrays;
    const factor = arrays.metrics[metricSlots.clipFactor];
    for (let i = 0; i < elements && arrays.metrics[metricSlots.isFinite] === 1; i++) {
      const decay = i < decayElements ? weightDecay * weights[i] : 0;
      // PyTorch's momentum: the rate is outside of the mean, which is a sum and not damped.
      const velocity = gradients[i] * factor + decay + momentum * moment1[i];
      moment1[i] = velocity;
      weights[i] -= learningRate * velocity;
    }
    if (clearGradient === 1) gradients.fill(0, 0, elements);
  },
});

/** Lion: m·β₁ + g·(1 − β₁) says by its signs where to go. rate1 = 1 − β₁, rate2 = 1 − β₂. */
export const lionKernel = defineKernel({
  name: 'lion',
  role: 'optimizer',
  arithmetic: 'optimizer arithmetic',
  source: prologue + source,
  entryPoint: 'lion',
  dims: ['elements', 'decayElements', 'rate1', 'rate2', 'weightDecay', 'clearGradient'],
  reads: ['metrics'],
  writes: ['weights', 'gradients', 'moment1'],
  tensors: ({ elements }) => ({
    metrics: clippedMetrics,
    weights: { shape: [elements] },
    gradients: { shape: [elements] },
    moment1: { shape: [elements] },
  }),
  // As AdamW's: both halves of a shard, and whole workgroups.
  selfTest: [lionDims(300, 200, 1), lionDims(256, 0, 0)],
  calibration: [16_384, 262_144, 2_097_152].map((elements) => lionDims(elements, elements, 0)),
  constants: ({ elements }) => ({ steps: elementSteps(elements) }),
  workgroups: ({ elements }) => elementGroups(elements),
  // clip, difference to the mean (2), the mix for the sign (3), rate and difference (2), the new mean (2); decay (1)
  usefulFlops: ({ elements, decayElements }) => 9 * elements + decayElements,
  bytes: ({ elements, clearGradient }) => 4 * elements * (5 + clearGradient), // three reads, two writes
  reference(arrays, dims, { learningRate }) {
    const { weights, gradients, moment1 } = arrays;
    const { elements, decayElements, rate1, rate2, weightDecay, clearGradient } = dims;
    const factor = arrays.metrics[metricSlots.clipFactor];
    for (let i = 0; i < elements && arrays.metrics[metricSlots.isFinite] === 1; i++) {
      const change = gradients[i] * factor - moment1[i];
      const weight = weights[i] * (i < decayElements ? 1 - learningRate * weightDecay : 1);
      // Two rates: the sign looks at a faster mean than the one that is kept (Chen et al. 2023, algorithm 2).
      weights[i] = weight - learningRate * Math.sign(moment1[i] + rate1 * change);
      moment1[i] += rate2 * change;
    }
    if (clearGradient === 1) gradients.fill(0, 0, elements);
  },
});

function lionDims(elements: number, decayElements: number, clearGradient: number) {
  return { elements, decayElements, rate1: 0.1, rate2: 0.01, weightDecay: 0.1, clearGradient };
}

/** Constants of AdamW; the rate and the bias corrections are step scalars. */
export interface AdamWOptions {
  /** Of the mean of gradients, how much is kept a step. */
  readonly beta1: number;
  /** Of the mean of their squares, how much is kept a step. */
  readonly beta2: number;
  /** Added to the root: where gradients vanish, updates do. */
  readonly epsilon: number;
  /** Part of a weight that is taken off a step, times the rate. */
  readonly weightDecay: number;
}

/** Constants of SGD; the rate is a step scalar. */
export interface SgdOptions {
  /** Of the velocity, how much is kept a step. */
  readonly momentum: number;
  /** Part of a weight that is added to its gradient. */
  readonly weightDecay: number;
}

/** Constants of Lion; the rate is a step scalar. */
export interface LionOptions {
  /** Of the mean in the sum whose sign is the update. */
  readonly beta1: number;
  /** Of the mean of gradients, how much is kept a step. */
  readonly beta2: number;
  /** Part of a weight that is taken off a step, times the rate. */
  readonly weightDecay: number;
}

/**
 * Names of the full states: a mean of gradients, and one of their squares.
 * Checkpoints store them by these names: they stay.
 */
export const momentNames = { first: 'moment0', second: 'moment1' } as const;

const firstMoment = { kind: 'full', name: momentNames.first } as const;

/** AdamW, one dispatch a shard. */
export const adamWOptimizer: Optimizer<AdamWOptions> = {
  label: 'AdamW',
  summary: 'AdamW scales every weight by the history of its gradient',
  settings: ['beta1', 'beta2', 'epsilon', 'weightDecay'],
  states: [firstMoment, { kind: 'full', name: momentNames.second }],
  record: (tape, { shards }, metrics, options) => {
    for (const shard of shards) adamW(tape, shard, metrics, options);
  },
};

/** SGD with momentum, one dispatch a shard. */
export const sgdOptimizer: Optimizer<SgdOptions> = {
  label: 'SGD with momentum',
  summary: 'SGD follows the gradient',
  settings: ['momentum', 'weightDecay'],
  states: [firstMoment],
  record: (tape, { shards }, metrics, { momentum, weightDecay, clearGradient }) => {
    for (const shard of shards) {
      const constants = { momentum, weightDecay, clearGradient };
      tape.dispatch(sgdKernel, { ...extentOf(shard), ...constants }, { ...withMoment(shard), metrics });
    }
  },
};

/** Lion (Chen et al. 2023), one dispatch a shard. */
export const lionOptimizer: Optimizer<LionOptions> = {
  label: 'Lion',
  summary:
    'Lion takes the signs of a mean of gradients, so that all weights move alike and one moment is kept',
  settings: ['beta1', 'beta2', 'weightDecay'],
  states: [firstMoment],
  record: (tape, { shards }, metrics, { beta1, beta2, weightDecay, clearGradient }) => {
    for (const shard of shards) {
      const constants = { rate1: 1 - beta1, rate2: 1 - beta2, weightDecay, clearGradient };
      tape.dispatch(lionKernel, { ...extentOf(shard), ...constants }, { ...withMoment(shard), metrics });
    }
  },
};

/** Records one AdamW step of a part that has two moments. metrics: as gradientNorm leaves them. */
export function adamW(
  tape: Tape,
  part: ShardPart,
  metrics: Tensor,
  { beta1, beta2, epsilon, weightDecay, clearGradient }: AdamWOptions & GradientUse,
): void {
  const constants = { rate1: 1 - beta1, rate2: 1 - beta2, epsilon, weightDecay, clearGradient };
  const bindings = { ...withMoment(part), moment2: stateOf(part, momentNames.second), metrics };
  tape.dispatch(adamWKernel, { ...extentOf(part), ...constants }, bindings);
}

function withMoment(part: ShardPart) {
  const { weights, gradients } = part;
  return { weights, gradients, moment1: stateOf(part, momentNames.first) };
}
