// Tests of the quasi-Newton search on functions with known minima.
import { expect, test } from 'vitest';
import { minimise } from '../../src/laws/quasi-newton.ts';

test("finds the end of Rosenbrock's valley", () => {
  const { x, value } = minimise(
    ([a, b], gradient) => {
      gradient[0] = -2 * (1 - a) - 400 * a * (b - a * a);
      gradient[1] = 200 * (b - a * a);
      return (1 - a) ** 2 + 100 * (b - a * a) ** 2;
    },
    [-1.2, 1],
    300,
  );
  expect(value).toBeLessThan(1e-12);
  expect(x[0]).toBeCloseTo(1, 5);
});

test('stays where the function is defined', () => {
  const { x } = minimise(
    ([a], gradient) => {
      if (a <= 0) return Number.POSITIVE_INFINITY;
      gradient[0] = 1 - 1 / a;
      return a - Math.log(a);
    },
    [20],
    100,
  );
  expect(x[0]).toBeCloseTo(1, 6);
});

test('takes no more steps than it may', () => {
  const square = ([a]: Float64Array, gradient: Float64Array) => {
    gradient[0] = 2 * a;
    return a * a;
  };
  expect(minimise(square, [5], 0)).toMatchObject({ value: 25, iterations: 0 });
});
