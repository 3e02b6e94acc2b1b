// Tests of the Pareto front.
import { expect, test } from 'vitest';
import { paretoFront } from '../../src/laws/pareto.ts';

test('holds what nothing else beats in both', () => {
  const points = [
    { loss: 2, speed: 10 },
    { loss: 2.1, speed: 20 },
    { loss: 2.1, speed: 15 },
    { loss: 3, speed: 5 },
    { loss: 2, speed: 10 },
  ];
  expect(paretoFront(points)).toEqual([true, true, false, false, true]);
  expect(paretoFront([])).toEqual([]);
});
