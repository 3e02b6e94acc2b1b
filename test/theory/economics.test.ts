// Tests of time, energy and money against Press's Table 3.
import { expect, test } from 'vitest';
import { pressAssumptions } from '../../src/theory/assumptions.ts';
import { economicsUnits, pressEconomics } from '../../src/theory/economics.ts';
import { near } from '../near.ts';

test('one multiply-add at a time takes as long as the rate says', () => {
  const { gpuHours, gpuYears } = pressEconomics(300e12 * 3600);
  expect(gpuHours).toBeCloseTo(1, 12);
  expect(gpuYears).toBeCloseTo(1 / 8766, 12);
});

test('a year of a GPU costs its price; the rounded price of a multiply-add is 5.6 % less', () => {
  const { gpuYears, dollars, dollarsByGpuYears } = pressEconomics(300e12 * 365.25 * 86_400);
  expect(gpuYears).toBeCloseTo(1, 12);
  expect(dollarsByGpuYears).toBeCloseTo(10_000, 6);
  expect(dollarsByGpuYears / dollars).toBeCloseTo(1.056, 3);
});

test('energy is power times hours, and running costs are 50 to 100 % of capital', () => {
  const year = pressEconomics(300e12 * 365.25 * 86_400, {
    ...pressAssumptions,
    wattsPerGpu: 1000,
    dollarsPerKilowattHour: 0.2,
  });
  expect(year.kilowattHours).toBeCloseTo(8766, 6);
  expect(year.energyDollars).toBeCloseTo(1753.2, 6);
  expect(year.operatingDollars).toEqual({ low: near(year.dollars / 2), high: year.dollars });
});

test('every figure has a unit', () => {
  expect(Object.keys(economicsUnits)).toEqual(Object.keys(pressEconomics(1)));
});

test('a peak of zero and a negative price are refused', () => {
  const impossible = expect.objectContaining({ name: 'ImpossibleInputError' });
  for (const change of [{ multiplyAddsPerSecond: 0 }, { dollarsPerGpuYear: -1 }]) {
    expect(() => pressEconomics(1, { ...pressAssumptions, ...change })).toThrow(impossible);
  }
});
