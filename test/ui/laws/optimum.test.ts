// The best size and data of a budget, from each law that says one.
import { expect, it } from 'vitest';
import { predictLoss } from '../../../src/laws/chinchilla-law.ts';
import { fitLaw } from '../../../src/laws/fit-law.ts';
import {
  canRecommend,
  chinchillaOf,
  recommend,
  recommendationTable,
  usualBudget,
} from '../../../src/ui/laws/optimum.ts';
import { cs336, epoch245 } from '../../laws/public-points.ts';

/** Every eighth run: both methods of a fit take seconds on all of them. */
const some = epoch245.filter((_, index) => index % 8 === 0);
const report = fitLaw(some, { law: 'chinchilla', method: 'variable-projection' });

it('lies where the fitted law is lowest on C = 6·N·D', () => {
  const law = chinchillaOf(report);
  const found = recommend(report, some, 1e21);
  if (!law || !found) throw new Error('no recommendation');
  expect(Math.abs((6 * found.parameters * found.tokens) / 1e21 - 1)).toBeLessThan(1e-9);
  for (const factor of [0.9, 1.1]) {
    const size = found.parameters * factor;
    expect(predictLoss(law, size, 1e21 / (6 * size))).toBeGreaterThan(found.loss ?? Number.NaN);
  }
  expect(recommendationTable(report, some, 1e21).rows).toHaveLength(5);
  expect(recommend(report, some, 0)).toBeUndefined();
});

it('follows the growth of IsoFLOP optima, and is four times beyond the largest run at first', () => {
  const isoflop = fitLaw(cs336, { law: 'isoflop' });
  const budget = usualBudget(cs336);
  const found = recommend(isoflop, cs336, budget);
  const last = isoflop.optima?.at(-1);
  if (!found || !last) throw new Error('no recommendation');
  expect(found.loss).toBeUndefined();
  expect(Math.abs(found.reach - 4)).toBeLessThan(0.3);
  const grown = last.parameters * (budget / last.budget) ** (isoflop.exponents?.parameters ?? Number.NaN);
  expect(Math.abs(Math.log(found.parameters / grown))).toBeLessThan(0.5);
});

it('says nothing where the law has no growth, or a term that is none', () => {
  expect(canRecommend({ ...report, parameters: { ...report.parameters, A: 0 } })).toBe(false);
  const { exponents: _, ...without } = report;
  expect(canRecommend({ ...without, law: 'u-shape' })).toBe(false);
});
