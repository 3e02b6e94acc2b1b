// Writes what a room shows on a first visit, and says what it was recorded on.
import { writeFileSync } from 'node:fs';
import type { RecordedDevice } from '../src/contract/records.ts';
import { calibrateDevice, isUnsteady, missingKernels } from '../src/lab/cost/calibration.ts';
import { gpuEngine } from '../src/lab/plans/engine.ts';
import type { DeviceProfile } from '../src/plan/device-profile.ts';
import type { Plan } from '../src/plan/plan.ts';
import type { OpenDevice } from '../src/runtime/device.ts';

const host = `Node ${process.versions.node}`;

/** What a record says of the device under Node. */
export function benchDeviceFacts({ facts }: OpenDevice): RecordedDevice {
  return {
    runtime: 'gpu',
    name: facts.description || facts.vendor,
    isSoftware: facts.isSoftware,
    host: `${host}, Dawn`,
  };
}

/** Measures the device. A machine that is busy with other things is named, for its figures mislead every visitor. */
export async function calibrateBench(open: OpenDevice): Promise<DeviceProfile> {
  const profile = await calibrateDevice(gpuEngine(open), host);
  if (isUnsteady(profile)) console.log('the device was not steady while it was calibrated');
  return profile;
}

/** The profile with the kernels of these plans that it lacks. */
export async function withKernelsOf(
  plans: readonly Plan[],
  open: OpenDevice,
  profile: DeviceProfile,
): Promise<DeviceProfile> {
  const missing = missingKernels(plans, profile);
  if (missing.length === 0) return profile;
  const { kernels } = await calibrateDevice(gpuEngine(open), host, undefined, missing);
  return { ...profile, kernels: { ...profile.kernels, ...kernels } };
}

/** Writes what the page fetches, with digits enough for any figure. */
export function writeRecording(file: string, recording: object): void {
  writeFileSync(file, `${recordingText(recording)}\n`);
}

/** Six digits are more than any figure shows. */
export function recordingText(recording: object): string {
  return JSON.stringify(recording, (_, value: unknown) =>
    typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value,
  );
}
