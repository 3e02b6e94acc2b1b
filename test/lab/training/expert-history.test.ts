// Routers over time: nothing is counted twice or lost, and a collapse is found by its rule and by nothing else.
import { describe, expect, it } from 'vitest';
import type { ExpertSample } from '../../../src/contract/inside.ts';
import { ExpertLog, findCollapsed, judgedSteps } from '../../../src/lab/training/expert-history.ts';
import { takeSteps, tinyRun } from './tiny-runs.ts';

const model = { experts: 4, expertsPerToken: 2, gated: true, activation: 'silu', hidden: 8 };
const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

/** Samples of one layer, `width` steps each. */
function samplesOf(loads: readonly (readonly number[])[], width: number): ExpertSample[] {
  return loads.map((load, index) => ({
    from: index * width,
    step: (index + 1) * width,
    layers: [{ layer: 1, tokens: sum(load), load, dropped: 0, entropy: 1, balance: 1 }],
  }));
}

describe('findCollapsed', () => {
  const balanced = [25, 25, 25, 25];
  const onOne = [94, 2, 2, 2];

  it.each([
    ['balanced loads', [balanced, balanced, balanced], 1, 0],
    ['one expert with nearly all', [onOne, onOne, onOne], 1, 1],
    [
      'one expert with most, below the limit',
      [
        [80, 10, 5, 5],
        [80, 10, 5, 5],
        [80, 10, 5, 5],
      ],
      1,
      0,
    ],
    [
      'two experts with all, of which each token takes two',
      [
        [50, 50, 0, 0],
        [50, 50, 0, 0],
        [50, 50, 0, 0],
      ],
      2,
      1,
    ],
    [
      'two experts with half each, of which each token takes one',
      [
        [50, 50, 0, 0],
        [50, 50, 0, 0],
        [50, 50, 0, 0],
      ],
      1,
      0,
    ],
    [
      'loads of nothing',
      [
        [0, 0, 0, 0],
        [0, 0, 0, 0],
        [0, 0, 0, 0],
      ],
      1,
      0,
    ],
    ['every expert taken by every token', [onOne, onOne, onOne], 4, 0],
  ])('judges %s', (_name, loads, perToken, found) => {
    expect(findCollapsed(samplesOf(loads, 10), perToken)).toHaveLength(found);
  });

  it('judges the newest steps only, and no fewer than the rule says', () => {
    expect(findCollapsed(samplesOf([onOne], judgedSteps - 1), 1)).toEqual([]);
    expect(findCollapsed(samplesOf([balanced, balanced, onOne, onOne], judgedSteps / 2), 1)).toEqual([
      {
        layer: 1,
        steps: judgedSteps,
        why: 'Layer 2: expert 1 of 4 takes 94.0\u202f% of the tokens; its fair share is 25.0\u202f%.',
      },
    ]);
    expect(findCollapsed(samplesOf([onOne, onOne, balanced, balanced], judgedSteps / 2), 1)).toEqual([]);
    expect(findCollapsed([], 1)).toEqual([]);
  });

  it('finds a load that is spread over too few without one that has too much', () => {
    const few = [...new Array(3).fill(100), ...new Array(29).fill(0)];
    const [router] = findCollapsed(samplesOf([few, few], 20), 1);
    expect(router?.why).toBe(
      'Layer 2: the load is spread as over 3.00 of 32 experts, of which a token takes 1.',
    );
  });
});

describe('the log of a run', () => {
  it('takes every step once, and remembers what it took', async () => {
    const run = await tinyRun({ model });
    const log = new ExpertLog(run);
    expect(await log.take()).toBeUndefined();
    await takeSteps(run, 3);
    await log.take();
    expect(await log.take()).toBeUndefined();
    await takeSteps(run, 2);
    await log.take();
    const { samples, experts, perToken } = log.history();
    expect([experts, perToken]).toEqual([4, 2]);
    expect(samples.map(({ from, step }) => [from, step])).toEqual([
      [0, 3],
      [3, 5],
    ]);
    // 4 rows of 8 tokens a step, 2 experts each
    expect(samples.map(({ layers }) => layers.map(({ tokens, load }) => [tokens, sum(load)]))).toEqual([
      [
        [96, 192],
        [96, 192],
      ],
      [
        [64, 128],
        [64, 128],
      ],
    ]);
  });

  it('says when a router collapses', async () => {
    const run = await tinyRun({ model: { ...model, experts: 8, balanceLoss: 1 } });
    const log = new ExpertLog(run);
    const router = run.plans.model.store.parameters.get('layers.0.experts.router')?.blocks[0]?.weight;
    if (!router) throw new Error('no router');
    for (let step = 0; step < judgedSteps; step++) {
      // Equal scores: every token takes the first two.
      run.runtime.write(router, new Float32Array(16 * 8));
      await (await run.trainer.submitStep()).record;
      if (step === judgedSteps - 2) {
        await log.take();
        expect(log.collapsed).toEqual([]);
      }
    }
    await log.take();
    expect(log.collapsed[0]).toEqual({
      layer: 0,
      steps: judgedSteps,
      why: 'Layer 1: expert 1 of 8 takes 100\u202f% of the tokens; its fair share is 25.0\u202f%.',
    });
  });

  it('is bounded however often it is asked', async () => {
    const run = await tinyRun({ model: { ...model, layers: 1 } });
    const log = new ExpertLog(run);
    const statistics = run.plans.model.experts;
    if (!statistics) throw new Error('no statistics');
    let step = 0;
    // A trainer that claims steps: the log asks nothing else of it.
    const fake = Object.create(run, {
      trainer: {
        value: {
          get progress() {
            return { step: ++step };
          },
        },
      },
    });
    const long = new ExpertLog(fake);
    for (let i = 0; i < 1000; i++) await long.take();
    const { samples } = long.history();
    expect(samples.length).toBeLessThanOrEqual(402);
    expect(samples.at(-1)?.step).toBe(step);
    expect(log.history().samples).toEqual([]);
  });

  it('has nothing to say of a dense model', async () => {
    const run = await tinyRun();
    const log = new ExpertLog(run);
    await takeSteps(run, 1);
    expect(await log.take()).toBeUndefined();
    expect(log.history()).toMatchObject({ experts: 0, samples: [], collapsed: [] });
  });
});
