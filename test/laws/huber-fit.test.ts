// Tests of the Huber fit: the recomputed fits of Epoch's points, exact resamples, and a known law.
import { describe, expect, test } from 'vitest';
import { fitHuber, huberSum } from '../../src/laws/huber-fit.ts';
import { epoch240, epoch245, fixture, syntheticLaw } from './public-points.ts';

describe('the Huber fit', () => {
  test.each([
    [240, epoch240, fixture.expected.huber[0]],
    [245, epoch245, fixture.expected.huber[1]],
  ])("of Epoch's %d points finds what scipy found from 4,500 starts", (count, points, expected) => {
    expect(points).toHaveLength(count);
    const { parameters, objective, starts } = fitHuber(points);
    expect(starts).toBe(4500);
    expect(Math.abs(objective / expected.objective - 1)).toBeLessThan(1e-5);
    expect(Math.abs(parameters.E - expected.E)).toBeLessThan(2e-3);
    expect(Math.abs(parameters.alpha - expected.alpha)).toBeLessThan(1e-3);
    expect(Math.abs(parameters.beta - expected.beta)).toBeLessThan(1e-3);
  });

  test('does not end where a mean with default tolerances stops', () => {
    expect(fitHuber(epoch240, fixture.expected.huber[1]).objective).toBeLessThan(
      0.95 * fixture.expected.earlyStop.objective_sum,
    );
  });

  test('the sum at published parameters is that of the formula', () => {
    const { hoffmann_rounded, besiroglu } = fixture.expected.published;
    expect(huberSum(epoch240, hoffmann_rounded) / hoffmann_rounded.objective_240).toBeCloseTo(1, 9);
    expect(huberSum(epoch245, besiroglu) / besiroglu.objective_245).toBeCloseTo(1, 9);
  });

  test('resamples given by index end where they should, from the fit of all', () => {
    const { parameters } = fixture.expected.huber.map((known) => ({ parameters: known }))[0];
    for (const { indices, objective, alpha, beta } of fixture.resamples) {
      const fit = fitHuber(
        indices.map((index) => epoch240[index]),
        parameters,
      );
      expect(Math.abs(fit.objective / objective - 1)).toBeLessThan(1e-4);
      expect(Math.abs(fit.parameters.alpha - alpha)).toBeLessThan(2e-3);
      expect(Math.abs(fit.parameters.beta - beta)).toBeLessThan(2e-3);
    }
  });

  test('a law without noise is found', () => {
    const points = [3e3, 1e4, 3e4, 1e5].flatMap((parameters) =>
      [5e5, 1e6, 4e6, 1.6e7].map((tokens) => ({
        ...{ parameters, tokens },
        loss: syntheticLaw.E + syntheticLaw.A / parameters ** 0.3 + syntheticLaw.B / tokens ** 0.33,
      })),
    );
    const { parameters } = fitHuber(points);
    expect(parameters.alpha).toBeCloseTo(0.3, 3);
    expect(parameters.beta).toBeCloseTo(0.33, 3);
    expect(parameters.E).toBeCloseTo(0.8, 2);
  });
});
