// Tests of the seeded generator against its first numbers elsewhere.
import { expect, test } from 'vitest';
import { gaussian, mulberry32 } from '../../src/laws/seeded-random.ts';

test('mulberry32 begins as everywhere', () => {
  const uniform = mulberry32(1);
  expect(uniform()).toBeCloseTo(0.6270739405881613, 12);
  expect(uniform()).toBeCloseTo(0.002735721180215478, 12);
});

test('normal draws have mean 0 and deviation 1', () => {
  const uniform = mulberry32(2);
  const draws = Array.from({ length: 20_000 }, () => gaussian(uniform));
  const mean = draws.reduce((sum, value) => sum + value, 0) / draws.length;
  expect(Math.abs(mean)).toBeLessThan(0.03);
  expect(draws.reduce((sum, value) => sum + value ** 2, 0) / draws.length).toBeCloseTo(1, 1);
});
