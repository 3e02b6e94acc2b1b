// Best rates for the page: parabolas over what was fitted, the interval as a bar, and a row for a size that has none.
import { expect, it } from 'vitest';
import { rateCurves } from '../../../src/laws/learning-rate-law.ts';
import { rateSeries, ratesTable } from '../../../src/ui/laws/rates.ts';

const losses = [2.3, 2.11, 2.04, 2.05, 2.12];
const runs = (parameters: number, count: number) =>
  losses.slice(0, count).map((loss, index) => ({
    ...{ parameters, loss, tokens: 1e6 },
    learningRate: 0.002 * 2 ** index,
  }));

it('draws each size’s parabola and lists what has no best rate', () => {
  const rates = rateCurves([...runs(1000, 5), ...runs(4000, 3)]);
  const series = rateSeries({ rates });
  expect(series.map(({ id }) => id)).toEqual(['parabola-0', 'interval-0', 'best-0']);
  const [parabola, interval, best] = series.map(({ points }) => points);
  expect(parabola[0].x).toBeCloseTo(0.002, 9);
  expect(interval[0].x).toBeLessThan(best[0].x);
  expect(best[0].x).toBeLessThan(interval[1].x);
  expect(Math.min(...parabola.map(({ y }) => y))).toBeCloseTo(best[0].y, 3);
  const [found, refused] = ratesTable({ rates }).rows;
  expect(found[2]).toBeCloseTo(best[0].x, 9);
  expect(refused[2]).toBeUndefined();
  expect(refused.at(-1)).toMatch(/Run higher rates/);
});
