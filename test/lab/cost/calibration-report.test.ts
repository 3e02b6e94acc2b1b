// A calibration as the page shows it: figures by kernel, a warning, and what the quicker variants gain.
import { describe, expect, it } from 'vitest';
import { rivalsOf } from '../../../src/lab/cost/calibration.ts';
import { reportOf } from '../../../src/lab/cost/calibration-report.ts';
import { allKernels, kernelNamed } from '../../../src/lab/plans/kernel-catalogue.ts';
import type { DeviceProfile } from '../../../src/plan/device-profile.ts';
import { baselineCapabilities, familyOf } from '../../../src/plan/kernel.ts';
import { timedProfile } from '../../plan/timed-profile.ts';

it('a profile is shown by kernel', () => {
  const measured = { value: 1, spread: 0.1, repeats: 3 };
  const profile: DeviceProfile = {
    ...{ version: 5, device: 'd', timer: 'clock', copyBytesPerSecond: [{ bytes: 4, rate: measured }] },
    ...{
      fmaFlopsPerSecond: measured,
      paceSeconds: measured,
      slowing: measured,
      switchSeconds: measured,
      mixing: measured,
      launchSeconds: measured,
      submitSeconds: measured,
      queueSeconds: measured,
    },
    kernels: { gemm: [{ shape: 'rows 1', launchedFlops: 1, bytes: 1, workgroups: 1, seconds: measured }] },
  };
  expect(reportOf(profile, 2, baselineCapabilities)).toMatchObject({
    ...{ seconds: 2, timer: 'clock', fmaFlopsPerSecond: measured },
    kernels: [{ kernel: 'gemm', points: [{ shape: 'rows 1', limitSeconds: 1, seconds: measured }] }],
    ...{ choices: [], presets: [] },
  });
});

it('says so when the device was disturbed while the kernels were timed', () => {
  const steady = { value: 1.1, spread: 0.05, repeats: 9 };
  const profile: DeviceProfile = {
    ...{
      version: 5,
      device: 'd',
      timer: 'clock',
      copyBytesPerSecond: [{ bytes: 4, rate: steady }],
      kernels: {},
    },
    ...{ fmaFlopsPerSecond: steady, paceSeconds: steady, launchSeconds: steady },
    ...{
      submitSeconds: steady,
      queueSeconds: steady,
      slowing: steady,
      mixing: steady,
      switchSeconds: steady,
    },
  };
  expect(reportOf(profile, 1, baselineCapabilities).warning).toBeUndefined();
  for (const slowing of [
    { ...steady, spread: 0.3 },
    { ...steady, value: 1.6 },
  ])
    expect(reportOf({ ...profile, slowing }, 1, baselineCapabilities).warning).toContain('calibrate again');
});

describe('variants that were timed', () => {
  const product = kernelNamed('matmul.nn/tiled-32x32-4x4');

  it('are those of the families that are calibrated, which the device can run', () => {
    const rivals = rivalsOf([product], baselineCapabilities).map(({ name }) => name);
    expect(rivals).toContain('matmul.nn/tiled-64x64-8x8');
    expect(rivals).not.toContain(product.name);
    expect(rivals.every((name) => familyOf(name) === 'matmul.nn')).toBe(true);
    expect(rivals.some((name) => name.includes('subgroup'))).toBe(false);
    const without = { ...baselineCapabilities, without: new Set(['matmul.nn/tiled-64x64-8x8']) };
    expect(rivalsOf([product], without).map(({ name }) => name)).not.toContain('matmul.nn/tiled-64x64-8x8');
  });

  it('are shown with what they gain, by kernel and by preset', () => {
    const quick = 'matmul.nt/tiled-64x64-8x8';
    const profile = timedProfile(allKernels, ({ name }) => (name === quick ? 4 : 1), [quick]);
    const { choices, presets } = reportOf(profile, 1, baselineCapabilities);
    expect(choices.length).toBeGreaterThan(0);
    for (const { builtIn, taken, gain, dispatches } of choices) {
      expect([familyOf(builtIn), taken]).toEqual(['matmul.nt', quick]);
      expect(gain).toBeGreaterThan(1);
      expect(dispatches).toBeGreaterThan(0);
    }
    expect(presets.length).toBeGreaterThan(1);
    expect(Math.max(...presets.map(({ gain }) => gain))).toBeGreaterThan(1.05);
    expect(Math.min(...presets.map(({ gain }) => gain))).toBeGreaterThan(0.97);
  });
});
