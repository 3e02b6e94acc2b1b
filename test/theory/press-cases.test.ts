// Tests of Table 3: years and dollars as printed, and D as a range.
import { expect, test } from 'vitest';
import { pressAssumptions } from '../../src/theory/assumptions.ts';
import {
  caseCosts,
  type PressCase,
  pressCase,
  pressCaseModels,
  pressCaseNames,
  pressCaseUnits,
} from '../../src/theory/press-cases.ts';

/** The ends of a row; a case that is no range has twice the same. */
function ends(costs: PressCase, row: keyof PressCase): readonly [number, number] {
  const value = costs[row];
  return typeof value === 'number' ? [value, value] : [value.low, value.high];
}

/** Equal to as many digits as a printed figure has. */
function expectPrinted(value: number, printed: string): void {
  const digits = printed.replace(/e.*/, '').replace(/\D/g, '').replace(/^0+/, '').length;
  expect(Number(value.toPrecision(digits))).toBe(Number(printed));
}

test.each([
  ['A', '0.285', '0.285', '2.7e3', '2.7e3'],
  ['B', '5.2', '5.2', '4.9e4', '4.9e4'],
  ['C', '213', '213', '2.0e6', '2.0e6'],
  ['D', '1758', '9968', '1.7e7', '9.4e7'],
] as const)(
  'years and dollars of %s are those of Table 3',
  (name, lowYears, highYears, lowCost, highCost) => {
    const costs = pressCase(name);
    const [years, dollars] = [ends(costs, 'gpuYears'), ends(costs, 'dollars')];
    expectPrinted(years[0], lowYears);
    expectPrinted(years[1], highYears);
    expectPrinted(dollars[0], lowCost);
    expectPrinted(dollars[1], highCost);
  },
);

test('every row of D is a range whose ends are those of its models', () => {
  const models = pressCaseModels.D;
  if (!('low' in models)) throw new Error('D is a range');
  const [low, high] = [caseCosts(models.low), caseCosts(models.high)];
  for (const row of Object.keys(pressCaseUnits) as (keyof PressCase)[]) {
    expect(pressCase('D')[row]).toEqual({ low: low[row], high: high[row] });
    expect(low[row]).toBeLessThan(high[row]);
  }
});

test('every case has the rows that have units', () => {
  for (const name of pressCaseNames)
    expect(Object.keys(pressCase(name))).toEqual(Object.keys(pressCaseUnits));
});

test('the printed upper end of D needs a context of 200 000', () => {
  const { high } = pressCaseModels.D as { high: Parameters<typeof caseCosts>[0] };
  expectPrinted(caseCosts(high).flopsForward, '4.1e17');
  expect(caseCosts({ ...high, context: 100_000 }).flopsForward).toBeLessThan(2.5e17);
});

test('assumptions reach the columns', () => {
  const twice = pressCase('A', {
    ...pressAssumptions,
    multiplyAddsPerSecond: 600e12,
    tokensPerParameter: 40,
  });
  const once = pressCase('A');
  expect(ends(twice, 'gpuYears')[0]).toBeCloseTo(ends(once, 'gpuYears')[0], 12);
  expect(ends(twice, 'optimalTokens')[0]).toBe(2 * ends(once, 'optimalTokens')[0]);
  expect(() => pressCase('A', { ...pressAssumptions, multiplyAddsPerSecond: 0 })).toThrow(/peak/);
});
