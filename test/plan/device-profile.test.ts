// The roofline of a device whose numbers can be checked by hand.
import { expect, it } from 'vitest';
import {
  bandwidthAt,
  type DeviceProfile,
  interpolate,
  limitOf,
  switchOf,
} from '../../src/plan/device-profile.ts';
import { near } from '../near.ts';

const exactly = (value: number) => ({ value, spread: 0, repeats: 5 });
const profile: DeviceProfile = {
  ...{ version: 5, device: 'paper', timer: 'paper', kernels: {} },
  fmaFlopsPerSecond: exactly(1e9),
  paceSeconds: exactly(0.01),
  slowing: exactly(1),
  switchSeconds: exactly(0),
  mixing: exactly(1),
  copyBytesPerSecond: [
    { bytes: 1e5, rate: exactly(4e9) },
    { bytes: 1e3, rate: exactly(1e9) },
  ],
  launchSeconds: exactly(1e-6),
  submitSeconds: exactly(1e-4),
  queueSeconds: exactly(1e-5),
};

it('bandwidth is linear in the logarithm of the size, and constant beyond what was measured', () => {
  expect(bandwidthAt(profile, 1e4)).toBeCloseTo(2.5e9, -3);
  expect([bandwidthAt(profile, 10), bandwidthAt(profile, 1e9)]).toEqual([1e9, 4e9]);
});

it('the limit is what takes longer, arithmetic or moving bytes', () => {
  expect(limitOf(profile, { launchedFlops: 1e6, bytes: 4e5 })).toEqual({
    arithmeticSeconds: near(1e-3),
    bandwidthSeconds: near(1e-4),
    seconds: near(1e-3),
  });
  expect(limitOf(profile, { launchedFlops: 1e3, bytes: 4e5 }).seconds).toEqual(near(1e-4));
});

it('a switch costs a dispatch no more than half of what it takes', () => {
  expect(switchOf(2e-5, 1e-3)).toEqual(near(2e-5));
  expect(switchOf(2e-5, 1e-5)).toEqual(near(5e-6));
});

it('interpolation of nothing is 1, and of one point that point', () => {
  expect(interpolate([], 5)).toBe(1);
  expect(interpolate([{ x: 2, y: 7 }], 5)).toBe(7);
});
