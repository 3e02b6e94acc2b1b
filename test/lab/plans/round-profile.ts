// A calibrated device of round numbers.
import type { DeviceProfile } from '../../../src/plan/device-profile.ts';

const exactly = (value: number, spread = 0) => ({ value, spread, repeats: 9 });
/** 100 GFLOP/s, 10 GB/s, 10 µs a launch. */
export const roundProfile: DeviceProfile = {
  ...{ version: 5, device: 'round', timer: 'paper', kernels: {} },
  fmaFlopsPerSecond: exactly(1e11, 0.02),
  paceSeconds: exactly(0.01),
  slowing: exactly(1),
  switchSeconds: exactly(0),
  mixing: exactly(1),
  copyBytesPerSecond: [{ bytes: 1e6, rate: exactly(1e10, 0.04) }],
  launchSeconds: exactly(1e-5),
  submitSeconds: exactly(1e-3),
  queueSeconds: exactly(1e-4),
};
