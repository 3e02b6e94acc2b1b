// Looking inside over the contract: the service between the page and a run, with and without a run.
import { expect, it } from 'vitest';
import type { LabEvent } from '../../src/contract/runs.ts';
import { cpuEngine } from '../../src/lab/plans/engine.ts';
import { LabError } from '../../src/lab/plans/problem.ts';
import { RunLoop } from '../../src/lab/training/run-loop.ts';
import { createInside } from '../../src/worker/inside-service.ts';
import { tinyRun } from '../lab/training/tiny-runs.ts';

const model = { experts: 4, expertsPerToken: 2, gated: true, activation: 'silu', hidden: 8 };

it('reads a run between its steps while it trains, and says what its routers do', async () => {
  const run = await tinyRun({ model, train: { steps: 40, evaluationInterval: 10 } });
  const events: LabEvent[] = [];
  const loop = new RunLoop(run, { emit: (event) => events.push(event) });
  const inside = createInside({
    withRun: (task) => loop.exclusive(() => task(run, cpuEngine(), loop)),
  });
  loop.start();
  const reading = await inside.readText({ text: 'a cat', layer: 1 });
  const history = await inside.expertHistory();
  const positions = await inside.positionLosses();
  const tastes = await inside.expertTastes();
  await loop.settled();
  expect(reading).toMatchObject({ kind: 'ok', value: { text: 'a cat', layer: 1 } });
  expect(history).toMatchObject({ kind: 'ok', value: { experts: 4, perToken: 2 } });
  expect(positions).toMatchObject({ kind: 'ok', value: { windows: 8 } });
  expect(tastes.kind === 'ok' && tastes.value.layers.map(({ layer }) => layer)).toEqual([0, 1]);
  expect(run.trainer.progress.step).toBe(40);
  // Nothing is counted twice or lost, whoever asked: the run at evaluations, or the page.
  const all = await inside.expertHistory();
  if (all.kind !== 'ok') throw new Error('no history');
  const { samples } = all.value;
  expect(samples[0]?.from).toBe(0);
  expect(samples.at(-1)?.step).toBe(40);
  samples.slice(1).forEach(({ from }, index) => {
    expect(from).toBe(samples[index]?.step);
  });
  const told = events.flatMap((event) => (event.kind === 'experts' ? [event.step] : []));
  expect(told).toEqual(samples.map(({ step }) => step));
  expect(told).toEqual(expect.arrayContaining([10, 20, 30, 40]));
  run.runtime.dispose();
});

it('answers with a problem where there is no run', async () => {
  const message = 'There is no run yet. Press Train first.';
  const inside = createInside({
    withRun: async () => {
      throw new LabError({ kind: 'busy', message });
    },
  });
  for (const result of [
    await inside.readText({ text: '', layer: 0 }),
    await inside.positionLosses(),
    await inside.expertHistory(),
    await inside.expertTastes(),
  ]) {
    expect(result).toEqual({ kind: 'problem', problem: { kind: 'busy', message } });
  }
});
