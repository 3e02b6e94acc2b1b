// Polynomials through points that lie on one, and refusals.
import { expect, it } from 'vitest';
import { evaluatePolynomial, fitPolynomial } from '../../../src/lab/lessons/polynomial.ts';

it.each([
  [[3], 0],
  [[0.5, 2e-3], 1],
  [[1e-3, 2e-6, 3e-9], 2],
])('the coefficients %o come back from points of that polynomial', (coefficients, degree) => {
  const points = [64, 128, 512, 2048].map((x) => [x, evaluatePolynomial(coefficients, x)] as const);
  fitPolynomial(points, degree).forEach((found, power) => {
    expect(found / (coefficients[power] ?? 0)).toBeCloseTo(1, 8);
  });
});

it('a small time weighs as much as a large one', () => {
  const [constant = 0] = fitPolynomial(
    [
      [1, 1],
      [2, 100],
    ],
    0,
  );
  expect(constant).toBeLessThan(2); // the mean of the values is 50.5, which would be 5000 % off at the first
});

it.each([
  [[[1, 1]], 1, /degree 1 needs 2 points/],
  [
    [
      [1, 1],
      [2, 0],
    ],
    1,
    /y above 0/,
  ],
  [
    [
      [1, 1],
      [1, 2],
    ],
    1,
    /do not determine/,
  ],
] as const)('it refuses %o', (points, degree, message) => {
  expect(() => fitPolynomial(points, degree)).toThrow(message);
});
