// Tests of the best learning rate: a known law found again, edge optima refused, and what is no sweep.
import { expect, test } from 'vitest';
import { fitLaw } from '../../src/laws/fit-law.ts';
import { isRateSweep, rateCurves, usualRateAt, usualRateOf } from '../../src/laws/learning-rate-law.ts';
import type { RunPoint } from '../../src/laws/run-point.ts';
import { gaussian, mulberry32 } from '../../src/laws/seeded-random.ts';
import { near } from '../near.ts';

const rates = [0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064];

/** Two runs a rate; the best rate of N is 0.08·N^−¼, and far above it the loss rises steeply. */
function sweep(sizes: readonly number[], noise = 0.002): RunPoint[] {
  const uniform = mulberry32(5);
  return sizes.flatMap((parameters) =>
    [...rates, ...rates].map((learningRate) => {
      const off = Math.log(learningRate / (0.08 * parameters ** -0.25));
      const loss = 2 + 0.03 * off ** 2 + (off > 1.5 ? 0.3 * (off - 1.5) ** 2 : 0) + noise * gaussian(uniform);
      return { parameters, tokens: 1e6, loss, learningRate };
    }),
  );
}

test('finds the rate of each size, and how it falls with size', () => {
  const points = sweep([3456, 13_824, 38_400, 147_456]);
  const report = fitLaw(points, { law: 'learning-rate', bootstrap: 50 });
  expect(report.rates).toHaveLength(4);
  for (const { parameters, best } of report.rates ?? []) {
    const truth = 0.08 * parameters ** -0.25;
    expect(Math.abs(Math.log((best?.rate ?? 0) / truth))).toBeLessThan(0.15);
    const [low, high] = best?.interval ?? [Number.NaN, Number.NaN];
    expect(low).toBeLessThan(best?.rate ?? 0);
    expect(high).toBeGreaterThan(best?.rate ?? Infinity);
    expect(high / low).toBeLessThan(1.5);
  }
  expect(Math.abs(report.parameters.exponent + 0.25)).toBeLessThan(0.05);
  expect(report.intervals?.exponent[0]).toBeLessThan(report.parameters.exponent);
  expect(report.beside?.[0].parameters).toMatchObject({ factor: near(0.08) });
  expect(report.points + report.leftOut.length).toBe(points.length);
  expect(report.leftOut[0].reason).toMatch(/too far from the best/);
  expect(report.warnings).toEqual([]);
});

test('refuses a best rate at the edge of those run, and says what to run', () => {
  const points = sweep([3456]).filter(({ learningRate = 0 }) => learningRate < 0.009);
  expect(rateCurves(points)[0].refusal).toMatch(/at the highest rate that was finished, 0.008. Run higher/);
  expect(() => fitLaw(points, { law: 'learning-rate' })).toThrow(/no best rate. N 3,456, D .*0.008/);
  const high = sweep([1e9]).filter(({ learningRate = 0 }) => learningRate < 0.017);
  expect(rateCurves(high)[0].refusal).toMatch(/lowest rate run, 0.001. Run lower/);
  const both = fitLaw([...sweep([38_400]), ...high], { law: 'learning-rate' });
  expect(both.parameters.rate).toBeGreaterThan(0.004);
  expect(both.warnings[0]).toMatch(/^N 1.00e9, D .*Run lower rates/);
});

test('one run a rate and three rates leave no spare point for an interval, which is said', () => {
  const three = sweep([3456]).slice(2, 5);
  expect(rateCurves(three)[0].best?.interval).toBeUndefined();
  expect(fitLaw(three, { law: 'learning-rate' }).warnings.join()).toMatch(
    /1 of 1 best rates have no interval/,
  );
});

test('takes the usual rate of N of the blocks, whatever N the curve counts', () => {
  const counts = { blocks: 38_400, withHead: 50_000, all: 60_000 };
  const [curve] = rateCurves(sweep([60_000]).map((point) => ({ ...point, counts })));
  expect(usualRateOf(curve)).toEqual(near(usualRateAt(38_400)));
  expect(usualRateOf(rateCurves(sweep([60_000]))[0])).toEqual(near(usualRateAt(60_000)));
});

test('tells a sweep from runs whose rate follows from their size', () => {
  expect(isRateSweep(sweep([3456]))).toBe(true);
  const formula = [3456, 13_824, 38_400].map((parameters) => ({
    ...{ parameters, tokens: 1e6, loss: 2 },
    learningRate: usualRateAt(parameters),
  }));
  expect(isRateSweep(formula)).toBe(false);
  const without = { parameters: 1, tokens: 1, loss: 1 };
  expect(isRateSweep([without])).toBe(false);
  expect(() => fitLaw([without], { law: 'learning-rate' })).toThrow(/has no learningRate/);
});
