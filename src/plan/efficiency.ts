// How long a kernel is expected to take on a device: a small model of each kernel, fitted to the shapes that were timed.
//
// seconds = start + slowdown · limit: a cost of every dispatch (launch, filling the pipeline, the last turn of
// workgroups), and what the kernel needs of the roofline's time once it runs. Two numbers a kernel are few enough for
// three timed shapes, and hold beyond them, where a curve through the points would not.
import { type DeviceProfile, type EfficiencyPoint, limitOf } from './device-profile.ts';
import { familyOf } from './kernel.ts';

/** The fitted model of one kernel. */
export interface KernelEfficiency {
  readonly startSeconds: number;
  readonly slowdown: number;
  /** Relative half-width of what it predicts: spread of the measurements, and how far they are from the fit. */
  readonly relativeError: number;
}

/** Assumed of a kernel of a device of which no kernel was timed: its time may be several times the limit. */
const unknownSlowdown = 2.5;
const unknownKernelError = 0.8;
/** Error where the device's other kernels stand in for one. */
const strangerError = 0.5;
const siblingError = 0.4;
const leastError = 0.05;
/** The same where the device's pace was not followed while its kernels were timed. */
const leastQuickError = 0.15;

/** A dispatch's shape, and its cost by the step record: the work that a point may have timed. */
export type TimedWork = Pick<EfficiencyPoint, 'shape' | 'launchedFlops' | 'bytes'>;

/**
 * The model of the kernel of this name. What was timed as it runs needs no other shape to tell of it: products with an
 * activation take twice as long as those without, at the same flops. A variant that was not timed is taken for its siblings (their names agree up to
 * the slash), and a kernel without any for the middle one of the device, each with a wider error.
 */
export function efficiencyOf(profile: DeviceProfile, kernel: string, work?: TimedWork): KernelEfficiency {
  const points = profile.kernels[kernel];
  const own = work && points?.find((point) => isOf(point, work));
  if (own) return fitEfficiency(profile, [own]);
  if (points && points.length > 0) return fitEfficiency(profile, points);
  const family = familyOf(kernel);
  const siblings = Object.entries(profile.kernels).flatMap(([name, rows]) =>
    familyOf(name) === family ? rows : [],
  );
  if (siblings.length > 0) {
    const fitted = fitEfficiency(profile, siblings);
    return { ...fitted, relativeError: Math.max(fitted.relativeError, siblingError) };
  }
  const all = Object.values(profile.kernels).map((rows) => fitEfficiency(profile, rows));
  if (all.length === 0) return fitEfficiency(profile, []);
  const slowdowns = all.map(({ slowdown }) => slowdown).sort((a, b) => a - b);
  const slowdown = slowdowns[slowdowns.length >> 1] ?? unknownSlowdown;
  return { startSeconds: profile.launchSeconds.value, slowdown, relativeError: strangerError };
}

/** Whether a point timed this work: a shape may cost more by another step record, as a longer text does. */
function isOf(point: EfficiencyPoint, { shape, launchedFlops, bytes }: TimedWork): boolean {
  return point.shape === shape && point.launchedFlops === launchedFlops && point.bytes === bytes;
}

/**
 * Least squares of the relative error over the points, with both numbers kept in bounds: no dispatch starts for nothing, none
 * is negative, and no start is longer than the quickest shape took with its work.
 */
export function fitEfficiency(profile: DeviceProfile, points: readonly EfficiencyPoint[]): KernelEfficiency {
  const launch = profile.launchSeconds.value;
  if (points.length === 0)
    return { startSeconds: launch, slowdown: unknownSlowdown, relativeError: unknownKernelError };
  const rows = points.map((point) => ({
    limit: Math.max(limitOf(profile, point).seconds, 1e-12),
    seconds: Math.max(point.seconds.value, 1e-9),
  }));
  const { start, slowdown } = leastSquares(rows, launch);
  const residual = Math.sqrt(
    rows.reduce((sum, { limit, seconds }) => sum + ((start + slowdown * limit) / seconds - 1) ** 2, 0) /
      rows.length,
  );
  const spread = Math.max(...points.map((point) => point.seconds.spread));
  return {
    startSeconds: start,
    slowdown,
    relativeError: Math.max(profile.isQuick ? leastQuickError : leastError, spread, residual),
  };
}

interface FitRow {
  readonly limit: number;
  readonly seconds: number;
}

/**
 * Between what starts can be: a part of a launch at least, for the launch was measured by a copy, with its work; and at most what
 * the quickest shape took.
 */
function startBounds(quickestSeconds: number, launch: number): readonly [least: number, most: number] {
  return [Math.min(launch / 2, quickestSeconds), quickestSeconds];
}

/** min Σ ((start + slowdown·limit)/seconds − 1)², start within its bounds, slowdown ≥ 0; a lone point starts with a launch. */
function leastSquares(rows: readonly FitRow[], launch: number) {
  let [ss, sl, ll, s, l] = [0, 0, 0, 0, 0];
  for (const { limit, seconds } of rows) {
    const [a, b] = [1 / seconds, limit / seconds];
    ss += a * a;
    sl += a * b;
    ll += b * b;
    s += a;
    l += b;
  }
  const determinant = ss * ll - sl * sl;
  // Shapes of one limit say nothing of a slope.
  if (rows.length > 1 && determinant > 1e-6 * ss * ll) {
    const [least, most] = startBounds(Math.min(...rows.map(({ seconds }) => seconds)), launch);
    const start = Math.min(Math.max(least, (s * ll - l * sl) / determinant), most);
    // The best slowdown for this start: where the start is not cut, it is that of both.
    return { start, slowdown: Math.max(0, (l - start * sl) / ll) };
  }
  const seconds = rows.reduce((sum, row) => sum + row.seconds, 0) / rows.length;
  const limit = rows.reduce((sum, row) => sum + row.limit, 0) / rows.length;
  const start = Math.min(launch, seconds);
  return { start, slowdown: (seconds - start) / limit };
}
