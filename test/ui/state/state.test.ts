// How events change the view of a run, and what follows from it: title, time left, what can be done.
import { describe, expect, it } from 'vitest';
import type { LabEvent, Prediction } from '../../../src/contract/runs.ts';
import {
  hasWeights,
  isRunActive,
  measuredRate,
  noRun,
  pageTitle,
  type RunView,
  reduceRun,
  remainingSeconds,
} from '../../../src/ui/state/state.ts';
import { fakeStep } from '../page/fake-lab.ts';

const prediction = { secondsPerStep: 0.1 } as Prediction;
const floors = { uniform: 4, unigram: 3, bigram: 2 };
const prepared: LabEvent = {
  kind: 'prepared',
  id: 'a',
  title: 'A',
  unknownTokens: 0,
  prediction,
  allocatedBytes: 10,
  totalSteps: 100,
  floors,
};
const runAfter = (...events: LabEvent[]): RunView => events.reduce(reduceRun, noRun);

describe('page state', () => {
  it('begins a new run with what was prepared and forgets the one before', () => {
    const experiment = { model: {}, train: {}, data: {} };
    const before: RunView = {
      ...noRun,
      experiment,
      last: fakeStep(9),
      savedStep: 9,
      samples: [{ step: 1, text: 'x' }],
    };
    expect(reduceRun(before, prepared)).toMatchObject({
      totalSteps: 100,
      allocatedBytes: 10,
      samples: [],
      experiment,
    });
    expect(reduceRun(before, prepared).last).toBeUndefined();
    expect(reduceRun(before, prepared).savedStep).toBeUndefined();
  });

  it('keeps the last step, the last and the best validation loss, and the newest samples first', () => {
    const at = { tokens: 0, flops: 0, seconds: 0 };
    const run = runAfter(
      prepared,
      { kind: 'steps', steps: [fakeStep(1), fakeStep(2)] },
      { kind: 'steps', steps: [] },
      { kind: 'evaluation', step: 1, loss: 2, ...at },
      { kind: 'evaluation', step: 2, loss: 3, ...at },
      ...Array.from({ length: 30 }, (_, step): LabEvent => ({ kind: 'sample', step, text: 'x' })),
    );
    expect(run.last?.step).toBe(2);
    expect(run).toMatchObject({ lastValidation: 3, bestValidation: 2 });
    expect(run.samples.map(({ step }) => step)).toEqual([
      ...Array.from({ length: 16 }, (_, index) => 29 - index),
      ...[10, 0],
    ]);
    expect(run.samples[0]?.step).toBe(29);
  });

  it('knows the routers that are collapsed now, and forgets them with their run', () => {
    const experts = (collapsed: readonly string[]): LabEvent => ({
      ...{ kind: 'experts', step: 20, sample: { from: 0, step: 20, layers: [] } },
      collapsed: collapsed.map((why) => ({ layer: 1, steps: 20, why })),
    });
    const why = 'Layer 2: expert 1 of 4 takes 94 % of the tokens.';
    expect(runAfter(prepared, experts([why])).collapsed).toEqual([why]);
    expect(runAfter(prepared, experts([why]), experts([])).collapsed).toEqual([]);
    expect(runAfter(prepared, experts([why]), prepared).collapsed).toBeUndefined();
  });

  it('reckons the time left by the median, the last step, or the prediction, whichever is known first', () => {
    const timing = { encodeSeconds: 0, gpuSeconds: 0, readbackSeconds: 0, stepSeconds: 0.02 };
    expect(remainingSeconds(noRun)).toBeUndefined();
    expect(remainingSeconds(runAfter(prepared))).toBeCloseTo(10);
    expect(remainingSeconds(runAfter(prepared, { kind: 'steps', steps: [fakeStep(50)] }))).toBeCloseTo(
      50 * 0.004,
    );
    expect(
      remainingSeconds(
        runAfter(prepared, { kind: 'steps', steps: [fakeStep(50)] }, { kind: 'timing', timing }),
      ),
    ).toBeCloseTo(1);
    expect(remainingSeconds(runAfter(prepared, { kind: 'steps', steps: [fakeStep(100)] }))).toBe(0);
  });

  it('shows the rate of recent steps, and before they are timed that of the whole run: never that of one step', () => {
    const steps: LabEvent = { kind: 'steps', steps: [{ ...fakeStep(50), tokensPerSecond: 1e9 }] };
    const timing = { encodeSeconds: 0, gpuSeconds: 0, readbackSeconds: 0, stepSeconds: 0.02 };
    expect(measuredRate(noRun)).toBeUndefined();
    expect(measuredRate(runAfter(prepared, steps))).toBeCloseTo(1024 / 0.0043, 3);
    const timed: LabEvent = { kind: 'timing', timing: { ...timing, tokensPerSecond: 2e5 } };
    expect(measuredRate(runAfter(prepared, steps, timed))).toBe(2e5);
  });

  it('says in the title how far a hidden run is', () => {
    const run = runAfter(
      prepared,
      { kind: 'steps', steps: [fakeStep(42)] },
      { kind: 'state', state: 'running' },
    );
    expect(pageTitle(noRun)).toBe('Flopscope');
    expect(pageTitle(run)).toBe(`42% · loss ${fakeStep(42).loss.toFixed(3)} · Flopscope`);
    expect(pageTitle({ ...run, state: 'paused' })).toMatch(/^paused · 42%/);
  });

  it('knows in which states there are weights, and in which a run holds the device', () => {
    const states = [
      'idle',
      'preparing',
      'running',
      'paused',
      'finished',
      'stopped',
      'diverged',
      'failed',
    ] as const;
    expect(states.filter((state) => hasWeights({ ...noRun, state }))).toEqual([
      'running',
      'paused',
      'finished',
      'stopped',
      'diverged',
    ]);
    expect(states.filter(isRunActive)).toEqual(['preparing', 'running', 'paused']);
  });
});
