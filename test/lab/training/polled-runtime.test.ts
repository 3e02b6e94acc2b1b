// Training through a queue that tells of finished work every 100 ms, as Firefox's does unless it is given work.
import { expect, it } from 'vitest';
import { metricSlots, stepMark } from '../../../src/kernels/gradient-norm.ts';
import { cpuEngine, type Engine } from '../../../src/lab/plans/engine.ts';
import { RunLoop } from '../../../src/lab/training/run-loop.ts';
import type { NumberArray } from '../../../src/plan/kernel.ts';
import type { Plan } from '../../../src/plan/plan.ts';
import { submitLimits } from '../../../src/runtime/governor.ts';
import type { Replay, Runtime } from '../../../src/runtime/runtime.ts';
import { tinyRun } from './tiny-runs.ts';

/** Computes nothing; each step takes so long, and what is done is told at the next poll. Counts polls. */
class PolledRuntime implements Runtime {
  readonly kind = 'gpu';
  readonly allocatedBytes = 0;
  readonly uploadBytes: number;
  submissions = 0;
  polls = 0;
  /** Submission with which the device is lost. */
  lostAt = Number.POSITIVE_INFINITY;
  readonly #stepSeconds: number;
  readonly #waiting: (() => void)[] = [];
  #inFlight = 0;

  constructor(stepSeconds: number, uploadBytes: number) {
    this.#stepSeconds = stepSeconds;
    this.uploadBytes = uploadBytes;
  }

  observedSeconds({ name }: Plan): number {
    return name.includes('update') ? 0 : this.#stepSeconds;
  }

  async submit(replays: readonly Replay[]) {
    const isLost = ++this.submissions >= this.lostAt;
    while (this.#inFlight >= submitLimits.stepsInFlight) await this.#nextPoll();
    this.#inFlight++;
    const updates = replays.filter(({ plan }) => plan.name.includes('update'));
    const done = this.#nextPoll().then((): NumberArray[] => {
      this.#inFlight--;
      if (isLost) throw lostError();
      return updates.map(({ scalars: { step = 0 } }) => {
        const metrics = new Float32Array(16).fill(stepMark(step));
        metrics[metricSlots.loss] = 2;
        metrics[metricSlots.isFinite] = 1;
        return metrics;
      });
    });
    done.catch(() => undefined); // whoever awaits it sees the loss
    return { done, gpuSeconds: Promise.resolve(undefined), encodeSeconds: 0 };
  }

  /** All who wait at a time are told together. */
  #nextPoll(): Promise<void> {
    if (this.#waiting.length === 0) {
      setImmediate(() => {
        this.polls++;
        for (const tell of this.#waiting.splice(0)) tell();
      });
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  write(): void {}
  async read({ shape }: { readonly shape: readonly number[] }) {
    return new Float32Array(shape.reduce((a, b) => a * b, 1));
  }
  async idle(): Promise<void> {}
  dispose(): void {}
}

function lostError(): Error {
  const error = new Error('The GPU was lost: unknown. The driver was reset.');
  error.name = 'DeviceLostError';
  return error;
}

async function train(stepSeconds: number, uploadBytes: number, steps: number): Promise<PolledRuntime> {
  const runtime = new PolledRuntime(stepSeconds, uploadBytes);
  const engine: Engine = { ...cpuEngine(), createRuntime: async () => runtime };
  const run = await tinyRun({ train: { steps } }, engine);
  const loop = new RunLoop(run, { emit: () => undefined });
  loop.start();
  await loop.settled();
  expect(run.trainer.progress.step).toBe(steps);
  return runtime;
}

it('hands over as many steps as take 50 ms', async () => {
  expect((await train(0.0008, 2 ** 20, 620)).submissions).toBe(10); // 62 at a time
  expect((await train(0.012, 2 ** 20, 40)).submissions).toBe(10); // 4 at a time
  expect((await train(0.03, 2 ** 20, 10)).submissions).toBe(10);
  expect((await train(0.0008, 0, 10)).submissions).toBe(10); // a runtime without room for several batches
});

it('trains more than 200 steps a second although each answer takes 100 ms', async () => {
  const steps = 2000;
  const { polls } = await train(0.0008, 2 ** 20, steps);
  expect(steps / (0.1 * polls)).toBeGreaterThan(200);
  const alone = await train(0.0008, 0, 200);
  expect(200 / (0.1 * alone.polls)).toBeLessThanOrEqual(21);
});

it.each(['pause', 'stop'] as const)(
  'leaves less than a quarter second of work in flight when it is told to %s, and hands nothing more over',
  async (what) => {
    const stepSeconds = 0.0008;
    const runtime = new PolledRuntime(stepSeconds, 2 ** 20);
    const engine: Engine = { ...cpuEngine(), createRuntime: async () => runtime };
    const run = await tinyRun({ train: { steps: 4000 } }, engine);
    let [told, handedOver] = [0, 0];
    let over: Promise<unknown> | undefined;
    const loop = new RunLoop(run, {
      emit: (event) => {
        if (event.kind !== 'steps') return;
        told = event.steps.at(-1)?.step ?? told;
        if (told < 500 || over) return;
        handedOver = run.trainer.progress.step;
        over = loop[what]();
        expect((handedOver - told) * stepSeconds).toBeLessThan(0.25);
      },
    });
    loop.start();
    await expect.poll(() => over !== undefined).toBe(true); // a promise would be awaited, and say nothing
    await over;
    expect(handedOver).toBeGreaterThanOrEqual(500);
    expect(run.trainer.progress.step).toBe(handedOver);
    await loop.stop();
  },
);

it('keeps what was saved, and says where, when the device is lost in the middle of a group of steps', async () => {
  const runtime = new PolledRuntime(0.005, 2 ** 20); // 10 steps at a time
  const engine: Engine = { ...cpuEngine(), createRuntime: async () => runtime };
  const run = await tinyRun({ train: { steps: 400 } }, engine);
  const [saved, seen, told]: [number[], number[], string[]] = [[], [], []];
  const loop = new RunLoop(run, {
    emit: (event) => {
      if (event.kind === 'steps') seen.push(...event.steps.map(({ step }) => step));
      if (event.kind === 'problem') told.push(`${event.problem.kind}: ${event.problem.message}`);
    },
    save: async (_, step) => {
      saved.push(step);
      runtime.lostAt = runtime.submissions + 3;
    },
    saveInterval: 0,
  });
  loop.start();
  await loop.settled();
  expect(loop.state).toBe('failed');
  const last = saved.at(-1) ?? 0;
  expect(last).toBeGreaterThan(0);
  expect(told).toEqual([
    `deviceLost: The GPU was lost: unknown. The driver was reset. The state saved at step ${last} is kept.`,
  ]);
  // Steps of the lost group are not said to be done, and nothing is saved over what was.
  expect(seen).toEqual(seen.map((_, index) => index + 1));
  expect(seen.length % 10).toBe(0);
  await loop.stop();
  expect(saved.at(-1)).toBe(last);
});
