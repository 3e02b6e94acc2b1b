// Tests of expanding a study: grids, ranges, formulas, names that depend on the experiment alone, and studies that cannot be.
import { describe, expect, test } from 'vitest';
import { expandStudy, listValues } from '../../../src/lab/studies/expand.ts';
import { parseStudy } from '../../../src/lab/studies/study.ts';
import { exampleStudy, studyWith } from './example-study.ts';

const expand = (changes: Readonly<Record<string, unknown>> = {}) =>
  expandStudy(parseStudy(studyWith(changes), 'x'), 20);

describe('an expanded study', () => {
  test('has a run for every point, in whole steps', () => {
    const { runs } = expand();
    expect(runs.map(({ shape, tokens }) => [shape.width, tokens])).toEqual([
      [8, 256],
      [8, 512],
      [16, 256],
      [16, 512],
    ]);
    expect(runs.map(({ experiment }) => experiment.train.steps)).toEqual([8, 16, 8, 16]);
    expect(runs[0].flops).toBe(6 * 12 * 8 ** 2 * 256);
    expect(runs[0].experiment.train.evaluationBatches).toBe(2);
  });

  test('needs no steps where the grid says how long to train, and asks for them where nothing does', () => {
    const { steps: _, ...train } = structuredClone(exampleStudy.base).train;
    const base = { ...exampleStudy.base, train };
    expect(expand({ base }).id).toBe(expand().id);
    expect(() => expand({ base, grid: { 'model.width': [8] } })).toThrow(/train\.steps: is missing/);
  });

  test('names runs by their experiment, and studies by their runs', () => {
    const [once, again] = [expand(), expand({ note: 'another note' })];
    expect(again.id).toBe(once.id);
    expect(new Set(once.runs.map(({ run }) => run)).size).toBe(4);
    expect(expand({ grid: { 'model.width': [8] } }).id).not.toBe(once.id);
  });

  test('shares trunks among runs that differ in their length only', () => {
    const trunks = expand().runs.map(({ trunk }) => trunk);
    expect(trunks[0]).toBe(trunks[1]);
    expect(trunks[0]).not.toBe(trunks[2]);
    for (const { run, trunk } of expand({ branches: false }).runs) expect(trunk).toBe(run);
  });

  test('follows formulas, and IsoFLOP budgets', () => {
    const rate = {
      'train.optimizer.learningRate': { factor: 0.08, powers: { parameters: -0.25 }, most: 0.008 },
    };
    const { runs } = expand({ grid: { parameters: [3000, 12_000], flops: [1e8] }, formulas: rate });
    for (const { experiment, shape, tokens, budget } of runs) {
      const expected = Math.min(0.008, 0.08 * shape.parameters ** -0.25);
      expect(experiment.train.optimizer.learningRate).toBeCloseTo(expected, 12);
      expect((6 * shape.parameters * tokens) / 1e8).toBeCloseTo(1, 1);
      expect(budget).toBe(1e8);
    }
    const tokens = { factor: 20, powers: { parameters: 1 } };
    const twenty = expand({ grid: { 'model.width': [8] }, formulas: { tokens } });
    expect(twenty.runs[0].tokens).toBe(20 * 768);
  });

  test('gives a seed to weights, batches and dropout', () => {
    const { runs } = expand({ grid: { seed: [1, 2] } });
    expect(runs[1].experiment.train.seeds).toEqual({ weights: 2, data: 2, dropout: 2 });
  });

  test('writes ranges out', () => {
    expect(listValues('tokens', { from: 1, to: 8, factor: 2 })).toHaveLength(4);
    expect(listValues('tokens', { from: 1, to: 100, count: 3, scale: 'log' })[1]).toBeCloseTo(10, 9);
    expect(listValues('tokens', { from: 1, to: 5, count: 5, scale: 'linear' })).toEqual([1, 2, 3, 4, 5]);
    expect(listValues('model.norm', 'rmsNorm')).toEqual(['rmsNorm']);
  });
});

describe('a study that cannot be', () => {
  const many = Array.from({ length: 1000 }, (_, index) => index + 1);
  test.each([
    [{ grid: { 'model.width': many, seed: many } }, /expands to 1000000 runs, the limit is 5000/],
    [
      { grid: { parameters: [1000], 'model.width': [8] } },
      /parameters decides on model.width, and both are given/,
    ],
    [{ grid: { tokens: [1000], flops: [1e8] } }, /tokens and flops both say how long to train/],
    [{ grid: { 'model.wdith': [8] } }, /there is no field "model.wdith"/],
    [{ grid: { 'model.width': [7] } }, /model.heads: 2 does not divide model.width 7/],
    [{ grid: { tokens: { from: 10, to: 1, factor: 2 } } }, /the range ends at 1, before it begins at 10/],
    [{ grid: { parameters: ['many'] } }, /parameters is "many"; it must be a positive number/],
    [{ grid: { tokens: { from: -1, to: 1, count: 3 } } }, /cannot begin at -1/],
    [
      { formulas: { tokens: { factor: 1, powers: { nothing: 1 } } }, grid: { seed: 1 } },
      /needs nothing, which is not/,
    ],
  ])('%# is refused in one line', (changes, message) => {
    expect(() => expand(changes)).toThrow(message);
    expect(() => expand(changes)).toThrow(/^study: [^\n]+$/);
  });
});
