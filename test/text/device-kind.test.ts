// The kind of a device: only a GPU is in software or not; runtimes without one are the processor either way.
import { expect, it } from 'vitest';
import { deviceKind, isSoftwareGpu } from '../../src/text/device-kind.ts';

it.each([
  ['gpu', false, 'GPU'],
  ['gpu', true, 'software GPU'],
  ['wasm', true, 'processor'],
  ['cpu', false, 'processor'],
] as const)('%s, software %s: %s', (runtime, isSoftware, kind) => {
  expect(deviceKind({ runtime, isSoftware })).toBe(kind);
  expect(isSoftwareGpu({ runtime, isSoftware })).toBe(kind === 'software GPU');
});
