// The seconds of a step on an engine: by a full profile as it stands, by a quick one of all its shapes, and no refused experiment.
import { expect, it } from 'vitest';
import { recordTypical } from '../../../src/lab/cost/calibration.ts';
import { expectStep } from '../../../src/lab/cost/quicker.ts';
import { cpuEngine } from '../../../src/lab/plans/engine.ts';
import { predictPlan } from '../../../src/plan/predict.ts';
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
  const seconds = await expectStep(engine, 'test', experiment);
  expect(seconds).toBeGreaterThan(3 * (forward ?? 0));
  expect(seconds).toBeLessThan(1.5 * (3 * (forward ?? 0) + (update ?? 0)));
  expect(engine.profile).toBe(profile);
});

it('refuses what cannot be measured, and an experiment that cannot be trained', async () => {
  // The reference loops have nothing that calibration could measure.
  await expect(expectStep(cpuEngine(), 'test', experiment)).rejects.toThrow(/Calibration measures a GPU/);
  const broken = { ...experiment, model: { ...experiment.model, heads: 3 } };
  await expect(expectStep({ ...cpuEngine(), profile }, 'test', broken)).rejects.toThrow(/refused/);
});
