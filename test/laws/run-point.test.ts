// Tests of lists of runs: flops, distinct values, what is left out.
import { expect, test } from 'vitest';
import {
  countDistinct,
  countedBy,
  countOf,
  flopsOf,
  leaveOutHighest,
  requireSpread,
  UnfitRunsError,
} from '../../src/laws/run-point.ts';

const point = { parameters: 10, tokens: 100, loss: 3 };

test('flops are 6·N·D unless stated', () => {
  expect(flopsOf(point)).toBe(6000);
  expect(flopsOf({ ...point, flops: 7 })).toBe(7);
});

test('values within rounding are one', () => {
  expect(countDistinct([1, 1 + 1e-12, 2])).toBe(2);
});

test('the highest losses are left out, the order kept', () => {
  const points = [3, 9, 1, 7].map((loss) => ({ ...point, loss }));
  const { kept, leftOut } = leaveOutHighest(points, 2);
  expect(kept.map(({ loss }) => loss)).toEqual([3, 1]);
  expect(leftOut.map(({ loss }) => loss)).toEqual([9, 7]);
});

test('a fit needs runs, sizes and data', () => {
  expect(() => requireSpread('law', [point], 5)).toThrow(UnfitRunsError);
  expect(() => requireSpread('law', [point, { ...point, parameters: 20 }], 2)).toThrow(
    /all 2 runs have D = 100/,
  );
});

test('N counted another way takes C with it, and leaves the budget of an IsoFLOP curve', () => {
  const counts = { blocks: 10, withHead: 14, all: 16 };
  const run = { ...point, counts, flops: 6000, budget: 6000 };
  expect(countOf([run])).toBe('blocks');
  const [counted] = countedBy([run], 'all');
  expect(counted).toEqual({ ...point, counts, parameters: 16, budget: 6000 });
  expect(flopsOf(counted)).toBe(9600);
  expect(countOf([counted])).toBe('all');
  expect(countOf([run, point])).toBeUndefined();
  expect(() => countedBy([point], 'all')).toThrow(/run 1 has one N only.*parametersBlocks/);
});
