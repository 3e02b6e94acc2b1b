// What a device is called: by its description, else by its maker, and told apart where it is no GPU.
import { expect, it } from 'vitest';
import type { DeviceInfo } from '../../../src/contract/device.ts';
import { deviceDetails, deviceName, recordedDeviceName } from '../../../src/ui/state/device-name.ts';

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

it('says of a recording what it was made on in plain words, and its driver where details are asked for', () => {
  const name = 'llvmpipe: Mesa 25.0.7 (LLVM 15.0.6) 0.0.1';
  const recorded = { runtime: 'gpu', name, isSoftware: true, host: 'Node' } as const;
  expect(recordedDeviceName(recorded)).toBe('a software GPU');
  expect(recordedDeviceName({ ...recorded, isSoftware: false })).toBe(name);
  expect(recordedDeviceName({ ...recorded, runtime: 'wasm' })).toBe('a processor');
  expect(deviceDetails(recorded)).toBe(`${name} (Node)`);
});
