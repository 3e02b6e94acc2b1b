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
import type { DeviceService } from './device-service.ts';
import type { Exclusive } from './exclusive.ts';
import type { RunService } from './run-service.ts';

/** Predictions of one worker. */
export class ValidationService {
  readonly #devices: Pick<DeviceService, 'engine' | 'gpu'>;
  readonly #runs: Pick<RunService, 'record' | 'measuredStep'>;
  readonly #exclusive: Exclusive;
  #running: AbortController | undefined;

  constructor(
    devices: Pick<DeviceService, 'engine' | 'gpu'>,
    runs: Pick<RunService, 'record' | 'measuredStep'>,
    exclusive: Exclusive,
  ) {
    this.#exclusive = exclusive;
    this.#devices = devices;
    this.#runs = runs;
  }

  /** @throws LabError if the device is not calibrated, or the experiment does not suit it */
  async expectations(json: ExperimentJson): Promise<readonly WorkExpectation[]> {
    const { experiment, plans, sampling, engine } = await this.#runs.record(json);
    const profile = calibrated(engine.profile);
    return allWork(plans, sampling, experiment.train).map((work) => withoutParts(expectWork(work, profile)));
  }

  async waterfall(): Promise<Waterfall | undefined> {
    const { profile } = await this.#devices.engine();
    const step = this.#runs.measuredStep;
    if (!profile || !step) return undefined;
    const { experiment, plans } = step.run;
    return waterfallOf(expectWork(trainingWork(plans, experiment.train), profile), step.seconds);
  }

  /** @throws LabError while something else has the device, and without a calibrated GPU */
  validate(
    grid: 'small' | 'full',
    onRow: Parameters<ValidationApi['validatePredictions']>[1],
    onProgress: Parameters<ValidationApi['validatePredictions']>[2],
  ): Promise<ValidationSummary> {
    const activity = { what: 'A validation', way: 'cancel it or wait', cancel: () => this.cancel() };
    return this.#exclusive.during(activity, () => this.#validate(grid, onRow, onProgress));
  }

  async #validate(
    ...[grid, onRow, onProgress]: Parameters<ValidationService['validate']>
  ): Promise<ValidationSummary> {
    const abort = new AbortController();
    this.#running = abort;
    let pace: Awaited<ReturnType<typeof openPace>> | undefined;
    try {
      const engine = await this.#devices.engine();
      calibrated(engine.profile);
      const open = await this.#devices.gpu('A validation measures a GPU');
      const mixture = await openPace(open);
      pace = mixture;
      return await validatePredictions(engine, validationGrid(grid), {
        onRow,
        onProgress,
        paceSeconds: () => mixture.seconds(),
        signal: abort.signal,
      });
    } finally {
      pace?.dispose();
      this.#running = undefined;
    }
  }

  /** Ends the validation that runs, if one does, after the model in hand. */
  cancel(): void {
    this.#running?.abort();
  }
}

function calibrated(profile: DeviceProfile | undefined): DeviceProfile {
  if (profile) return profile;
  throw new LabError({
    kind: 'noAdapter',
    message: 'Seconds can be predicted once this device is measured. Press Calibrate first.',
  });
}
