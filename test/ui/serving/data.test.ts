// Figures of serving: series beside their predictions, a table of everything, and prices that halve.
import { describe, expect, it } from 'vitest';
import type { ServingRow } from '../../../src/contract/serving.ts';
import {
  priceRows,
  rateSeries,
  servedTexts,
  servingTable,
  usualPrices,
  waitSeries,
} from '../../../src/ui/serving/data.ts';

const figures = { tokensPerSecond: 100, firstTokenSeconds: 0.5, betweenTokensSeconds: 0.01 };
const row: ServingRow = {
  batch: 4,
  prompt: 16,
  output: 32,
  weightBytes: 2048,
  cacheBytes: 200,
  totalBytes: 1500,
  decodeFlops: 8e6,
  decodeBytes: 1300,
  measured: { ...figures, spread: 0.1 },
};
const predicted: ServingRow = {
  ...row,
  batch: 8,
  predicted: {
    bound: 'bandwidth',
    expectation: { ...figures, tokensPerSecond: 90 },
    limit: { ...figures, tokensPerSecond: 200 },
  },
};

describe('figures of serving', () => {
  it('show what was measured with its spread, and lines only where something was predicted', () => {
    expect(rateSeries([row]).map(({ id }) => id)).toEqual(['rate']);
    const [expected, limit, measured] = rateSeries([row, predicted]);
    expect(expected?.points).toEqual([{ x: 8, y: 90 }]);
    expect(limit).toMatchObject({ isDashed: true, points: [{ x: 8, y: 200 }] });
    expect(measured?.points.map(({ x }) => x)).toEqual([4, 8]);
    expect(measured?.points[0]?.range?.[0]).toBeCloseTo(90, 9);
    expect(measured?.points[0]?.range?.[1]).toBeCloseTo(110, 9);
    expect(waitSeries([predicted]).map(({ id }) => id)).toEqual([
      'first-expected',
      'first-limit',
      'first',
      'between-expected',
      'between-limit',
      'between',
    ]);
  });

  it('say everything in a table, and nothing where nothing is known', () => {
    const { columns, rows } = servingTable([row, predicted]);
    expect(rows.map((cells) => cells.length)).toEqual([columns.length, columns.length]);
    expect(rows[0]?.at(-1)).toBeUndefined();
    expect(rows[1]?.at(-1)).toBe('bandwidth');
  });

  it('price a million tokens, and halve the machine and Press after two years, but not energy', () => {
    // 10⁴ seconds at 100 W, and 10⁶ tokens of 10⁶ multiply-adds at 10⁻¹⁸ dollars.
    const prices = { ...usualPrices, dollarsPerKilowattHour: 1, dollarsPerHour: 0.36 };
    const [[batch, weights, caches, bound, energy, price, machine, press] = []] = priceRows([row], prices);
    expect([batch, bound]).toEqual(['4', '–']);
    expect(weights).toMatch(/^2.00.KiB$/);
    expect(caches).toMatch(/^200.B$/);
    expect([price, machine]).toEqual(['$0.278', '$1.00']);
    expect(energy).toMatch(/^278.Wh$/);
    const [later = []] = priceRows([row], { ...prices, years: 2 });
    const [laterEnergy, laterPrice, laterMachine, laterPress] = later.slice(4);
    expect([laterEnergy, laterPrice, laterMachine]).toEqual([energy, price, '$0.500']);
    expect(laterPress).not.toBe(press);
    expect(priceRows([{ ...row, measured: { ...figures, spread: 0, tokensPerSecond: 0 } }], prices)).toEqual(
      [],
    );
  });
});

describe('texts to serve', () => {
  const usual = { repeats: 3, weights: 'f32', cache: 'f32' };

  it.each([1, 2, 31, 32, 64, 1024])('fit a context of %i unless others were asked for', (context) => {
    const { prompt, output } = servedTexts(context, {});
    expect(Math.min(prompt, output)).toBeGreaterThan(0);
    expect(prompt + output).toBeLessThanOrEqual(Math.max(2, context));
  });

  it('are what was asked for, and what fits beside it', () => {
    expect(servedTexts(32, { prompt: 30 })).toEqual({ prompt: 30, output: 2, ...usual });
    expect(servedTexts(undefined, { output: 8000 })).toEqual({ prompt: 16, output: 8000, ...usual });
  });
});
