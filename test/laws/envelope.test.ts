// Tests of the envelope: sizes between the ends, and curves that are none.
import { expect, test } from 'vitest';
import { fitEnvelope } from '../../src/laws/envelope.ts';
import { cs336 } from './public-points.ts';

test('single runs of each size are no curves', () => {
  expect(() => fitEnvelope(cs336.slice(0, 8))).toThrow(/which makes a curve. Three curves are needed/);
});

test('ends of the sizes are never the answer', () => {
  const curve = (parameters: number, losses: readonly number[]) =>
    losses.map((loss, step) => ({ parameters, tokens: 10 ** (5 + step) / parameters, loss }));
  const runs = [
    ...curve(10, [3, 2.9, 2.8, 2.7, 2.6]),
    ...curve(100, [4, 2.7, 2.5, 2.45, 2.4]),
    ...curve(1000, [5, 4, 2.6, 2.3, 2.2]),
    ...curve(10000, [6, 5, 4, 2.4, 1.9]),
  ];
  const { optima, parameters } = fitEnvelope(runs);
  expect(new Set(optima.map((optimum) => optimum.parameters))).toEqual(new Set([100, 1000]));
  expect(parameters.exponent).toBeGreaterThan(0);
});
