// What a plan should cost on a device: a fold over its dispatches, before any GPU exists.
//
// limit       = max(launched flops ÷ FMA peak, bytes ÷ bandwidth at that working set): the roofline
//               (Williams, Waterman, Patterson 2009). No kernel can be faster.
// expectation = start + switch + slowing × mixing × slowdown × limit: start and slowdown fitted to what the kernel took on this
//               device at a few shapes, or at this very one, at its best; switch and mixing are what it takes longer among others, slowing what
//               it takes longer on average.
import { type DeviceProfile, limitOf, switchOf } from './device-profile.ts';
import { efficiencyOf } from './efficiency.ts';
import { type Dispatch, type Scalars, workText } from './kernel.ts';
import type { Plan } from './plan.ts';

/** What bounds a dispatch from below. */
export type Bound = 'arithmetic' | 'bandwidth' | 'launch';

/** Prediction of one dispatch; rows join measured ones by index. */
export interface DispatchPrediction {
  readonly usefulFlops: number;
  readonly launchedFlops: number;
  readonly bytes: number;
  /** Roofline seconds: a lower bound. */
  readonly limitSeconds: number;
  /** Expected seconds on this device. */
  readonly seconds: number;
  /** Part of `seconds` that does not grow with the work: launch, filling and draining the device. */
  readonly startSeconds: number;
  /** Relative half-width of `seconds`. */
  readonly relativeError: number;
  readonly bound: Bound;
}

/** Prediction of one replay of a plan. */
export interface PlanPrediction {
  readonly dispatches: readonly DispatchPrediction[];
  readonly usefulFlops: number;
  readonly launchedFlops: number;
  readonly bytes: number;
  readonly limitSeconds: number;
  readonly seconds: number;
  readonly relativeError: number;
}

/** Flops and bytes of a dispatch for given step scalars. */
export function costOf(dispatch: Dispatch, scalars: Scalars = {}) {
  const { kernel, dims } = dispatch;
  const usefulFlops = kernel.usefulFlops(dims, scalars);
  const launchedFlops = (kernel.launchedFlops ?? kernel.usefulFlops)(dims, scalars);
  return { usefulFlops, launchedFlops, bytes: kernel.bytes(dims, scalars) };
}

/** Useful flops of one replay. */
export function planFlops(plan: Plan, scalars: Scalars = {}): number {
  return plan.dispatches.reduce((sum, dispatch) => sum + costOf(dispatch, scalars).usefulFlops, 0);
}

/** Predicts one dispatch. */
export function predictDispatch(
  dispatch: Dispatch,
  profile: DeviceProfile,
  scalars: Scalars = {},
): DispatchPrediction {
  const cost = costOf(dispatch, scalars);
  const limit = limitOf(profile, cost);
  const { kernel, dims } = dispatch;
  const { startSeconds, slowdown, relativeError } = efficiencyOf(profile, kernel.name, {
    shape: workText(dims),
    ...cost,
  });
  // What disturbs a device takes its ports and caches, not the time that a launch needs.
  const work = slowdown * limit.seconds;
  const start = startSeconds + switchOf(profile.switchSeconds.value, startSeconds + work);
  const seconds = start + profile.mixing.value * profile.slowing.value * work;
  const isLaunch = seconds < 2 * start;
  const isArithmetic = limit.arithmeticSeconds > limit.bandwidthSeconds;
  const bound = isLaunch ? 'launch' : isArithmetic ? 'arithmetic' : 'bandwidth';
  return { ...cost, limitSeconds: limit.seconds, seconds, startSeconds: start, relativeError, bound };
}

/** Predicts one replay of a plan: the sum over its dispatches, which run one after another. */
export function predictPlan(plan: Plan, profile: DeviceProfile, scalars: Scalars = {}): PlanPrediction {
  const dispatches = plan.dispatches.map((dispatch) => predictDispatch(dispatch, profile, scalars));
  const sum = (of: (row: DispatchPrediction) => number) =>
    dispatches.reduce((total, row) => total + of(row), 0);
  const seconds = sum((row) => row.seconds);
  return {
    dispatches,
    usefulFlops: sum((row) => row.usefulFlops),
    launchedFlops: sum((row) => row.launchedFlops),
    bytes: sum((row) => row.bytes),
    limitSeconds: sum((row) => row.limitSeconds),
    seconds,
    // Errors of one kernel repeat in every layer: they add up, they do not average out.
    relativeError: sum((row) => row.seconds * row.relativeError) / Math.max(seconds, 1e-12),
  };
}
