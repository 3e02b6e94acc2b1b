// The fitted model of a kernel, on points that come from known numbers.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DeviceProfile, EfficiencyPoint } from '../../src/plan/device-profile.ts';
import { efficiencyOf, fitEfficiency } from '../../src/plan/efficiency.ts';
import { near } from '../near.ts';

const exactly = (value: number, spread = 0) => ({ value, spread, repeats: 5 });

/** 1 GFLOP/s, bandwidth without end, 2 µs a launch. */
const profile: DeviceProfile = {
  ...{ version: 5, device: 'paper', timer: 'paper' },
  fmaFlopsPerSecond: exactly(1e9),
  paceSeconds: exactly(0.01),
  slowing: exactly(1),
  switchSeconds: exactly(0),
  mixing: exactly(1),
  copyBytesPerSecond: [{ bytes: 1, rate: exactly(1e18) }],
  launchSeconds: exactly(2e-6),
  submitSeconds: exactly(1e-4),
  queueSeconds: exactly(1e-5),
  kernels: {
    'gemm/wide': [point(1e4, 2.2e-5), point(1e6, 2.002e-3)],
    'gemm/tall': [point(1e4, 2.4e-5)],
  },
};

function point(launchedFlops: number, seconds: number, spread = 0): EfficiencyPoint {
  return {
    shape: `${launchedFlops}`,
    launchedFlops,
    bytes: 0,
    workgroups: 1,
    seconds: exactly(seconds, spread),
  };
}

describe('fitEfficiency', () => {
  it('finds the start and the slowdown that the points were made with', () => {
    const between = (min: number) => fc.double({ noNaN: true, min, max: 50 });
    fc.assert(
      fc.property(between(1), between(0.1), (startMicros, slowdown) => {
        const points = [1e3, 4e4, 2e6].map((flops) =>
          point(flops, startMicros * 1e-6 + slowdown * (flops / 1e9)),
        );
        const fitted = fitEfficiency(profile, points);
        expect(fitted.startSeconds * 1e6).toBeCloseTo(startMicros, 3);
        expect(fitted.slowdown).toBeCloseTo(slowdown, 6);
        expect(fitted.relativeError).toEqual(near(0.05));
      }),
    );
  });

  it('never starts for nothing, whatever the points say', () => {
    // Small shapes that are relatively faster than large ones would want a negative start.
    const fitted = fitEfficiency(profile, [point(1e4, 1e-5), point(1e6, 3e-3)]);
    expect(fitted.startSeconds).toEqual(near(1e-6)); // half a launch
    expect(fitted.slowdown).toBeGreaterThan(1);
    expect(fitted.relativeError).toBeGreaterThan(0.3);
  });

  it('starts in no more than the quickest shape took', () => {
    // A small shape that was held up: a line through both would start above it.
    const points = [point(1e3, 1e-4), point(1e4, 6e-5)];
    const { startSeconds, slowdown } = fitEfficiency(profile, points);
    expect(startSeconds).toBeLessThanOrEqual(6e-5);
    expect(slowdown).toBeGreaterThanOrEqual(0);
  });

  it('takes a launch off a lone point, and off points of one size', () => {
    for (const points of [[point(1e5, 3.02e-4)], [point(1e5, 3e-4), point(1e5, 3.04e-4)]]) {
      const fitted = fitEfficiency(profile, points);
      expect(fitted.startSeconds).toEqual(near(2e-6));
      expect(fitted.slowdown).toBeCloseTo(3, 6);
    }
  });

  it('is no surer than its least steady point', () => {
    expect(fitEfficiency(profile, [point(1e4, 2e-5, 0.3), point(1e6, 2e-3)]).relativeError).toBeCloseTo(
      0.3,
      6,
    );
  });
});

describe('efficiencyOf', () => {
  it('fits a kernel to its own points', () => {
    expect(efficiencyOf(profile, 'gemm/wide').slowdown).toBeCloseTo(2, 6);
  });

  it('takes a point of the very work for what it is, whatever the others say', () => {
    const points = [point(1e4, 2.2e-5), point(1e6, 4.002e-3), { ...point(1e6, 2.002e-3), shape: 'plain' }];
    const timed = { ...profile, kernels: { gemm: points } };
    const slowdownOf = (shape: string, launchedFlops: number) =>
      efficiencyOf(timed, 'gemm', { shape, launchedFlops, bytes: 0 }).slowdown;
    expect(slowdownOf('plain', 1e6)).toBeCloseTo(2, 6);
    expect(slowdownOf('1000000', 1e6)).toBeCloseTo(4, 6);
    // The same shape at more work, as a longer text is, is told by all of them.
    const { slowdown } = efficiencyOf(timed, 'gemm');
    expect(slowdownOf('plain', 2e6)).toBeCloseTo(slowdown, 6);
  });

  it('takes a variant that was not timed for its siblings, less surely', () => {
    const fitted = efficiencyOf(profile, 'gemm/square');
    expect(fitted.slowdown).toBeCloseTo(2, 1);
    expect(fitted.relativeError).toBeGreaterThanOrEqual(0.4);
  });

  it('takes a kernel without siblings for the middle one of the device', () => {
    const fitted = efficiencyOf(profile, 'unheard-of');
    expect(fitted.startSeconds).toEqual(near(2e-6));
    expect(fitted.slowdown).toBeCloseTo(2.2, 1);
    expect(fitted.relativeError).toEqual(near(0.5));
  });

  it('assumes 40 % efficiency where nothing was timed', () => {
    const fitted = efficiencyOf({ ...profile, kernels: {} }, 'gemm/wide');
    expect([fitted.startSeconds, fitted.slowdown, fitted.relativeError]).toEqual([
      near(2e-6),
      near(2.5),
      near(0.8),
    ]);
  });
});
