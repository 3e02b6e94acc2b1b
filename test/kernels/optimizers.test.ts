// AdamW, SGD and Lion against their references and PyTorch, and what they do with a step that is not finite.
import { describe, expect, it } from 'vitest';
import { adamWKernel, lionKernel, sgdKernel } from '../../src/kernels/optimizers.ts';
import type { Kernel } from '../../src/plan/kernel.ts';
import { describeKernel } from './describe-kernel.ts';
import { expectClose, goldenCases } from './run-op.ts';

const sizes = [
  { elements: 1, decayElements: 1, clearGradient: 0 },
  { elements: 127, decayElements: 0, clearGradient: 1 },
  { elements: 128, decayElements: 64, clearGradient: 0 },
  { elements: 129, decayElements: 129, clearGradient: 1 },
  { elements: 1009, decayElements: 503, clearGradient: 0 },
];
const adamWConstants = { rate1: 0.1, rate2: 0.001, epsilon: 1e-8, weightDecay: 0.1 };

describeKernel(
  adamWKernel,
  sizes.map((size) => ({ ...size, ...adamWConstants })),
);
describeKernel(
  sgdKernel,
  sizes.map((size, i) => ({ ...size, momentum: i % 2 === 0 ? 0.9 : 0, weightDecay: 0.1 })),
);

const lionConstants = { rate1: 0.1, rate2: 0.01, weightDecay: 0.1 };
describeKernel(
  lionKernel,
  sizes.map((size) => ({ ...size, ...lionConstants })),
);

interface Golden {
  readonly learningRate: number;
  readonly momentum: number;
  readonly betas: readonly [number, number];
  readonly epsilon: number;
  readonly weightDecay: number;
  readonly weights: readonly number[];
  readonly gradients: readonly (readonly number[])[];
  readonly after: readonly number[] | readonly (readonly number[])[];
}

/** Weights after the last step, or after each step. */
function expectWeights(golden: Golden, history: readonly (readonly number[])[]): void {
  const after = golden.after as readonly (readonly number[])[];
  after.forEach((expected, i) => {
    expectClose(history[i], expected);
  });
}

const finite = Float64Array.of(0, 0, 1, 1);

it.each(goldenCases<Golden>('adamw'))('adamW equals PyTorch over $gradients.length steps', (golden) => {
  const elements = golden.weights.length;
  const { betas, epsilon, weightDecay, learningRate } = golden;
  const arrays = {
    weights: Float64Array.from(golden.weights),
    gradients: new Float64Array(elements),
    moment1: new Float64Array(elements),
    moment2: new Float64Array(elements),
    metrics: finite,
  };
  const rates = { rate1: 1 - betas[0], rate2: 1 - betas[1] };
  const dims = { elements, decayElements: elements, ...rates, epsilon, weightDecay, clearGradient: 1 };
  const history = golden.gradients.map((gradient, i) => {
    arrays.gradients.set(gradient);
    const corrections = {
      biasCorrection1: 1 - betas[0] ** (i + 1),
      biasCorrection2: 1 - betas[1] ** (i + 1),
    };
    adamWKernel.reference(arrays, dims, { learningRate, ...corrections });
    return [...arrays.weights];
  });
  expectWeights(golden, history);
  expect(arrays.gradients.every((value) => value === 0)).toBe(true);
});

it.each(goldenCases<Golden>('sgd'))('sgd equals PyTorch over $gradients.length steps', (golden) => {
  const elements = golden.weights.length;
  const { momentum, weightDecay, learningRate } = golden;
  const arrays = {
    weights: Float64Array.from(golden.weights),
    gradients: new Float64Array(elements),
    moment1: new Float64Array(elements),
    metrics: finite,
  };
  const dims = { elements, decayElements: elements, momentum, weightDecay, clearGradient: 0 };
  const history = golden.gradients.map((gradient) => {
    arrays.gradients.set(gradient);
    sgdKernel.reference(arrays, dims, { learningRate });
    return [...arrays.weights];
  });
  expectWeights(golden, history);
});

describe('a step that is not finite', () => {
  /** The kernel with metrics that say so. */
  const whenNotFinite = <D extends string, B extends string>(kernel: Kernel<D, B>): Kernel<D, B> => ({
    ...kernel,
    tensors: (dims) => ({ ...kernel.tensors(dims), metrics: { shape: [4], fill: () => 0 } }),
  });
  const size = { elements: 200, decayElements: 100, clearGradient: 1 };
  describeKernel(whenNotFinite(adamWKernel), [{ ...size, ...adamWConstants }]);
  describeKernel(whenNotFinite(sgdKernel), [{ ...size, momentum: 0.9, weightDecay: 0.1 }]);
  describeKernel(whenNotFinite(lionKernel), [{ ...size, ...lionConstants }]);

  it('changes neither weights nor moments, and clears the gradients', () => {
    const arrays = {
      weights: Float64Array.of(1, 2),
      gradients: Float64Array.of(Number.NaN, 1),
      moment1: Float64Array.of(3, 4),
      moment2: Float64Array.of(5, 6),
      metrics: Float64Array.of(0, Number.NaN, 0, 1),
    };
    const scalars = { learningRate: 1, biasCorrection1: 1, biasCorrection2: 1 };
    const shape = { elements: 2, decayElements: 2, clearGradient: 1 };
    adamWKernel.reference(arrays, { ...shape, ...adamWConstants }, scalars);
    sgdKernel.reference(arrays, { ...shape, momentum: 0.9, weightDecay: 0.1 }, scalars);
    expect([...arrays.weights, ...arrays.moment1, ...arrays.moment2]).toEqual([1, 2, 3, 4, 5, 6]);
    expect([...arrays.gradients]).toEqual([0, 0]);
  });
});
