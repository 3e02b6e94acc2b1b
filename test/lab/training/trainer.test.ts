// Training on the reference loops: micro-batches, bad steps, dropout, loss on the last position, and late results.
import { describe, expect, it, vi } from 'vitest';
import { families, stateOf, takeLosses, takeSteps, tinyRun } from './tiny-runs.ts';

describe('training', () => {
  it.each(['gpt2', 'llama'] as const)(
    'of the %s family brings the loss down within 50 steps',
    async (family) => {
      const run = await tinyRun({ model: families[family] });
      const losses = await takeLosses(run, 50);
      const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
      expect(Math.abs((losses[0] ?? 0) - run.floors.uniform)).toBeLessThan(0.2);
      expect(mean(losses.slice(-5))).toBeLessThan(0.85 * mean(losses.slice(0, 5)));
    },
  );

  it('with SGD and momentum brings the loss down too', async () => {
    const optimizer = { kind: 'sgd', learningRate: 0.3, momentum: 0.9, weightDecay: 0 };
    const losses = await takeLosses(await tinyRun({ train: { optimizer } }), 40);
    expect(losses.at(-1)).toBeLessThan(0.9 * (losses[0] ?? 0));
  });

  it('twice from the same seeds gives the same losses and weights bit for bit', async () => {
    const changes = { model: { ...families.llama, dropout: 0.2 } };
    const [first, second] = [await tinyRun(changes), await tinyRun(changes)];
    expect(await takeLosses(second, 6)).toEqual(await takeLosses(first, 6));
    expect(await stateOf(second)).toEqual(await stateOf(first));
  });

  it.each(['weights', 'data', 'dropout'])('from another seed of %s gives other losses', async (which) => {
    const model = { dropout: 0.2 };
    const seeds = { weights: 1, data: 1, dropout: 1 };
    const first = await takeLosses(await tinyRun({ model, train: { seeds } }), 3);
    const other = await takeLosses(await tinyRun({ model, train: { seeds: { ...seeds, [which]: 2 } } }), 3);
    expect(other).not.toEqual(first);
  });

  it.each([0, 0.25])('in 3 micro-batches of 2 equals one batch of 6 with dropout %s', async (dropout) => {
    const model = { ...families.gpt2, dropout };
    const whole = await tinyRun({ model, train: { batch: 6, accumulation: 1, evaluationBatches: 1 } });
    const parts = await tinyRun({ model, train: { batch: 2, accumulation: 3, evaluationBatches: 3 } });
    const [one, three] = [await takeSteps(whole, 5), await takeSteps(parts, 5)];
    for (const [index, record] of one.entries()) {
      expect(three[index]?.loss).toBeCloseTo(record.loss, 5);
      expect(three[index]?.gradientNorm).toBeCloseTo(record.gradientNorm, 4);
      expect(three[index]?.tokens).toBe(record.tokens);
    }
    const [weights = []] = await stateOf(whole);
    const [others = []] = await stateOf(parts);
    const worst = weights.reduce((most, value, i) => Math.max(most, Math.abs(value - (others[i] ?? 0))), 0);
    // AdamW divides by the root of the square: a gradient near 0 keeps no more digits than this.
    expect(worst).toBeLessThan(2e-3);
    expect(await parts.trainer.evaluate(parts.evaluation)).toBeCloseTo(
      await whole.trainer.evaluate(whole.evaluation),
      2,
    );
  });

  it('counts steps, tokens, flops and the rate of the schedule', async () => {
    const run = await tinyRun({
      train: { accumulation: 2, schedule: { kind: 'linear', warmupSteps: 3, minimumLearningRate: 0 } },
    });
    const records = await takeSteps(run, 3);
    expect(records.map(({ step }) => step)).toEqual([1, 2, 3]);
    expect(records.map(({ tokens }) => tokens)).toEqual([64, 128, 192]);
    expect(records.map(({ flops }) => flops)).toEqual(
      [1, 2, 3].map((step) => step * run.trainer.flopsPerStep),
    );
    const rates = records.map(({ learningRate }) => learningRate);
    expect(rates.map((rate) => rate.toFixed(9))).toEqual(['0.002500000', '0.005000000', '0.007500000']);
    for (const { stepSeconds, tokensPerSecond } of records) {
      expect(stepSeconds).toBeGreaterThan(0);
      expect(tokensPerSecond).toBeCloseTo(64 / stepSeconds, 3);
    }
  });

  it('leaves pauses out of its time', async () => {
    const run = await tinyRun();
    await takeSteps(run, 1);
    run.trainer.pauseClock();
    const now = performance.now.bind(performance);
    vi.spyOn(performance, 'now').mockImplementation(() => now() + 3.6e6);
    const [record] = await takeSteps(run, 1);
    expect(record?.stepSeconds).toBeLessThan(3000);
    expect(run.trainer.progress.seconds).toBeLessThan(3000);
  });
});

describe('the loss on the last position', () => {
  it('differs from that on all and counts one target per row', async () => {
    const run = await tinyRun({ train: { lossPositions: 'last' } });
    const [record] = await takeSteps(run, 1);
    const losses = await run.runtime.read(run.plans.positionLoss);
    const last = [...losses].filter((_, index) => index % 8 === 7);
    expect([...losses].filter((loss) => loss !== 0)).toEqual(last);
    expect(record?.loss).toBeCloseTo(last.reduce((sum, loss) => sum + loss, 0) / 4, 5);
  });
});

describe('a step that is not finite', () => {
  it.each([1, 2])(
    'changes neither weights nor moments and says so, with %s micro-batches',
    async (accumulation) => {
      const run = await tinyRun({ model: families.gpt2, train: { accumulation } });
      await takeSteps(run, 2);
      const weight = run.plans.model.store.parameters.get('layers.1.ffn.expand')?.blocks[0]?.weight;
      if (!weight) throw new Error('no such weight');
      const healthy = await run.runtime.read(weight);
      run.runtime.write(weight, Float32Array.of(Number.NaN));
      const before = await stateOf(run);
      const [record] = await takeSteps(run, 1);
      expect(record?.isFinite).toBe(false);
      expect(record?.step).toBe(3);
      expect(await stateOf(run)).toEqual(before);
      // And nothing of it is left over for the next step.
      run.runtime.write(weight, healthy);
      const [next] = await takeSteps(run, 1);
      expect(next?.isFinite).toBe(true);
    },
  );
});

describe('an evaluation', () => {
  it('is the same every time, without dropout, and leaves training as it is', async () => {
    const changes = { model: { dropout: 0.3 } };
    const [plain, evaluated] = [await tinyRun(changes), await tinyRun(changes)];
    const losses = await takeLosses(plain, 4);
    const found = await takeLosses(evaluated, 2);
    const first = await evaluated.trainer.evaluate(evaluated.evaluation);
    expect(await evaluated.trainer.evaluate(evaluated.evaluation)).toBe(first);
    expect(first).toBeGreaterThan(0);
    found.push(...(await takeLosses(evaluated, 2)));
    expect(found).toEqual(losses);
    expect(await stateOf(evaluated)).toEqual(await stateOf(plain));
  });

  it('is the mean over its batches', async () => {
    const run = await tinyRun();
    const [first, second] = run.evaluation;
    if (!first || !second) throw new Error('two batches are expected');
    const mean = ((await run.trainer.evaluate([first])) + (await run.trainer.evaluate([second]))) / 2;
    expect(await run.trainer.evaluate([first, second])).toBeCloseTo(mean, 5);
  });
});
