// Predictions on a device profile whose numbers can be checked by hand.
import { describe, expect, it } from 'vitest';
import { copyForward } from '../../src/kernels/copy.ts';
import { softmaxForward } from '../../src/kernels/softmax.ts';
import type { DeviceProfile } from '../../src/plan/device-profile.ts';
import { baselineCapabilities, type Dispatch } from '../../src/plan/kernel.ts';
import { freeze } from '../../src/plan/plan.ts';
import { costOf, planFlops, predictDispatch, predictPlan } from '../../src/plan/predict.ts';
import { persistentTensor } from '../../src/plan/store.ts';
import { Tape } from '../../src/plan/tape.ts';
import { near } from '../near.ts';

const exactly = (value: number, spread = 0) => ({ value, spread, repeats: 5 });

/** 1 GFLOP/s, 1 GB/s at 1 kB and 4 GB/s at 100 kB, 1 µs per launch. */
const profile: DeviceProfile = {
  version: 5,
  device: 'paper',
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
  kernels: {
    copy: [
      { shape: 'small', launchedFlops: 0, bytes: 1e3, workgroups: 1, seconds: exactly(5e-6, 0.1) },
      { shape: 'large', launchedFlops: 0, bytes: 4e5, workgroups: 100, seconds: exactly(1.01e-4, 0.2) },
    ],
  },
  timer: 'paper',
};

function planOf(record: (tape: Tape) => void) {
  const tape = new Tape({ capabilities: baselineCapabilities });
  record(tape);
  return freeze('plan', tape);
}

function softmaxPlan(rows: number, columns: number) {
  const x = persistentTensor('x', [rows, columns], 'f32', 'state');
  return planOf((tape) =>
    tape.dispatch(softmaxForward, { rows, columns }, { x, y: tape.tensor('y', [rows, columns]) }),
  );
}

function copyPlan(vectors: number) {
  const x = persistentTensor('x', [vectors, 4], 'f32', 'state');
  return planOf((tape) => tape.dispatch(copyForward, { vectors }, { x, y: tape.tensor('y', [vectors, 4]) }));
}

const only = (plan: { dispatches: readonly Dispatch[] }) => plan.dispatches[0] as Dispatch;

describe('predictDispatch', () => {
  it('bounds a dispatch by the roofline: launched flops here', () => {
    const dispatch = only(softmaxPlan(10, 100));
    expect(costOf(dispatch)).toEqual({ usefulFlops: 5_000, launchedFlops: 7_000, bytes: 16_000 });
    const row = predictDispatch(dispatch, profile);
    expect(row.limitSeconds).toBeCloseTo(7_000 / 1e9, 12);
    expect(row.bound).toBe('arithmetic');
  });

  it('takes a kernel that was never measured for the middle one, with a wide error', () => {
    const row = predictDispatch(only(softmaxPlan(10, 100)), profile);
    expect(row.seconds).toBeCloseTo(1e-6 + 7e-6 * (96 / 99), 12);
    expect(row.relativeError).toEqual(near(0.5));
  });

  it('bounds a copy by the bandwidth at its size, and expects what was measured there', () => {
    const row = predictDispatch(only(copyPlan(12_500)), profile); // 400 kB at 4 GB/s
    expect(row.limitSeconds).toBeCloseTo(1e-4, 12);
    expect(row.seconds).toBeCloseTo(1.01e-4, 12);
    expect(row.bound).toBe('bandwidth');
    expect(row.relativeError).toEqual(near(0.2));
  });

  it('expects a start and a multiple of the limit, as fitted to the measured shapes', () => {
    // 5 µs at a limit of 1 µs and 101 µs at 100 µs: 96/99 per unit of limit, and the rest at the start.
    const slope = 96 / 99;
    const row = predictDispatch(only(copyPlan(1_000)), profile);
    expect(row.startSeconds).toBeCloseTo(5e-6 - slope * 1e-6, 12);
    expect(row.seconds).toBeCloseTo(row.startSeconds + slope * row.limitSeconds, 12);
  });

  it('says that a dispatch is bound by its launch when that is most of it', () => {
    expect(predictDispatch(only(softmaxPlan(1, 4)), profile).bound).toBe('launch');
  });
});

describe('predictPlan', () => {
  it('sums its dispatches, and weighs their errors by their time', () => {
    const x = persistentTensor('x', [12_500, 4], 'f32', 'state');
    const plan = planOf((tape) => {
      const y = tape.tensor('y', [12_500, 4]);
      tape.dispatch(copyForward, { vectors: 12_500 }, { x, y });
      tape.dispatch(softmaxForward, { rows: 10, columns: 100 }, { x: y, y: tape.tensor('z', [10, 100]) });
    });
    const total = predictPlan(plan, profile);
    const [copy, soft] = total.dispatches;
    expect(total.usefulFlops).toBe(5_000);
    expect(planFlops(plan)).toBe(5_000);
    expect(total.bytes).toBe(400_000 + 16_000);
    expect(total.seconds).toBeCloseTo((copy?.seconds ?? 0) + (soft?.seconds ?? 0), 15);
    expect(total.limitSeconds).toBeCloseTo(1.07e-4, 12);
    const weighted = 0.2 * (copy?.seconds ?? 0) + 0.5 * (soft?.seconds ?? 0);
    expect(total.relativeError).toBeCloseTo(weighted / total.seconds, 12);
  });

  it('charges a switch of kernels, or half of what a dispatch takes where that is less', () => {
    const plan = planOf((tape) => {
      const x = persistentTensor('x', [3125, 4], 'f32', 'state');
      const y = persistentTensor('y', [3125, 4], 'f32', 'state');
      tape.dispatch(copyForward, { vectors: 3125 }, { x, y });
    });
    const seconds = (switchSeconds: number) =>
      predictPlan(plan, { ...profile, switchSeconds: exactly(switchSeconds) }).seconds;
    const alone = seconds(0);
    expect(seconds(alone / 4)).toEqual(near(1.25 * alone));
    expect(seconds(9 * alone)).toEqual(near(1.5 * alone));
  });

  it('is all zeros for an empty plan', () => {
    const empty = predictPlan(
      planOf(() => undefined),
      profile,
    );
    expect([empty.seconds, empty.relativeError, empty.usefulFlops]).toEqual([0, 0, 0]);
  });
});
