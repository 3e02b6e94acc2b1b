// The middle value of few figures.
import { expect, it } from 'vitest';
import { median } from '../../../src/lab/training/median.ts';

it.each([
  [[], 0],
  [[3], 3],
  [[4, 1], 2.5],
  [[9, 1, 2], 2],
])('the median of %o is %s', (values, expected) => {
  expect(median(values)).toBe(expected);
});
