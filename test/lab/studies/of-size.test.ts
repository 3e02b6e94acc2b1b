// What a law recommends as an experiment: the nearest run of the study, its width solved anew.
import { expect, test } from 'vitest';
import { experimentOfSize, usualRecipe } from '../../../src/lab/studies/of-size.ts';
import { shapeOf } from '../../../src/lab/studies/shape.ts';

test('takes depth and heads of the nearest size, and the rate of the study’s formula', () => {
  for (const [parameters, layers] of [
    [5000, 2],
    [20_495, 2],
    [200_000, 3],
    [2e6, 4],
  ] as const) {
    const { model, train } = experimentOfSize(usualRecipe(), parameters, 3e6, 27);
    const shape = shapeOf(model, 'blocks', 27);
    expect(model.layers).toBe(layers);
    expect(Math.abs(Math.log(shape.parameters / parameters))).toBeLessThan(0.12);
    const rate = Math.min(0.008, 0.08 * shape.parameters ** -0.25);
    expect(Math.abs(train.optimizer.learningRate / rate - 1)).toBeLessThan(1e-6);
    expect(train.evaluationInterval).toBe(train.steps);
  }
});

test('counts embeddings where the study does', () => {
  const study = { ...usualRecipe(), count: 'all' as const };
  const { model } = experimentOfSize(study, 30_000, 1e6, 27);
  expect(Math.abs(Math.log(shapeOf(model, 'all', 27).parameters / 30_000))).toBeLessThan(0.12);
});

test('takes N counted another way than the study does', () => {
  const { model, train } = experimentOfSize(usualRecipe(), 30_000, 1e6, 27, 'all');
  expect(Math.abs(Math.log(shapeOf(model, 'all', 27).parameters / 30_000))).toBeLessThan(0.12);
  // The study's formula still reads the blocks.
  const rate = Math.min(0.008, 0.08 * shapeOf(model, 'blocks', 27).parameters ** -0.25);
  expect(Math.abs(train.optimizer.learningRate / rate - 1)).toBeLessThan(1e-6);
});

test('says where there is no such model', () => {
  expect(() => experimentOfSize(usualRecipe(), 3, 1e6, 27)).toThrow(/no model of 3 parameters in its way/);
  expect(() => experimentOfSize(usualRecipe(), 21e9, 1e6, 27)).toThrow(
    /no model of 21000000000 parameters in its way/,
  );
});
