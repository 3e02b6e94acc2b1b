// Tests of planning a study: what branches save, budgets and their rule, shards, memory.
import { describe, expect, test } from 'vitest';
import { expandStudy } from '../../../src/lab/studies/expand.ts';
import { branchStep, planStudy, plansOfStudy, shardOf } from '../../../src/lab/studies/plan.ts';
import { parseStudy } from '../../../src/lab/studies/study.ts';
import { learningRateAt } from '../../../src/model/learning-rate.ts';
import { baselineCapabilities } from '../../../src/plan/kernel.ts';
import { studyWith } from './example-study.ts';

const device = { capabilities: baselineCapabilities, profile: undefined };
const expand = (changes: Readonly<Record<string, unknown>> = {}) =>
  expandStudy(parseStudy(studyWith(changes), 'x'), 20);
const plan = (
  changes: Readonly<Record<string, unknown>> = {},
  on: Parameters<typeof planStudy>[1] = device,
) => planStudy(expand(changes), on, 20);

describe('a plan', () => {
  test('trains the stable phase of a trunk once', () => {
    const { groups } = plan();
    expect(groups).toHaveLength(2);
    // 8 steps, of which 6 stable; then from 6 to 16.
    expect(groups[0].runs.map(({ steps }) => steps)).toEqual([8, 10]);
    expect(plan().flops).toBeLessThan(plan({ branches: false }).flops);
  });

  test('rests on branches whose rates are the same up to where they part', () => {
    const [short, long] = expand().runs;
    expect([branchStep(short), branchStep(long)]).toEqual([6, 12]);
    for (let step = 0; step < 6; step++) {
      expect(learningRateAt(short.experiment.train, step)).toBe(learningRateAt(long.experiment.train, step));
    }
  });

  test('predicts seconds by the device’s rate where there is no profile: twice as fast, half as long', () => {
    expect(plan().predictedSeconds).toBeUndefined();
    const secondsAt = (rate: number) =>
      plan({}, { ...device, trainingFlopsPerSecond: rate }).predictedSeconds ?? 0;
    // What a trunk takes besides its steps does not shrink.
    const [slow, fast, fastest] = [secondsAt(1e6), secondsAt(2e6), secondsAt(1e15)];
    expect(fast).toBeLessThan(slow);
    expect(Math.abs((slow - fastest) / (fast - fastest) - 2)).toBeLessThan(1e-6);
  });

  test('begins with the cheapest', () => {
    const costs = plan().groups.map(({ runs }) => runs.reduce((sum, run) => sum + run.planFlops, 0));
    expect(costs).toEqual([...costs].sort((a, b) => a - b));
  });

  test('drops repeats first, then the dearest, until a budget of flops holds', () => {
    const grid = { 'model.width': [8, 16], seed: [1, 2], tokens: [256] };
    const most = plan({ grid }).flops * 0.7;
    const { groups, dropped, flops } = plan({ grid, budget: { flops: most } });
    expect(flops).toBeLessThanOrEqual(most);
    expect(dropped[0].run.shape.width).toBe(16);
    expect(dropped[0].reason).toMatch(/beyond the budget of/);
    const widths = groups.flatMap(({ runs }) => runs.map(({ shape }) => shape.width));
    expect(new Set(widths)).toEqual(new Set([8, 16]));
  });

  test('refuses a budget that no run fits, or that cannot be judged', () => {
    expect(() => plan({ budget: { flops: 1 } })).toThrow(/no run is left of 4: beyond the budget/);
    expect(() => plan({ budget: { seconds: 10 } })).toThrow(/needs a calibrated device/);
  });

  test('leaves out what the memory cannot hold', () => {
    const { dropped } = plan({ grid: { 'model.width': [8, 64] } }, { ...device, memoryBytes: 300_000 });
    expect(dropped).toHaveLength(1);
    expect(dropped[0].reason).toMatch(/the device has 300000/);
  });

  test('cuts into shards that are whole and disjoint', () => {
    const { groups } = plan({ grid: { 'model.width': [8, 16, 24], seed: [1, 2], tokens: [256, 512] } });
    const shards = [1, 2, 3].map((index) => shardOf(groups, index, 3));
    const names = shards.flat().map(({ trunk }) => trunk);
    expect(new Set(names).size).toBe(groups.length);
    expect(names).toHaveLength(groups.length);
    expect(shards.every(({ length }) => length > 0)).toBe(true);
    expect(shardOf(groups, 1, 1)).toEqual(groups);
  });

  test('records one set of plans a model', () => {
    expect(plansOfStudy(expand(), device, 20)).toHaveLength(2);
  });
});
