// Which of two machines takes a training step sooner: both are measured within seconds at the shapes of that step.
import { parseExperiment } from '../../model/config.ts';
import type { Engine } from '../plans/engine.ts';
import { expectWork } from '../plans/expectation.ts';
import { LabError } from '../plans/problem.ts';
import { trainingWork } from '../plans/work.ts';
import { calibrateDeviceQuickly, recordTypical } from './calibration.ts';

/**
 * Seconds that an engine is expected to take for a training step of an experiment in JSON. What its profile does not know of
 * the step's shapes is measured first, quickly, and the engine has the new profile then; one of a full calibration stands.
 * @throws LabError if the experiment is refused
 */
export async function expectStep(
  engine: Engine,
  host: string,
  experiment: unknown,
  onProgress?: (fraction: number, what: string) => void,
): Promise<number> {
  const parsed = parseExperiment(experiment);
  const plans = recordTypical(experiment, engine);
  if (parsed.kind !== 'ok' || !plans) {
    const message = 'The experiment has a setting that is refused: it cannot be compared on two devices.';
    throw new LabError({ kind: 'invalidConfig', message });
  }
  let { profile } = engine;
  if (!profile || profile.isQuick) {
    const step = [plans.accumulate, plans.update];
    profile = await calibrateDeviceQuickly(engine, host, step, onProgress, profile);
    engine.profile = profile;
  }
  return expectWork(trainingWork(plans, parsed.experiment.train), profile).seconds;
}
