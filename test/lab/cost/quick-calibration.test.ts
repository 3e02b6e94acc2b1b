// What a quick calibration says of a step, against a processor whose kernels take what a formula says, by a clock of its own:
// nothing here depends on what else the machine does.
import { expect, it, vi } from 'vitest';
import { calibrateDeviceQuickly, recordTypical } from '../../../src/lab/cost/calibration.ts';
import { cpuEngine, wasmCapabilities } from '../../../src/lab/plans/engine.ts';
import { expectWork } from '../../../src/lab/plans/expectation.ts';
import { kernelNamed } from '../../../src/lab/plans/kernel-catalogue.ts';
import { trainingWork } from '../../../src/lab/plans/work.ts';
import { parseExperiment } from '../../../src/model/config.ts';
import { findPreset } from '../../../src/model/presets/catalogue.ts';
import { type Dims, familyOf } from '../../../src/plan/kernel.ts';
import type { Plan } from '../../../src/plan/plan.ts';
import { costOf } from '../../../src/plan/predict.ts';
import { isTimed } from '../../../src/runtime/calibrate-quickly.ts';
import type { Probing } from '../../../src/runtime/timing/probing.ts';
import { knownProbing } from '../../runtime/timing/known-probing.ts';

/** Of two threads, about: flops and bytes a second, seconds of a dispatch, of an order to them, and of making one ready. */
const processor = { flops: 5e10, bytes: 1e10, meeting: 2e-5, order: 1.5e-3, preparing: 0.05 } as const;

/** Seconds of a dispatch: an activation doubles a product, families differ by a half, and no two shapes are alike. */
function secondsOf(name: string, dims: Dims): number {
  const kernel = kernelNamed(name);
  const { launchedFlops, bytes } = costOf(
    { kernel, dims, bindings: {}, workgroups: 1, label: '', phase: 'forward' },
    {},
  );
  const limit = Math.max(launchedFlops / processor.flops, bytes / processor.bytes);
  const family = [...familyOf(name)].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % 5;
  const shape = Object.values(dims).reduce((sum, size) => sum + size, 0) % 7;
  return processor.meeting + limit * (dims.activation ? 2 : 1) * (1 + family / 8) * (1 + shape / 30);
}

/** Times as told, up to a tenth more each time, while the clock goes on. */
function clockedProbing(clock: { seconds: number }): Probing {
  const { order: passSeconds } = processor;
  const exact = knownProbing(secondsOf, { passSeconds, submitSeconds: 2e-4, queueSeconds: 1e-4 });
  let state = 1;
  const passing = (seconds: number) => {
    clock.seconds += seconds;
    return seconds;
  };
  const probing: Probing = {
    ...exact,
    prepare: async (kernel, dims) => {
      passing(processor.preparing);
      const plan = { name: kernel.name, dispatches: [{ kernel, dims }] } as unknown as Plan;
      return { kernel, dims, plan, time: (repetitions) => probing.seconds([{ plan }], repetitions) };
    },
    seconds: async (shapes, repetitions) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return passing((await exact.seconds(shapes, repetitions)) * (1 + 0.1 * (state / 2 ** 32)));
    },
    submissionSeconds: async (count) => passing(await exact.submissionSeconds(count)),
  };
  return probing;
}

/** The processor's threads, as far as a calibration asks, by a clock of their own. */
function clockedEngine(clock: { seconds: number }) {
  vi.spyOn(performance, 'now').mockImplementation(() => 1000 * clock.seconds);
  const measurable = { facts: ['test'], openProbing: () => clockedProbing(clock) };
  return { ...cpuEngine(), kind: 'wasm', capabilities: wasmCapabilities, measurable } as const;
}

it('times once what a step and an evaluation share', async () => {
  const plans = recordTypical(findPreset('pico')?.experiment, { capabilities: wasmCapabilities });
  if (!plans) throw new Error('pico is expected to be a preset');
  const all = [plans.accumulate, plans.update, plans.evaluate];
  const profile = await calibrateDeviceQuickly(clockedEngine({ seconds: 0 }), 'test', all, { seconds: 60 });
  const timed = Object.entries(profile.kernels).flatMap(([name, points]) =>
    points.map(({ shape }) => `${name} ${shape}`),
  );
  expect(timed.length).toBeGreaterThan(20);
  expect(timed.filter((work, index) => timed.indexOf(work) !== index)).toEqual([]);
});

it.each(['pico', 'nano', 'nano-gpt-cpu'])(
  'tells a step of %s within the error that it states, though the time reaches a part of its shapes',
  async (preset) => {
    const experiment = findPreset(preset)?.experiment;
    const parsed = parseExperiment(experiment);
    const plans = recordTypical(experiment, { capabilities: wasmCapabilities });
    if (parsed.kind !== 'ok' || !plans) throw new Error(`${preset} is expected to be a preset`);
    const clock = { seconds: 0 };
    const engine = clockedEngine(clock);
    const profile = await calibrateDeviceQuickly(engine, 'test', [plans.accumulate, plans.update]);
    expect(clock.seconds).toBeLessThan(8);
    const work = trainingWork(plans, parsed.experiment.train);
    const { seconds, relativeError } = expectWork(work, profile);
    const dispatches = work.replays.flatMap(({ plan, times }) =>
      plan.dispatches.map((dispatch) => ({ ...dispatch, times })),
    );
    const truth = dispatches.reduce(
      (sum, { kernel, dims, times }) => sum + times * secondsOf(kernel.name, dims),
      0,
    );
    const timed = Object.values(profile.kernels).flat().length;
    expect(timed).toBeLessThan(
      new Set(dispatches.map(({ kernel, dims }) => kernel.name + JSON.stringify(dims))).size,
    );
    expect(Math.abs(seconds / truth - 1)).toBeLessThan(relativeError);
    expect(relativeError).toBeLessThan(0.5);

    // Moments later bring the rest, and what a step does not run.
    let known = profile;
    for (let moment = 0; moment < 200; moment++) {
      const before = clock.seconds;
      const all = [plans.accumulate, plans.update, plans.evaluate];
      const more = await calibrateDeviceQuickly(engine, 'test', all, { known, seconds: 0.2 });
      if (more === known) break;
      known = more;
      expect(clock.seconds - before).toBeLessThan(1);
    }
    const reached = expectWork(work, known);
    expect(Math.abs(reached.seconds / truth - 1)).toBeLessThan(0.12);
    for (const { kernel, dims } of plans.evaluate.dispatches)
      expect(isTimed(known, { kernel, dims }), kernel.name).toBe(true);
  },
);
