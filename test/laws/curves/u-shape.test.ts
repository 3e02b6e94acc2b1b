// Tests of the U of one variable.
import { expect, test } from 'vitest';
import { fitUShape, predictUShape } from '../../../src/laws/curves/u-shape.ts';

const x = [0.05, 0.1, 0.2, 0.4, 0.8];

test('finds a known U and its lowest place', () => {
  const truth = { c0: 2, c1: 0.1, c2: 0.012 };
  const fit = fitUShape(
    x,
    x.map((value) => predictUShape(truth, value)),
  );
  expect(fit.optimum).toBeCloseTo(0.12, 9);
  expect(fit.minimum).toBeCloseTo(predictUShape(truth, 0.12), 9);
});

test('what only falls has no lowest place', () => {
  expect(fitUShape(x, [5, 4, 3, 2, 1]).optimum).toBeUndefined();
});

test('three values are needed', () => {
  expect(() => fitUShape([1, 1, 2], [3, 3, 4], 'ratio')).toThrow(/2 different values of ratio/);
});
