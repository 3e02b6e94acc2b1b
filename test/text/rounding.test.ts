// Tests of rounding: digits, decimals, and what has neither.
import { expect, it } from 'vitest';
import { rounded, significant } from '../../src/text/rounding.ts';

it('keeps significant digits, of numbers of any size', () => {
  expect(String(significant(123_456, 3))).toBe('123000');
  expect(String(significant(0.000_123_456, 3))).toBe('0.000123');
});

it('keeps decimals, and writes none that are zero', () => {
  expect(String(rounded(12.04, 1))).toBe('12');
  expect(String(rounded(0.12345, 3))).toBe('0.123');
});

it('leaves what is no number alone', () => {
  expect(significant(Number.POSITIVE_INFINITY, 3)).toBe(Number.POSITIVE_INFINITY);
  expect(rounded(Number.NaN, 1)).toBeNaN();
});
