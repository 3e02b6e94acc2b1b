// What a device is called in a few words.
import type { DeviceInfo } from '../../contract/device.ts';

/** The device in a few words. */
export function deviceName(info: DeviceInfo): string {
  if (info.runtime === 'cpu') return 'Your processor (no GPU)';
  if (info.runtime === 'wasm') return info.description;
  const name = info.description || [info.vendor, info.architecture].filter((part) => part !== '').join(' ');
  return `${name || 'GPU'}${info.isSoftware ? ' (software)' : ''}`;
}
