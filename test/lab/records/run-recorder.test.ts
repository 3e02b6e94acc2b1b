// The record that a run writes of itself: complete, readable again, and going on after a resume.
import { describe, expect, it } from 'vitest';
import type { LabEvent } from '../../../src/contract/runs.ts';
import { readRunRecord, writeRunRecord } from '../../../src/lab/records/run-record.ts';
import { RunRecorder, untilStep } from '../../../src/lab/records/run-recorder.ts';
import { titleOf } from '../../../src/lab/records/run-title.ts';
import { RunLoop } from '../../../src/lab/training/run-loop.ts';
import { tinyRun } from '../training/tiny-runs.ts';
import { exampleRecord } from './example-record.ts';

const device = { runtime: 'cpu', name: 'Loops', isSoftware: true, host: 'Node 20' } as const;

describe('the recorder of a run', () => {
  it('writes what happened, and its file is read again', async () => {
    const run = await tinyRun({ train: { steps: 6, evaluationInterval: 3 } });
    const recorder = new RunRecorder(run, { id: 'one', title: titleOf(run), device });
    const events: LabEvent[] = [];
    const loop = new RunLoop(run, {
      emit: (event) => {
        events.push(event);
        recorder.take(event);
      },
    });
    loop.start();
    await loop.settled();
    const record = readRunRecord(writeRunRecord(recorder.record()));
    expect(record).toEqual(JSON.parse(JSON.stringify(recorder.record())));
    const losses = events.flatMap((event) =>
      event.kind === 'steps' ? event.steps.map(({ loss }) => loss) : [],
    );
    expect(record.steps.map(({ loss }) => loss)).toEqual(losses);
    expect(record.evaluations.map(({ step }) => step)).toEqual([3, 6]);
    expect(record).toMatchObject({
      state: 'finished',
      totalSteps: 6,
      id: 'one',
      dataSha256: run.corpus.sha256,
    });
    expect(record.allocatedBytes).toBe(record.prediction?.memoryBytes.total);
    expect(record.title).toMatch(/^2 layers of 16 on stories$/);
  });

  it('leaves out what is no number and says why the run ended', async () => {
    const run = await tinyRun();
    const recorder = new RunRecorder(run, { id: 'one', title: 'x', device });
    const [step] = exampleRecord().steps;
    recorder.take({ kind: 'steps', steps: [step, { ...step, step: 2, loss: Number.NaN }] });
    recorder.take({ kind: 'state', state: 'diverged', message: 'The loss became no number at step 2.' });
    const record = readRunRecord(writeRunRecord(recorder.record()));
    expect(record.steps).toHaveLength(1);
    expect(record).toMatchObject({ state: 'diverged', message: 'The loss became no number at step 2.' });
  });

  it('goes on from an earlier record of the run, without what came after the checkpoint', async () => {
    const before = exampleRecord({ id: 'one' });
    const run = await tinyRun();
    const progress = { step: 12, tokens: 0, seconds: 0 };
    const resumed = { ...run, trainer: Object.create(run.trainer, { progress: { value: progress } }) };
    const recorder = new RunRecorder(resumed, { id: 'one', title: 'x', device, before });
    recorder.take({ kind: 'steps', steps: [{ ...before.steps[12], loss: 9 }] });
    const record = recorder.record();
    expect(record.steps.map(({ step }) => step)).toEqual(Array.from({ length: 13 }, (_, index) => index + 1));
    expect(record.evaluations.map(({ step }) => step)).toEqual([10]);
    expect(record.samples).toEqual([]);
    expect(record.startedAt).toBe(before.startedAt);
    expect(record.kernelTable).toEqual(before.kernelTable);
  });

  it('bounds the samples and their length', async () => {
    const run = await tinyRun();
    const recorder = new RunRecorder(run, { id: 'one', title: 'x', device });
    for (let step = 1; step <= 500; step++)
      recorder.take({ kind: 'sample', step, text: 'long '.repeat(2000) });
    const { samples } = recorder.record();
    expect(samples.length).toBeLessThanOrEqual(201);
    expect(samples[0]?.step).toBe(1);
    expect(samples.at(-1)?.step).toBe(500);
    expect(samples[0]?.text.length).toBe(4000);
  });
});

it('a record until a step has nothing after it', () => {
  const { steps, evaluations, samples } = untilStep(exampleRecord(), 10);
  expect([steps.at(-1)?.step, evaluations.at(-1)?.step, samples.length]).toEqual([10, 10, 0]);
});
