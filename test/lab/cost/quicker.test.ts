// The seconds of a step on an engine: by a full profile as it stands, or by its heaviest kernels; and no refused experiment.
import { expect, it, vi } from 'vitest';
import { recordTypical } from '../../../src/lab/cost/calibration.ts';
import { areAlike, estimateStep, stepKindOf } from '../../../src/lab/cost/quicker.ts';
import { cpuEngine } from '../../../src/lab/plans/engine.ts';
import type { Plan } from '../../../src/plan/plan.ts';
import { predictPlan } from '../../../src/plan/predict.ts';
import type { Probing } from '../../../src/runtime/timing/probing.ts';
import { exampleProfile } from '../../cli/example-profile.ts';

const experiment = {
  model: { layers: 1, width: 16, heads: 2, context: 8, vocabulary: 20 },
  train: { steps: 1, batch: 2, accumulation: 3, optimizer: { learningRate: 0.1 } },
  data: {},
};
const { profile } = exampleProfile;

it('sums the replays of a step by a full profile, which measures nothing', async () => {
  const engine = { ...cpuEngine(), profile };
  const plans = recordTypical(experiment, engine);
  if (!plans) throw new Error('plans are expected');
  const [forward, update] = [plans.accumulate, plans.update].map(
    (plan) => predictPlan(plan, profile).seconds,
  );
  const { seconds, measuredShare } = await estimateStep(engine, experiment);
  expect(measuredShare).toBeCloseTo(1);
  expect(seconds).toBeGreaterThan(3 * (forward ?? 0));
  expect(seconds).toBeLessThan(1.5 * (3 * (forward ?? 0) + (update ?? 0)));
  expect(engine.profile).toBe(profile);
});

it('refuses what cannot be measured, and an experiment that cannot be trained', async () => {
  // The reference loops have nothing that calibration could measure.
  await expect(estimateStep(cpuEngine(), experiment)).rejects.toThrow(/Calibration measures a GPU/);
  const broken = { ...experiment, model: { ...experiment.model, heads: 3 } };
  await expect(estimateStep({ ...cpuEngine(), profile }, broken)).rejects.toThrow(/refused/);
});

/** An engine whose every kernel takes so long, and what of it is asked. */
function timedEngine(seconds: number) {
  const prepared: string[] = [];
  let isDisposed = false;
  const probing: Partial<Probing> = {
    prepare: async (kernel, dims) => {
      prepared.push(kernel.name);
      return { kernel, dims, plan: {} as Plan, time: async (repetitions) => repetitions * seconds };
    },
    dispose: () => {
      isDisposed = true;
    },
  };
  const measurable = { facts: ['test'], openProbing: () => probing as Probing };
  return { engine: { ...cpuEngine(), measurable }, prepared, isDisposed: () => isDisposed };
}

it('times kernels with most work until enough of the step is known, and takes the rest to be as quick', async () => {
  vi.spyOn(performance, 'now').mockReturnValue(0); // whatever else the machine does, the second does not pass
  const { engine, prepared, isDisposed } = timedEngine(0.1);
  const { seconds, measuredShare } = await estimateStep(engine, experiment);
  expect(measuredShare).toBeGreaterThan(0.9);
  expect(measuredShare).toBeLessThan(1);
  const plans = recordTypical(experiment, engine);
  if (!plans) throw new Error('plans are expected');
  const dispatches = 3 * plans.accumulate.dispatches.length + plans.update.dispatches.length;
  // Each takes as long, so that those that were not timed count as many as they are.
  expect(seconds / dispatches).toBeCloseTo(0.1, 3);
  expect(prepared.length).toBeLessThan(dispatches);
  expect(isDisposed()).toBe(true);
});

it('compares again for other kernels, and for much more work', () => {
  const kind = stepKindOf(experiment);
  const changed = (model: object) => stepKindOf({ ...experiment, model: { ...experiment.model, ...model } });
  expect(areAlike(kind, changed({ width: 24 }))).toBe(true);
  expect(areAlike(kind, changed({ width: 64, context: 32 }))).toBe(false);
  expect(areAlike(changed({ width: 64, context: 32 }), kind)).toBe(false);
  expect(areAlike(kind, changed({ attentionSinks: true }))).toBe(false);
});
