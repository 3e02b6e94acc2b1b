// Tests of the inverse questions to Chinchilla's law, and of both fits by name.
import { describe, expect, test } from 'vitest';
import { chinchillaLoss, closedFormOptimum } from '../../src/theory/chinchilla.ts';
import {
  computeForLoss,
  lifetimeOptimum,
  mixtureSize,
  namedFits,
  optimaOfFits,
  parametersForTokens,
  tokensForParameters,
} from '../../src/theory/chinchilla-inverse.ts';

const [{ fit: published }, { fit: refitted }] = namedFits;

describe('both fits', () => {
  test('ask for 92.6 and 18.4 tokens per parameter at the compute of Chinchilla', () => {
    const [first, second] = optimaOfFits(5.76e23);
    expect(first.tokensPerParameter).toBeCloseTo(92.6, 1);
    expect(second.tokensPerParameter).toBeCloseTo(18.4, 1);
  });
});

describe.each(namedFits)('by $name', ({ fit }) => {
  test('sizes and data undo each other, and are what the closed form gives', () => {
    const best = closedFormOptimum(1e22, fit);
    expect(tokensForParameters(best.parameters, fit) / best.tokens).toBeCloseTo(1, 9);
    expect(parametersForTokens(best.tokens, fit) / best.parameters).toBeCloseTo(1, 9);
  });

  test('the compute for a loss gives that loss back', () => {
    const needed = computeForLoss(2.2, fit);
    const best = closedFormOptimum(needed.flops, fit);
    expect(best.loss).toBeCloseTo(2.2, 9);
    expect(best.parameters / needed.parameters).toBeCloseTo(1, 6);
  });

  test('who serves much wants a smaller model for the same loss', () => {
    const trained = computeForLoss(2.2, fit);
    const served = lifetimeOptimum(2.2, 1e13, fit);
    expect(chinchillaLoss(served.parameters, served.tokens, fit)).toBeCloseTo(2.2, 6);
    expect(served.parameters).toBeLessThan(trained.parameters);
    expect(served.trainingFlops).toBeGreaterThan(trained.flops);
    const whole = trained.flops + 2 * trained.parameters * 1e13;
    expect(served.trainingFlops + served.inferenceFlops).toBeLessThan(whole);
    expect(lifetimeOptimum(2.2, 1, fit).parameters / trained.parameters).toBeCloseTo(1, 2);
  });
});

test('a mixture counts as the geometric mean of its sizes', () => {
  expect(mixtureSize(37e9, 671e9)).toBeCloseTo(157.6e9, -8);
});

test('what cannot be is refused', () => {
  expect(() => computeForLoss(1.6, published)).toThrow(/goes down to 1.69 only/);
  expect(() => computeForLoss(Number.NaN, refitted)).toThrow(/no size and no data/);
  expect(() => tokensForParameters(0, published)).toThrow(/parameters is impossible: 0/);
  expect(() => lifetimeOptimum(2, -1, published)).toThrow(/tokens served is impossible/);
  expect(() => mixtureSize(2, 1)).toThrow(/cannot have 2 active/);
});
