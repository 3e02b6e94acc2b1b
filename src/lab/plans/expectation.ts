// The two predictions of some work, never mixed: its limit (the roofline) and what is expected of this device.
//
// Both are sums over the same dispatches. Between them, and from there to a measurement, leads the waterfall.

import type { Waterfall, WorkExpectation } from '../../contract/validation.ts';
import { type DeviceProfile, limitOf } from '../../plan/device-profile.ts';
import { type PlanPrediction, predictPlan } from '../../plan/predict.ts';
import { submitLimits } from '../../runtime/governor.ts';
import { stepsInGroup, type Work } from './work.ts';

type Parts = Omit<Waterfall, 'unexplained' | 'measured'>;

/** An expectation with the parts that its seconds are made of. */
export interface Expectation extends WorkExpectation {
  readonly parts: Parts;
}

/** Predicts some work on a calibrated device. */
export function expectWork(work: Work, profile: DeviceProfile): Expectation {
  const replays = work.replays.map(({ plan, scalars, times }) => ({
    times,
    predicted: predictPlan(plan, profile, scalars),
  }));
  const sum = (of: (predicted: PlanPrediction) => number) =>
    replays.reduce((total, { predicted, times }) => total + times * of(predicted), 0);
  const onDevice = sum(({ seconds }) => seconds);
  const submissions = submissionsOf(work, onDevice);
  const hostAndQueue =
    work.waits * profile.submitSeconds.value +
    (work.waits > 0 ? 0 : submissions * profile.queueSeconds.value);
  const seconds = onDevice + hostAndQueue;

  const rowsOf = (read: (row: PlanPrediction['dispatches'][number]) => number) =>
    sum(({ dispatches }) => dispatches.reduce((total, row) => total + read(row), 0));
  const peak = profile.fmaFlopsPerSecond.value;
  const arithmeticAtPeak = sum(({ usefulFlops }) => usefulFlops) / peak;
  const usefulLimit = rowsOf(
    ({ usefulFlops, bytes }) => limitOf(profile, { launchedFlops: usefulFlops, bytes }).seconds,
  );
  const launches = rowsOf(({ startSeconds }) => startSeconds);
  const deviceError =
    sum((predicted) => predicted.seconds * predicted.relativeError) / Math.max(seconds, 1e-12);
  return {
    kind: work.kind,
    what: work.what,
    tokens: work.tokens,
    usefulFlops: sum(({ usefulFlops }) => usefulFlops),
    limitSeconds: sum(({ limitSeconds }) => limitSeconds),
    limitError: Math.max(
      profile.fmaFlopsPerSecond.spread,
      ...profile.copyBytesPerSecond.map(({ rate }) => rate.spread),
    ),
    seconds,
    relativeError: deviceError,
    parts: {
      arithmeticAtPeak,
      bandwidthExcess: usefulLimit - arithmeticAtPeak,
      tileAndOccupancy: onDevice - launches - usefulLimit,
      launches,
      hostAndQueue,
    },
  };
}

/** Submissions of a piece that nobody waits for: several of a long one, a part of one where short ones share it. */
function submissionsOf({ isGrouped = false, replays }: Work, onDevice: number): number {
  if (onDevice > submitLimits.aim || !isGrouped) return Math.max(1, Math.ceil(onDevice / submitLimits.aim));
  return (
    1 /
    stepsInGroup(
      onDevice,
      replays.reduce((sum, { times }) => sum + times, 0),
    )
  );
}

/** An expectation as it leaves the lab. */
export function withoutParts({ parts: _, ...expectation }: Expectation): WorkExpectation {
  return expectation;
}

/** The way from the limit to a measurement. Seconds. */
export function waterfallOf({ parts, seconds }: Expectation, measured: number): Waterfall {
  return { ...parts, unexplained: measured - seconds, measured };
}
