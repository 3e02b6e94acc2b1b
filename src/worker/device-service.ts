// The calls about the device; what measures it has it alone.
import type { DeviceApi } from '../contract/device.ts';
import { answer } from './answer.ts';
import type { Devices } from './devices.ts';
import type { Activity, Exclusive } from './exclusive.ts';

const selfTesting: Activity = { what: 'The self-test', way: 'wait for it' };
const calibrating: Activity = { what: 'Calibration', way: 'wait for it' };

/** The calls about the device. */
export function createDevice(devices: Devices, exclusive: Exclusive): DeviceApi {
  return {
    openDevice: () => answer(() => devices.open()),
    selfTest: (onProgress, experiment, again) =>
      answer(() => exclusive.during(selfTesting, () => devices.selfTest(onProgress, experiment, again))),
    calibrate: (again, onProgress, experiment) =>
      answer(() => exclusive.during(calibrating, () => devices.calibrate(again, onProgress, experiment))),
    keptCalibration: () => devices.kept(),
  };
}
