// The points of small lines.
import { expect, it } from 'vitest';
import { sparkPoints } from '../../../src/ui/figures/bars.ts';

it('spreads finite values over the box, lowest at the bottom', () => {
  expect(sparkPoints([1, 3, Number.NaN, 2])).toBe('0,22 50,2 100,12');
});

it('draws a level line for equal values and none for fewer than two', () => {
  expect(sparkPoints([5, 5])).toBe('0,22 100,22');
  expect(sparkPoints([5])).toBeUndefined();
  expect(sparkPoints([Number.NaN, Number.NaN, 1])).toBeUndefined();
});
