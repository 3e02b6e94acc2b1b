// Tests of ranks, Spearman's correlation and percentiles.
import { expect, test } from 'vitest';
import { meanSquaredError, percentile, ranksOf, spearman } from '../../src/laws/ranks.ts';
import { near } from '../near.ts';

test('ties share the mean of their ranks', () => {
  expect(ranksOf([10, 20, 20, 5])).toEqual([2, near(3.5), near(3.5), 1]);
});

test('Spearman sees only the order', () => {
  expect(spearman([1, 2, 3], [10, 100, 1000])).toBeCloseTo(1, 12);
  expect(spearman([1, 2, 3], [3, 2, 1])).toBeCloseTo(-1, 12);
  // 1 − 6·Σd²/(n(n² − 1)) with d² = 1, 1, 0, 0.
  expect(spearman([1, 2, 3, 4], [2, 1, 3, 4])).toBeCloseTo(0.8, 12);
  expect(spearman([1, 1], [1, 2])).toBeUndefined();
  expect(spearman([1], [1])).toBeUndefined();
});

test('percentiles lie between neighbours', () => {
  expect(percentile([4, 1, 3, 2], 0.5)).toBeCloseTo(2.5, 12);
  expect(percentile([4, 1, 3, 2], 1)).toBe(4);
  expect(meanSquaredError([1, 2], [1, 4])).toBe(2);
});
