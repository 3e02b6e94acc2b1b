// The worker's device as records name it.

import type { DeviceInfo } from '../../contract/device.ts';
import type { RecordedDevice } from '../../contract/records.ts';

/** Facts for a record. @param host the browser and its version */
export function recordedDevice(info: DeviceInfo, host: string): RecordedDevice {
  const { runtime, vendor, architecture, description, isSoftware, features } = info;
  const name = description || [vendor, architecture].filter(Boolean).join(' ') || 'unnamed';
  return {
    runtime,
    name: name.slice(0, 300),
    ...(vendor ? { vendor } : {}),
    ...(architecture ? { architecture } : {}),
    isSoftware,
    host,
    features,
  };
}
