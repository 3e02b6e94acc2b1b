// Variants trained from several seeds: who gets which settings, what is told, and how seeds are written.
import { expect, it } from 'vitest';
import { describeSeeds, trainVariants, widestRange } from '../../../src/lab/lessons/variants.ts';
import { plainSpaces } from '../../../src/text/numbers.ts';

it('gives every variant the seeds in turn, with what it alone has', async () => {
  const told: [number, string][] = [];
  const found = await trainVariants(
    { report: (fraction, what) => void told.push([fraction, what]) },
    [
      { label: 'narrow', model: { width: 4 } },
      { label: 'deep', model: { layers: 3 } },
    ],
    {
      model: { layers: 1, width: 8, context: 8 },
      train: { steps: 2, batch: 1 },
      data: { source: 'arithmetic', characters: 2000 },
      seeds: [5, 7],
    },
    async ({ experiment: { model, train } }, onStep) => {
      onStep(1);
      onStep(2);
      const { weights, data } = train.seeds;
      return [model.layers, model.width, weights, data];
    },
  );
  expect(found).toEqual([
    [
      [1, 4, 5, 5],
      [1, 4, 7, 7],
    ],
    [
      [3, 8, 5, 5],
      [3, 8, 7, 7],
    ],
  ]);
  const fractions = told.map(([fraction]) => fraction);
  expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
  expect(fractions.at(-1)).toBeCloseTo(1, 9);
  expect(told.map(([, what]) => what).filter((what) => what === 'deep, seed 7')).toHaveLength(2);
});

it('writes the mean of seeds with the least and the greatest, and one seed alone', () => {
  expect(plainSpaces(describeSeeds([2.25, 2.75]))).toBe('2.500 (2.250 to 2.750)');
  expect(describeSeeds([2.25])).toBe('2.250');
  expect(describeSeeds([1, 3], String)).toBe('2 (1 to 3)');
});

it('finds the variant whose seeds lie furthest apart', () => {
  expect(widestRange([[1, 1.5], [4, 2, 3], [7]])).toBeCloseTo(2, 9);
});
