// Tests of Akima's interpolation: lines and parabolas are exact, a wild point stays local.
import { expect, test } from 'vitest';
import { akimaCurve } from '../../../src/laws/curves/akima.ts';

test('goes through its points and keeps straight lines straight', () => {
  const curve = akimaCurve([0, 1, 2, 3, 4, 5], [0, 1, 2, 3, 4, 9]);
  expect(curve(3)).toBeCloseTo(3, 12);
  expect(curve(0.5)).toBeCloseTo(0.5, 12);
  expect(curve(1.7)).toBeCloseTo(1.7, 12);
  expect(curve(5)).toBeCloseTo(9, 12);
});

test('evenly spaced points of a parabola give it back', () => {
  const x = [0, 1, 2, 3, 4];
  const curve = akimaCurve(
    x,
    x.map((value) => (value - 2) ** 2),
  );
  expect(curve(1.5)).toBeCloseTo(0.25, 9);
});

test('x must rise', () => {
  expect(() => akimaCurve([0, 0], [1, 2])).toThrow(/x must rise/);
});
