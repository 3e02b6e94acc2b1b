// Tests of the assumptions: Press's figures, and that impossible ones are refused by name.
import { expect, test } from 'vitest';
import {
  assumptionProblems,
  pressAssumptions,
  priceOfMultiplyAdd,
  refuseInput,
  requirePositive,
  requirePossible,
  statedAssumptions,
} from '../../src/theory/assumptions.ts';
import { near } from '../near.ts';

test("Press's assumptions are possible and are stated as they are", () => {
  expect(assumptionProblems(pressAssumptions)).toEqual([]);
  expect(requirePossible(pressAssumptions)).toBe(pressAssumptions);
  expect(statedAssumptions(pressAssumptions)).toEqual(pressAssumptions);
});

test('the price of a multiply-add is the rounded one, or the quotient when none is given', () => {
  expect(priceOfMultiplyAdd(pressAssumptions)).toEqual(near(1e-18));
  const derived = { ...pressAssumptions, dollarsPerMultiplyAdd: undefined };
  expect(priceOfMultiplyAdd(derived)).toBeCloseTo(1.056e-18, 21);
  expect(statedAssumptions(derived).dollarsPerMultiplyAdd).toBe(priceOfMultiplyAdd(derived));
});

test.each([
  [{ multiplyAddsPerSecond: 0 }, 'peak is impossible: 0 multiply-adds per second. Give more than 0.'],
  [{ multiplyAddsPerSecond: Number.NaN }, 'peak is impossible: NaN'],
  [{ dollarsPerGpuYear: -1 }, 'price of a GPU-year is impossible: -1 dollars. Give 0 or more.'],
  [{ dollarsPerMultiplyAdd: -1e-18 }, 'price of a multiply-add is impossible: -1e-18 dollars'],
  [{ wattsPerGpu: -700 }, 'power of a GPU is impossible: -700 watts'],
  [{ dollarsPerKilowattHour: Infinity }, 'price of energy is impossible: Infinity dollars per kWh'],
  [{ multiplyAddsPerSecond: 1e-320 }, 'multiply-adds per second. Give 1e-60 to 1e+60.'],
  [{ wattsPerGpu: 1e308 }, 'power of a GPU is impossible: 1e+308 watts. Give 1e-60 to 1e+60.'],
  [{ tokensPerParameter: 0 }, 'tokens per parameter is impossible: 0 tokens'],
])('%o is refused with a sentence', (change, message) => {
  const assumptions = { ...pressAssumptions, ...change };
  expect(assumptionProblems(assumptions)).toEqual([expect.stringContaining(message)]);
  expect(() => requirePossible(assumptions)).toThrow(message);
});

test('free hardware and free energy are possible', () => {
  const free = { dollarsPerGpuYear: 0, dollarsPerMultiplyAdd: 0, wattsPerGpu: 0, dollarsPerKilowattHour: 0 };
  expect(assumptionProblems({ ...pressAssumptions, ...free })).toEqual([]);
});

test('all that is impossible is said at once, by an error that names its kind', () => {
  const worst = { ...pressAssumptions, multiplyAddsPerSecond: -1, tokensPerParameter: -1 };
  expect(assumptionProblems(worst)).toHaveLength(2);
  expect(() => requirePositive('x', 'y', -2)).toThrow(
    expect.objectContaining({
      name: 'ImpossibleInputError',
      message: 'x: y is impossible: -2. Give more than 0.',
    }),
  );
  expect(() => refuseInput('no')).toThrow('no');
});
