// What a device is called: by its description, else by its maker, and told apart where it is no GPU.
import { expect, it } from 'vitest';
import type { DeviceInfo } from '../../../src/contract/device.ts';
import { deviceName } from '../../../src/ui/state/device-name.ts';

const device: DeviceInfo = {
  runtime: 'gpu',
  vendor: 'acme',
  architecture: 'gen-3',
  description: '',
  isSoftware: false,
  features: [],
  limits: [],
};

it.each([
  ['acme gen-3', {}],
  ['ACME 300', { description: 'ACME 300' }],
  ['ACME 300 (software)', { description: 'ACME 300', isSoftware: true }],
  ['GPU', { vendor: '', architecture: '' }],
  ['Your processor (no GPU)', { runtime: 'cpu' }],
  [
    'Your processor, 2 threads',
    { runtime: 'wasm', description: 'Your processor, 2 threads', isSoftware: true },
  ],
] as const)('says %s', (name, change) => {
  expect(deviceName({ ...device, ...change })).toBe(name);
});
