// Several steps in one submission: the same bits as one by one, and few submissions.
import { expect, it } from 'vitest';
import { gpuEngine } from '../../../src/lab/plans/engine.ts';
import { RunLoop } from '../../../src/lab/training/run-loop.ts';
import { describeGpu, getTestDevice } from '../../gpu-device.ts';
import { type Changes, gpuChanges, stateOf, takeSteps, tinyRun } from './tiny-runs.ts';

const kinds: Readonly<Record<string, Changes>> = {
  'a GPT': gpuChanges.gpt2,
  'two micro-batches and dropout': gpuChanges.llama,
};

describeGpu('steps handed over together', () => {
  it.each(Object.keys(kinds))('give the bits of steps one by one: %s', async (kind) => {
    const changes = kinds[kind];
    const engine = gpuEngine(await getTestDevice());
    const [alone, together] = [await tinyRun(changes, engine), await tinyRun(changes, engine)];
    const expected = await takeSteps(alone, 13);
    const actual = await takeSteps(together, 1);
    for (const count of [2, 3, 7]) {
      const group = await Promise.all(
        (await together.trainer.submitSteps(count)).map(({ record }) => record),
      );
      actual.push(...group);
      // Results that come together took the same time each, so that no step shows an absurd rate.
      expect(new Set(group.map(({ stepSeconds }) => stepSeconds)).size).toBe(1);
    }
    const facts = (records: typeof expected) =>
      records.map(({ step, tokens, loss, gradientNorm, learningRate }) => [
        ...[step, tokens, loss, gradientNorm, learningRate],
      ]);
    expect(facts(actual)).toEqual(facts(expected));
    expect(await stateOf(together)).toEqual(await stateOf(alone));
    for (const { runtime } of [alone, together]) runtime.dispose();
  });

  it('take one submit where they are short, and stop where something else comes', async () => {
    const { device, capabilities, facts } = await getTestDevice();
    const engine = gpuEngine({ kind: 'device', device, capabilities, facts });
    const train = { steps: 60, evaluationInterval: 20, evaluationBatches: 1 };
    const run = await tinyRun({ ...gpuChanges.gpt2, train }, engine);
    await takeSteps(run, 4);
    expect(run.runtime.observedSeconds(run.plans.accumulate)).toBeGreaterThan(0);
    run.runtime.observedSeconds = () => 0.002; // of a device that nothing else uses
    expect(run.trainer.groupSize).toBeGreaterThan(1);
    const groups: number[] = [];
    const submitSteps = run.trainer.submitSteps.bind(run.trainer);
    run.trainer.submitSteps = (count) => {
      groups.push(count);
      return submitSteps(count);
    };
    const steps: number[] = [];
    const evaluations: number[] = [];
    const loop = new RunLoop(run, {
      emit: (event) => {
        if (event.kind === 'steps') steps.push(...event.steps.map(({ step }) => step));
        if (event.kind === 'evaluation') evaluations.push(event.step);
      },
    });
    loop.start();
    await loop.settled();
    expect(loop.state).toBe('finished');
    expect(steps).toEqual(Array.from({ length: 56 }, (_, i) => i + 5));
    expect(evaluations).toEqual([20, 40, 60]);
    expect(groups.reduce((sum, count) => sum + count, 0)).toBe(56);
    expect(groups.length).toBeLessThan(40);
    run.runtime.dispose();
  });
});
