// Tests of the conditional law's form: 1 at the optimum, and unique parameters from six raw ones.
import { describe, expect, test } from 'vitest';
import { conditionalLoss, normaliseRaw, uShape } from '../../src/laws/conditional-law.ts';
import { syntheticTruth } from './public-points.ts';

describe('the conditional law', () => {
  test('is c times L_opt at the best shape, and more elsewhere', () => {
    const { multiplicative: truth } = syntheticTruth;
    expect(conditionalLoss('multiplicative', truth, 2, truth.optimumX, truth.optimumR)).toBeCloseTo(2, 12);
    for (const factor of [0.5, 0.9, 1.1, 2]) {
      expect(
        conditionalLoss('multiplicative', truth, 2, factor * truth.optimumX, truth.optimumR),
      ).toBeGreaterThan(2);
      expect(conditionalLoss('joint', truth, 2, truth.optimumX, factor * truth.optimumR)).toBeGreaterThan(2);
    }
    expect(uShape(0)).toBe(0);
  });

  test('raw coefficients give the same losses through the unique parameters', () => {
    const raw = [1.04, 0.053, 0.0059, 0.99, 0.024, 0.039] as const;
    const [a0, a1, a2, b0, b1, b2] = raw;
    const law = normaliseRaw(raw);
    if (!law) throw new Error('no minimum');
    for (const [x, r] of [
      [0.05, 0.7],
      [0.2, 4],
    ] as const) {
      const product = (a0 + a1 * Math.log(x) + a2 / x) * (b0 + b1 * Math.log(r) + b2 / r) * 2;
      expect(conditionalLoss('multiplicative', law, 2, x, r)).toBeCloseTo(product, 12);
    }
  });

  test('without a minimum there is nothing unique to report', () => {
    expect(normaliseRaw([1, -0.05, 0.006, 1, 0.02, 0.04])).toBeUndefined();
  });
});
