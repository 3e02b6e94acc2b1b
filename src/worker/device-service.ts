// The calls about the device; what measures it has it alone.
import type { DeviceApi } from '../contract/device.ts';
import type { ExperimentJson } from '../contract/values.ts';
import type { Plan } from '../plan/plan.ts';
import { answer } from './answer.ts';
import type { Devices } from './devices.ts';
import type { Activity, Exclusive } from './exclusive.ts';

const selfTesting: Activity = { what: 'The self-test', way: 'wait for it' };
const calibrating: Activity = { what: 'Calibration', way: 'wait for it' };

/** The calls about the device. @param recorderOf what records all that an experiment would dispatch */
export function createDevice(
  devices: Devices,
  exclusive: Exclusive,
  recorderOf: (experiment: ExperimentJson) => Promise<() => readonly Plan[]>,
): DeviceApi {
  return {
    openDevice: () => answer(() => devices.open()),
    selfTest: (onProgress, experiment, again) =>
      answer(async () => {
        const record = experiment && (await recorderOf(experiment));
        const checks = await devices.checks();
        const engine = await devices.engine();
        return exclusive.during(selfTesting, () => checks.selfTest(engine, onProgress, record, again));
      }),
    acceptWrongKernels: () =>
      answer(async () => {
        (await devices.checks()).acceptWrong();
        return undefined;
      }),
    calibrate: (again, onProgress, experiment) =>
      answer(async () => {
        const record = experiment && (await recorderOf(experiment));
        return exclusive.during(calibrating, () => devices.calibrate(again, onProgress, record?.()));
      }),
    calibrateQuickly: (onProgress, experiment) =>
      answer(async () => {
        const record = await recorderOf(experiment);
        return exclusive.during(calibrating, () => devices.calibrateQuickly(onProgress, record()));
      }),
    keptCalibration: () => devices.kept(),
  };
}
