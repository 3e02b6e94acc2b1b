// Tests of the fit of the conditional law: synthetic studies of known truth in all three forms, and runs that allow none.
import { describe, expect, test } from 'vitest';
import { fitConditional } from '../../src/laws/conditional-fit.ts';
import { conditionalForms, conditionalLoss } from '../../src/laws/conditional-law.ts';
import { syntheticTruth } from './public-points.ts';

const ratios = [0.045, 0.07, 0.1, 0.14, 0.2, 0.3];
const mlpToAttention = [0.5, 0.8, 1.25, 2.5, 5];

describe('the conditional fit', () => {
  test.each(conditionalForms)('finds the truth of the %s form without noise', (form) => {
    const truth = syntheticTruth[form];
    const runs = ratios.flatMap((x) =>
      mlpToAttention.map((r, index) => {
        const best = 2 - 0.1 * index;
        return { x, r, best, loss: conditionalLoss(form, truth, best, x, r) };
      }),
    );
    const fit = fitConditional(runs, form);
    expect(fit.hasOptimum).toBe(true);
    expect(fit.meanSquaredError).toBeLessThan(1e-14);
    for (const [name, value] of Object.entries(truth)) {
      expect(fit.parameters[name as keyof typeof truth]).toBeCloseTo(value, 5);
    }
  });

  test('too few runs, or shapes, are refused by what is missing', () => {
    const run = { x: 0.1, r: 1, best: 2, loss: 2 };
    expect(() => fitConditional([run], 'joint')).toThrow(/1 run cannot fix 6 parameters/);
    const runs = ratios.map((x) => ({ ...run, x }));
    expect(() => fitConditional(runs, 'additive')).toThrow(/1 different values of r/);
  });
});
