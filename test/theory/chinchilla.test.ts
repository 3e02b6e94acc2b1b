// Tests of Chinchilla's law: the published grid point, and that the closed form is the minimum.
import { describe, expect, test } from 'vitest';
import { chinchillaLoss, closedFormOptimum, gridOptimum, ratioOptimum } from '../../src/theory/chinchilla.ts';
import { near } from '../near.ts';

describe("chinchilla's law", () => {
  test("the best grid point for 2.21e19 flops is the one that nanoGPT's notebook prints", () => {
    const best = gridOptimum(2.21e19);
    expect((best?.parameters ?? 0) / 1e6).toBeCloseTo(316.23, 2);
    expect((best?.tokens ?? 0) / 1e9).toBeCloseTo(11.65, 2);
  });

  test('the closed form gives 326.1M and 11.29B, and spends the whole budget', () => {
    const { parameters, tokens, tokensPerParameter } = closedFormOptimum(2.21e19);
    expect(parameters / 1e6).toBeCloseTo(326.1, 1);
    expect(tokens / 1e9).toBeCloseTo(11.29, 2);
    expect((6 * parameters * tokens) / 2.21e19).toBeCloseTo(1, 12);
    expect(tokensPerParameter).toEqual(near(tokens / parameters));
  });

  test.each([1e15, 2.21e19, 5.76e23, 1e28])('no other size is better at %d flops', (flops) => {
    const best = closedFormOptimum(flops);
    for (const factor of [0.5, 0.99, 1.01, 2]) {
      const other = best.parameters * factor;
      expect(chinchillaLoss(other, flops / (6 * other))).toBeGreaterThan(best.loss);
    }
    expect(ratioOptimum(flops, 20).loss).toBeGreaterThan(best.loss);
  });

  test('20 tokens per parameter spend the budget, too', () => {
    const { parameters, tokens } = ratioOptimum(1.2e20, 20);
    expect(tokens / parameters).toBeCloseTo(20, 9);
    expect(6 * parameters * tokens).toBeCloseTo(1.2e20, -8);
  });

  test('the loss of infinite size and data is what the fit cannot go below', () => {
    expect(chinchillaLoss(1e300, 1e300)).toBeCloseTo(1.69, 9);
    // 406.4 / 70e9^0.34 + 410.7 / 1.4e12^0.28 for Chinchilla itself.
    expect(chinchillaLoss(70e9, 1.4e12)).toBeCloseTo(1.69 + 0.0835 + 0.1634, 3);
  });

  test('a budget beyond the grid has no grid point', () => {
    expect(gridOptimum(1e10)).toBeUndefined();
    expect(gridOptimum(1e30)).toBeUndefined();
  });

  test.each([0, -1, Number.NaN, Infinity, 1, 1e41])('a budget of %d is refused', (flops) => {
    expect(() => closedFormOptimum(flops)).toThrow(/^chinchilla: the budget/);
    expect(() => gridOptimum(flops)).toThrow(/^chinchilla: the budget/);
    expect(() => ratioOptimum(flops, 20)).toThrow(/^chinchilla: the budget/);
  });

  test('counts of zero are refused', () => {
    expect(() => chinchillaLoss(0, 1)).toThrow(/parameters is impossible: 0/);
    expect(() => chinchillaLoss(1, 0)).toThrow(/tokens is impossible: 0/);
    expect(() => ratioOptimum(1e20, 0)).toThrow(/tokens per parameter is impossible: 0/);
  });
});
