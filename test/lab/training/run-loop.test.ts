// The loop of a run: start, pause, step, stop; what happens between steps; divergence and failures; the order of events.
import { describe, expect, it, vi } from 'vitest';
import type { LabEvent } from '../../../src/contract/runs.ts';
import { cpuEngine } from '../../../src/lab/plans/engine.ts';
import { readCheckpoint } from '../../../src/lab/training/checkpoint.ts';
import type { Run } from '../../../src/lab/training/run.ts';
import { RunLoop, type RunLoopOptions } from '../../../src/lab/training/run-loop.ts';
import type { NumberArray } from '../../../src/plan/kernel.ts';
import { type Changes, stateOf, takeSteps, tinyRun } from './tiny-runs.ts';

interface Setup {
  readonly run: Run;
  readonly loop: RunLoop;
  readonly events: LabEvent[];
  /** What happened, in short: `steps 1`, `state running` … without timings. */
  readonly story: () => string[];
}

async function setUp(
  changes: Changes = {},
  options: Partial<RunLoopOptions> & { readonly withSampler?: boolean } = {},
): Promise<Setup> {
  const run = await tinyRun(changes, cpuEngine(), { withSampler: options.withSampler ?? false });
  const events: LabEvent[] = [];
  const loop = new RunLoop(run, {
    ...options,
    emit: (event) => {
      events.push(event);
      options.emit?.(event);
    },
  });
  const story = () => events.filter(({ kind }) => kind !== 'timing').map(tell);
  return { run, loop, events, story };
}

function tell(event: LabEvent): string {
  if (event.kind === 'steps') return `steps ${event.steps.map(({ step }) => step).join(' ')}`;
  if (event.kind === 'state') return `state ${event.state}`;
  if (event.kind === 'problem') return `problem ${event.problem.kind}`;
  return 'step' in event ? `${event.kind} ${event.step}` : event.kind;
}

/** Resolves at the event of this step. */
function atStep(step: number) {
  let seen: () => void = () => undefined;
  const reached = new Promise<void>((resolve) => {
    seen = resolve;
  });
  const emit = (event: LabEvent) => {
    if (event.kind === 'steps' && event.steps.some((record) => record.step >= step)) seen();
  };
  return { emit, reached };
}

const quotaError = () => {
  const error = new Error('The quota has been exceeded.');
  error.name = 'QuotaExceededError';
  return error;
};

describe('a run', () => {
  it('goes from its first step to its last with everything in order', async () => {
    const train = { steps: 6, evaluationInterval: 4, sampleInterval: 3 };
    const saves: number[] = [];
    const { loop, story } = await setUp(
      { train },
      { withSampler: true, saveInterval: 1e6, save: async (_, step) => void saves.push(step) },
    );
    loop.start();
    await loop.settled();
    expect(story()).toEqual([
      ...[
        'state running',
        'sample 0',
        'steps 1',
        'steps 2',
        'steps 3',
        'sample 3',
        'steps 4',
        'evaluation 4',
      ],
      ...['steps 5', 'steps 6', 'sample 6', 'evaluation 6', 'saved 6', 'state finished'],
    ]);
    expect(saves).toEqual([6]);
    expect(loop.state).toBe('finished');
  });

  it('tells how its time was spent', async () => {
    const { loop, events } = await setUp({ train: { steps: 4 } });
    loop.peakFlopsPerSecond = 1e12;
    loop.start();
    await loop.settled();
    const timing = events.findLast((event) => event.kind === 'timing');
    expect(timing?.kind === 'timing' && timing.timing.stepSeconds).toBeGreaterThan(0);
    expect(timing?.kind === 'timing' && timing.timing.modelFlopsUtilization).toBeGreaterThan(0);
  });

  it('ends before the end of the schedule when asked to', async () => {
    const { loop, story } = await setUp({ train: { steps: 50 } }, { lastStep: 3 });
    loop.start();
    await loop.settled();
    expect(story()).toEqual(['state running', 'steps 1', 'steps 2', 'steps 3', 'state finished']);
  });

  it('pauses between steps and goes on where it was', async () => {
    const { emit, reached } = atStep(3);
    const { run, loop, story } = await setUp({ train: { steps: 1000 } }, { emit });
    loop.start();
    await reached;
    await loop.pause();
    const { step } = run.trainer.progress;
    expect(loop.state).toBe('paused');
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(run.trainer.progress.step).toBe(step);
    expect(story().at(-1)).toBe('state paused');
    loop.start();
    await loop.pause();
    expect(run.trainer.progress.step).toBeGreaterThanOrEqual(step);
    expect(story().filter((line) => line.startsWith('steps')).length).toBe(run.trainer.progress.step);
  });

  it('answers a pause that is taken back at once', async () => {
    const { loop } = await setUp({ train: { steps: 100_000 } });
    loop.start();
    const pausing = loop.pause();
    loop.start();
    await pausing; // although the run goes on
    expect(loop.state).toBe('running');
    await loop.pause();
    expect(loop.state).toBe('paused');
  });

  it('takes single steps, also out of a running state, and finishes with the last', async () => {
    const { run, loop, story } = await setUp({ train: { steps: 3 } });
    await loop.step();
    expect(run.trainer.progress.step).toBe(1);
    expect(loop.state).toBe('paused');
    loop.start();
    await loop.step();
    expect(loop.state).toBe('paused');
    const { step } = run.trainer.progress;
    for (let i = step; i < 3; i++) await loop.step();
    expect(loop.state).toBe('finished');
    expect(story().at(-1)).toBe('state finished');
    await loop.step();
    loop.start();
    expect(run.trainer.progress.step).toBe(3);
  });

  it('stops, saves where it got to, and cannot be started again', async () => {
    const { emit, reached } = atStep(2);
    const saved: Uint8Array[] = [];
    const save = async (bytes: Uint8Array) => void saved.push(bytes);
    const { run, loop, story } = await setUp({ train: { steps: 1000 } }, { emit, save });
    loop.start();
    await reached;
    await loop.stop();
    expect(story().slice(-2)).toEqual([`saved ${run.trainer.progress.step}`, 'state stopped']);
    expect(readCheckpoint(saved[0] ?? new Uint8Array()).progress.step).toBe(run.trainer.progress.step);
    loop.start();
    expect(loop.state).toBe('stopped');
  });

  it('samples while it trains although its vocabulary is larger than that of its text', async () => {
    const changes = { model: { vocabulary: 500 }, train: { steps: 2, sampleInterval: 1 } };
    const { loop, events } = await setUp(changes, { withSampler: true });
    loop.start();
    await loop.settled();
    expect(loop.state).toBe('finished');
    const samples = events.flatMap((event) => (event.kind === 'sample' ? [event.text] : []));
    expect(samples).toHaveLength(3);
    expect(samples.join('')).toContain('\ufffd');
  });

  it('saves from time to time while it trains', async () => {
    const steps: number[] = [];
    const save = async (_: Uint8Array, step: number) => void steps.push(step);
    const { emit, reached } = atStep(40);
    const { loop } = await setUp({ train: { steps: 1000 } }, { emit, save, saveInterval: 0.02 });
    loop.start();
    await reached;
    await loop.stop();
    expect(steps.length).toBeGreaterThan(1);
    expect([...steps].sort((a, b) => a - b)).toEqual(steps);
  });
});

