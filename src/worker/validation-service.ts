// Expectations of any experiment, the waterfall of the present run, and the grid.

import type { ValidationApi, ValidationSummary, Waterfall, WorkExpectation } from '../contract/validation.ts';
import type { ExperimentJson } from '../contract/values.ts';
import { openPace } from '../lab/cost/calibration.ts';
import { validatePredictions } from '../lab/cost/validation.ts';
import { validationGrid } from '../lab/cost/validation-grid.ts';
import { expectWork, waterfallOf, withoutParts } from '../lab/plans/expectation.ts';
import { LabError } from '../lab/plans/problem.ts';
import { allWork, trainingWork } from '../lab/plans/work.ts';
import type { DeviceProfile } from '../plan/device-profile.ts';
import { answer } from './answer.ts';
import type { Devices } from './devices.ts';
import type { Exclusive } from './exclusive.ts';
import type { Runs } from './run/runs.ts';

/** The calls that hold predictions against measurements. */
export function createValidation(
  devices: Pick<Devices, 'engine'>,
  runs: Pick<Runs, 'record' | 'measuredStep'>,
  exclusive: Exclusive,
): ValidationApi {
  let running: AbortController | undefined;
  const activity = { what: 'A validation', way: 'cancel it or wait', cancel: () => running?.abort() };

  const expectations = async (json: ExperimentJson): Promise<readonly WorkExpectation[]> => {
    const { experiment, plans, sampling, engine } = await runs.record(json);
    const profile = calibrated(engine.profile);
    return allWork(plans, sampling, experiment.train).map((work) => withoutParts(expectWork(work, profile)));
  };

  const waterfall = async (): Promise<Waterfall | undefined> => {
    const { profile } = await devices.engine();
    const step = runs.measuredStep;
    if (!profile || !step) return undefined;
    const { experiment, plans } = step.run;
    return waterfallOf(expectWork(trainingWork(plans, experiment.train), profile), step.seconds);
  };

  const validate = async (
    ...[grid, onRow, onProgress]: Parameters<ValidationApi['validatePredictions']>
  ): Promise<ValidationSummary> => {
    const abort = new AbortController();
    running = abort;
    let pace: Awaited<ReturnType<typeof openPace>> | undefined;
    try {
      const engine = await devices.engine();
      return await validatePredictions(engine, validationGrid(grid), {
        onRow,
        onProgress,
        paceSeconds: async () => {
          pace ??= await openPace(engine);
          return pace.seconds();
        },
        signal: abort.signal,
      });
    } finally {
      pace?.dispose();
      running = undefined;
    }
  };

  return {
    expectations: (experiment) => answer(() => expectations(experiment)),
    waterfall: () => answer(waterfall),
    validatePredictions: (...request) => answer(() => exclusive.during(activity, () => validate(...request))),
    cancelValidation: async () => running?.abort(),
  };
}

function calibrated(profile: DeviceProfile | undefined): DeviceProfile {
  if (profile) return profile;
  throw new LabError({
    kind: 'noAdapter',
    message: 'Seconds can be predicted once this device is measured. Press Calibrate first.',
  });
}
