// What a plan should cost on a device: a fold over its dispatches, before any GPU exists.
//
// limit       = max(launched flops ÷ FMA peak, bytes ÷ bandwidth at that working set): the roofline
//               (Williams, Waterman, Patterson 2009). No kernel can be faster.
// expectation = launch cost + limit ÷ efficiency, where the efficiency of a kernel was measured on this device at
//               three shapes and is interpolated between them.
import type { Dispatch, Scalars } from './kernel.ts';
import type { Plan } from './plan.ts';

/** A measured figure: median, half the interquartile range over the median, and how many repeats. */
export interface Measurement {
  readonly value: number;
  readonly spread: number;
  readonly repeats: number;
}

/** One timed shape of one kernel. */
export interface EfficiencyPoint {
  readonly shape: string;
  /** Roofline seconds of the shape: launched flops and bytes at the measured peaks. */
  readonly limitSeconds: number;
  readonly seconds: Measurement;
}

/** A device as measured by calibration. Plain JSON: it is stored and travels with run records. */
export interface DeviceProfile {
  readonly version: 1;
  readonly device: string;
  readonly fmaFlopsPerSecond: Measurement;
  /** Read plus written bytes per second of a copy, by working-set size, small to large. */
  readonly copyBytesPerSecond: readonly { readonly bytes: number; readonly rate: Measurement }[];
  /** Seconds that each further dispatch adds to a pass. */
  readonly launchSeconds: Measurement;
  /** Fixed seconds of one submission and its readback. */
  readonly submitSeconds: Measurement;
  readonly kernels: Readonly<Record<string, readonly EfficiencyPoint[]>>;
  readonly timer: string;
}

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
  const arithmetic = cost.launchedFlops / profile.fmaFlopsPerSecond.value;
  const bandwidth = cost.bytes / bandwidthAt(profile, cost.bytes);
  const limitSeconds = Math.max(arithmetic, bandwidth);
  const points = profile.kernels[dispatch.kernel.name] ?? [];
  const { seconds, relativeError } = expectation(points, limitSeconds, profile.launchSeconds.value);
  const launch = profile.launchSeconds.value;
  const bound = seconds < 2 * launch ? 'launch' : arithmetic > bandwidth ? 'arithmetic' : 'bandwidth';
  return { ...cost, limitSeconds, seconds, relativeError, bound };
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

/** Copy bandwidth for a working set, interpolated in the logarithm of its size. Bytes per second. */
export function bandwidthAt(profile: DeviceProfile, bytes: number): number {
  const points = profile.copyBytesPerSecond.map(({ bytes: at, rate }) => ({
    x: Math.log(at),
    y: rate.value,
  }));
  return interpolate(points, Math.log(Math.max(bytes, 1)));
}

/** Error assumed for a kernel that was not calibrated: its time may be several times the limit. */
const unknownKernelError = 0.8;
const unknownKernelEfficiency = 0.4;

function expectation(points: readonly EfficiencyPoint[], limitSeconds: number, launchSeconds: number) {
  if (points.length === 0) {
    return {
      seconds: launchSeconds + limitSeconds / unknownKernelEfficiency,
      relativeError: unknownKernelError,
    };
  }
  const curve = points.map((point) => ({
    x: Math.log(Math.max(point.limitSeconds, 1e-12)),
    y: Math.log(Math.max(point.seconds.value - launchSeconds, 1e-7) / Math.max(point.limitSeconds, 1e-12)),
  }));
  const slowdown = Math.exp(interpolate(curve, Math.log(Math.max(limitSeconds, 1e-12))));
  const spread = Math.max(...points.map((point) => point.seconds.spread));
  return { seconds: launchSeconds + limitSeconds * slowdown, relativeError: Math.max(0.05, spread) };
}

/** Piecewise linear through points sorted by x, constant beyond both ends. */
function interpolate(points: readonly { readonly x: number; readonly y: number }[], x: number): number {
  const sorted = [...points].sort((a, b) => a.x - b.x);
  const first = sorted[0];
  const last = sorted.at(-1);
  if (!first || !last) return 1;
  if (x <= first.x) return first.y;
  for (let i = 1; i < sorted.length; i++) {
    const [a, b] = [sorted[i - 1], sorted[i]];
    if (a && b && x <= b.x) return b.x === a.x ? b.y : a.y + ((b.y - a.y) * (x - a.x)) / (b.x - a.x);
  }
  return last.y;
}