describe('a clock that is set back', () => {
  it('puts no save off', async () => {
    const now = performance.now.bind(performance);
    let offset = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => now() + offset);
    const steps: number[] = [];
    const save = async (_: Uint8Array, step: number) => void steps.push(step);
    const { emit, reached } = atStep(3);
    const { loop, events } = await setUp({ train: { steps: 12 } }, { emit, save, saveInterval: 3600 });
    loop.start();
    await reached;
    expect(steps).toEqual([]);
    offset = -7.2e6; // two hours, in milliseconds
    await loop.settled();
    expect(steps[0]).toBeLessThan(12);
    const seconds = events
      .flatMap((event) => (event.kind === 'steps' ? event.steps : []))
      .map((step) => step.seconds);
    expect([...seconds].sort((a, b) => a - b)).toEqual(seconds);
  });
});

describe('a task between steps', () => {
  it('runs while no step is in flight, and training goes on afterwards bit for bit', async () => {
    const plain = await setUp({ train: { steps: 12 } });
    plain.loop.start();
    await plain.loop.settled();

    const { emit, reached } = atStep(4);
    const { run, loop } = await setUp({ train: { steps: 12 } }, { emit });
    loop.start();
    await reached;
    const seen = await loop.exclusive(async () => {
      const before = await stateOf(run);
      await new Promise((resolve) => setTimeout(resolve, 20));
      return [before, await stateOf(run)];
    });
    expect(seen[1]).toEqual(seen[0]);
    await loop.settled();
    expect(await stateOf(run)).toEqual(await stateOf(plain.run));
  });

  it('runs in order, also when nothing else does, and its error is its own', async () => {
    const { loop, story } = await setUp();
    const order: number[] = [];
    const tasks = [1, 2, 3].map((n) =>
      loop.exclusive(async () => {
        order.push(n);
        if (n === 2) throw new Error('second');
        return n;
      }),
    );
    const results = await Promise.allSettled(tasks);
    expect(order).toEqual([1, 2, 3]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(story()).toEqual([]);
    expect(loop.state).toBe('paused');
  });

  it('is served after the run has finished', async () => {
    const { loop } = await setUp({ train: { steps: 1 } });
    loop.start();
    await loop.settled();
    expect(await loop.exclusive(async () => 'done')).toBe('done');
    expect(loop.state).toBe('finished');
  });
});

describe('a run that goes wrong', () => {
  it('stops at the step whose loss is no number, and keeps the weights before it', async () => {
    const saves: number[] = [];
    const { run, loop, story, events } = await setUp(
      { train: { steps: 20 } },
      { save: async (_, step) => void saves.push(step) },
    );
    await takeSteps(run, 3);
    const weight = run.plans.model.store.parameters.get('layers.0.ffn.expand')?.blocks[0]?.weight;
    if (weight) run.runtime.write(weight, Float32Array.of(Number.NaN));
    const before = await stateOf(run);
    loop.start();
    await loop.settled();
    expect(story()).toContain('state diverged');
    expect(loop.state).toBe('diverged');
    const problem = events.find((event) => event.kind === 'problem');
    expect(problem?.kind === 'problem' && problem.problem.message).toMatch(
      /no number at step 4\..*changed nothing/s,
    );
    expect(await stateOf(run)).toEqual(before);
    expect(saves).toEqual([]);
    await loop.stop();
    loop.start();
    expect(loop.state).toBe('diverged');
    expect(saves).toEqual([]);
  });

  it.each([
    ['No state had been saved before', {}],
    [/The state saved at step \d+ is kept/, { save: async () => undefined, saveInterval: 0 }],
  ])('stops when the loss stays far above what the run had: %s', async (kept, options) => {
    const optimizer = { kind: 'sgd', learningRate: 10, momentum: 0.99 };
    const { loop, events } = await setUp({ train: { steps: 400, clip: 0, optimizer } }, options);
    loop.start();
    await loop.settled();
    expect(loop.state).toBe('diverged');
    const message = events.find((event) => event.kind === 'state' && event.state === 'diverged');
    expect(message?.kind === 'state' && message.message).toMatch(/at step \d+/);
    expect(message?.kind === 'state' && message.message).toMatch(kept);
  });

  it('keeps what was saved before the loss rose', async () => {
    const saves: number[] = [];
    const optimizer = { kind: 'sgd', learningRate: 10, momentum: 0.99 };
    const options = { save: async (_: Uint8Array, step: number) => void saves.push(step), saveInterval: 0 };
    const { loop, events } = await setUp({ train: { steps: 400, clip: 0, optimizer } }, options);
    loop.start();
    await loop.settled();
    const message = events.flatMap((event) => (event.kind === 'problem' ? [event.problem.message] : []))[0];
    const since = Number(message?.match(/since step (\d+)/)?.[1]);
    expect(since).toBeGreaterThan(1);
    expect(saves.length).toBeGreaterThan(0);
    expect(Math.max(...saves)).toBeLessThan(since);
    expect(message).toContain(`The state saved at step ${Math.max(...saves)} is kept`);
  });

  it('goes on when the loss is exactly 0', async () => {
    const { run, loop, events } = await setUp({ train: { steps: 4 } });
    const { submit } = run.runtime;
    run.runtime.submit = async (...args) => {
      const submission = await submit.apply(run.runtime, args);
      const learnt = ([metrics]: readonly NumberArray[]) => [metrics?.fill(0, 0, 1) ?? new Float32Array(8)];
      return { ...submission, done: submission.done.then(learnt) };
    };
    loop.start();
    await loop.settled();
    expect(loop.state).toBe('finished');
    expect(
      events.flatMap((event) => (event.kind === 'steps' ? event.steps.map(({ loss }) => loss) : [])),
    ).toEqual([0, 0, 0, 0]);
  });

  it.each([
    ['zeros', () => new Float32Array(8)],
    [
      'the results of the step before',
      (metrics: NumberArray) => metrics.map((value, i) => (i > 3 ? 1 : value)),
    ],
  ])('fails as a lost device when the results of a step are %s', async (_, instead) => {
    const { run, loop, events } = await setUp({ train: { steps: 20 } });
    const { submit } = run.runtime;
    let submits = 0;
    run.runtime.submit = async (...args) => {
      const submission = await submit.apply(run.runtime, args);
      submits++;
      const drop = ([metrics]: readonly NumberArray[]) => [instead(metrics ?? new Float32Array(8))];
      return submits < 2 ? submission : { ...submission, done: submission.done.then(drop) };
    };
    loop.start();
    await loop.settled();
    expect(loop.state).toBe('failed');
    const problem = events.find((event) => event.kind === 'problem');
    expect(problem?.kind === 'problem' && problem.problem.kind).toBe('deviceLost');
    expect(problem?.kind === 'problem' && problem.problem.message).toMatch(
      /step 2: the GPU did not do the work/,
    );
  });

  it('goes on training when saving fails, and says why', async () => {
    const save = async () => {
      throw quotaError();
    };
    const { loop, story } = await setUp({ train: { steps: 5 } }, { save, saveInterval: 0 });
    loop.start();
    await loop.settled();
    expect(loop.state).toBe('finished');
    expect(story().filter((line) => line === 'problem storageFull').length).toBeGreaterThan(0);
    expect(story()).toContain('steps 5');
  });

  it('fails with the problem when the runtime does', async () => {
    const { run, loop, story } = await setUp({ train: { steps: 5 } });
    await loop.step();
    run.runtime.submit = async () => {
      const error = new Error('The GPU was lost.');
      error.name = 'DeviceLostError';
      throw error;
    };
    loop.start();
    await loop.settled();
    expect(loop.state).toBe('failed');
    expect(story().slice(-2)).toEqual(['problem deviceLost', 'state failed']);
    await expect(loop.exclusive(() => run.trainer.evaluate(run.evaluation))).rejects.toThrow('lost');
  });
});
