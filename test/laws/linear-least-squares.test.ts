// Tests of least squares with few columns.
import { expect, test } from 'vitest';
import { fitLine, solveLeastSquares, solveNonNegative } from '../../src/laws/linear-least-squares.ts';

const ones = Float64Array.of(1, 1, 1, 1);
const x = Float64Array.of(0, 1, 2, 3);

test('a line through points is found, with what is left over', () => {
  const fit = solveLeastSquares([ones, x], Float64Array.of(1, 3, 5, 8));
  // Normal equations by hand: slope 11.5 / 5, intercept 4.25 − 1.5·2.3.
  expect(fit?.coefficients[1]).toBeCloseTo(2.3, 12);
  expect(fit?.coefficients[0]).toBeCloseTo(0.8, 12);
  expect(fit?.residualSum).toBeCloseTo(0.3, 12);
});

test('nearly equal columns keep their digits, equal ones have no solution', () => {
  const near = ones.map((value, index) => value + 1e-7 * index);
  const fit = solveLeastSquares(
    [ones, near],
    ones.map((value, index) => 2 * value + 3 * near[index]),
  );
  expect(fit?.coefficients[1]).toBeCloseTo(3, 6);
  expect(solveLeastSquares([ones, ones], x)).toBeUndefined();
});

test('coefficients that may not be negative are 0 where they would be', () => {
  const { coefficients, residualSum } = solveNonNegative([ones, x], Float64Array.of(3, 2, 1, 0));
  expect(coefficients[1]).toBe(0);
  expect(coefficients[0]).toBeCloseTo(1.5, 12);
  expect(residualSum).toBeCloseTo(5, 12);
});

test('a line needs two places', () => {
  expect(fitLine([1, 2], [3, 5])).toEqual({ intercept: expect.closeTo(1, 9), slope: expect.closeTo(2, 9) });
  expect(fitLine([1, 1], [3, 5])).toBeUndefined();
});
