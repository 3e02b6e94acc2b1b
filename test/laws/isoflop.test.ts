// Tests of IsoFLOP: closed-form parabolas to six digits, grouping, and budgets that say nothing.
import { describe, expect, test } from 'vitest';
import { atBudget, fitIsoflop, groupByBudget } from '../../src/laws/isoflop.ts';
import { UnfitRunsError } from '../../src/laws/run-point.ts';
import { cs336, fixture } from './public-points.ts';

/** Losses of a parabola in log₁₀ N about `best`. */
function budgetRuns(budget: number, best: number, decades: readonly number[]) {
  return decades.map((decade) => {
    const parameters = best * 10 ** decade;
    return { ...{ parameters, budget }, tokens: budget / (6 * parameters), loss: 3 + 0.4 * decade ** 2 };
  });
}

describe('IsoFLOP', () => {
  test.each(['lowest', 'parabola'] as const)('by %s gives the reference exponents of 72 runs', (method) => {
    const fit = fitIsoflop(cs336, method);
    expect(fit.optima).toHaveLength(9);
    expect(fit.parameters.exponent).toBeCloseTo(fixture.expected.isoflop[method].a, 9);
    expect(fit.tokens.exponent).toBeCloseTo(fixture.expected.isoflop[method].b, 9);
  });

  test.each(['lowest', 'parabola', 'akima'] as const)(
    'by %s finds N* ∝ C^½ where that is the truth',
    (method) => {
      const runs = [1e15, 1e16, 1e17].flatMap((budget) =>
        budgetRuns(budget, Math.sqrt(budget / 120), [-0.6, -0.3, 0, 0.3, 0.6]),
      );
      const fit = fitIsoflop(runs, method);
      expect(fit.parameters.exponent).toBeCloseTo(0.5, 3);
      expect(atBudget(fit.parameters, 1e18) / Math.sqrt(1e18 / 120)).toBeCloseTo(1, 2);
      expect(fit.leftOut).toEqual([]);
    },
  );

  test('leaves out budgets whose best size is not inside, and says why', () => {
    const good = [1e15, 1e16].flatMap((budget) => budgetRuns(budget, 1e6, [-0.6, -0.3, 0, 0.3, 0.6]));
    const edge = budgetRuns(1e17, 1e6, [0.3, 0.6, 0.9, 1.2]);
    const { optima, leftOut } = fitIsoflop([...good, ...edge], 'parabola');
    expect(optima).toHaveLength(2);
    expect(leftOut).toEqual([{ budget: 1e17, reason: expect.stringMatching(/beyond the edge/) }]);
    expect(() => fitIsoflop(edge, 'parabola')).toThrow(UnfitRunsError);
  });

  test('runs without a stated budget belong together within 2 % of their flops', () => {
    const runs = [1, 1.01, 3].map((factor) => ({ parameters: 1e6, tokens: 1e6 * factor, loss: 3 }));
    expect(groupByBudget(runs).map((group) => group.runs.length)).toEqual([2, 1]);
  });
});
