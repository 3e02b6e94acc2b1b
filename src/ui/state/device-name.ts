// What a device is called in a few words.
import type { DeviceInfo } from '../../contract/device.ts';
import type { RecordedDevice } from '../../contract/records.ts';
import { gpuName, isSoftwareGpu } from '../../text/device-kind.ts';

/** The device in a few words. */
export function deviceName(info: DeviceInfo): string {
  if (info.runtime === 'cpu') return 'Your processor (no GPU)';
  if (info.runtime === 'wasm') return info.description;
  return `${gpuName(info) || 'GPU'}${info.isSoftware ? ' (software)' : ''}`;
}

/** What something was recorded on, in plain words: drivers and versions are for `deviceDetails`. */
export function recordedDeviceName(device: RecordedDevice): string {
  if (device.runtime !== 'gpu') return 'a processor';
  return isSoftwareGpu(device) ? 'a software GPU' : device.name;
}

/** What something was recorded on, to the last version. */
export function deviceDetails({ name, host }: RecordedDevice): string {
  return host === '' ? name : `${name} (${host})`;
}
