// The calls about the device; what measures it has it alone.
import type { DeviceApi } from '../contract/device.ts';
import { answer } from './answer.ts';
import type { Devices } from './devices.ts';
import type { Activity, Exclusive } from './exclusive.ts';
import type { RunPlanner } from './run/planned-run.ts';

const selfTesting: Activity = { what: 'The self-test', way: 'wait for it' };
const calibrating: Activity = { what: 'Calibration', way: 'wait for it' };
const changing: Activity = { what: 'The change of the device', way: 'wait for it' };

/**
 * The calls about the device.
 * @param planner what records all that an experiment would dispatch
 * @param closeRun saves and closes what is open on the device
 */
export function createDevice(
  devices: Devices,
  exclusive: Exclusive,
  planner: Pick<RunPlanner, 'recorderOf' | 'typicalOf'>,
  closeRun: () => Promise<void>,
): DeviceApi {
  return {
    openDevice: (choice) =>
      answer(async () => {
        if (choice && !devices.isChosen(choice))
          await exclusive.during(changing, async () => {
            await closeRun();
            await devices.choose(choice);
          });
        return devices.open();
      }),
    selfTest: (onProgress, experiment, again) =>
      answer(async () => {
        const record = experiment && (await planner.recorderOf(experiment));
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
        const record = experiment && (await planner.recorderOf(experiment));
        return exclusive.during(calibrating, () => devices.calibrate(again, onProgress, record?.()));
      }),
    calibrateQuickly: (onProgress, experiment) =>
      answer(async () => {
        const record = await planner.recorderOf(experiment);
        return exclusive.during(calibrating, () => devices.calibrateQuickly(onProgress, record()));
      }),
    takeQuicker: (onProgress, experiment) =>
      answer(async () => {
        const typical = await planner.typicalOf(experiment);
        return exclusive.during(calibrating, () => devices.takeQuicker(onProgress, typical, closeRun));
      }),
    keptCalibration: () => devices.kept(),
  };
}
