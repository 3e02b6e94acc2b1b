// A device as calibration measured it: peaks, bandwidth by size, launch cost, and the time of every kernel at a few shapes.

/** A measured figure: the estimate, half the interquartile range over the median, and how many repeats. */
export interface Measurement {
  readonly value: number;
  readonly spread: number;
  readonly repeats: number;
}

/** One timed shape of one kernel. */
export interface EfficiencyPoint {
  readonly shape: string;
  readonly launchedFlops: number;
  readonly bytes: number;
  readonly workgroups: number;
  readonly seconds: Measurement;
}

/** How a processor computes: threads, and multiply-adds that round once (relaxed) or twice. */
export interface ProcessorFacts {
  readonly threads: number;
  readonly simd: 'relaxed' | 'plain';
}

/** Version of the format of profiles: one of another version is measured anew. */
export const profileVersion = 5;

/** A device as measured by calibration. Plain JSON: it is stored and travels with run records. */
export interface DeviceProfile {
  readonly version: typeof profileVersion;
  readonly device: string;
  /** Measured within seconds for one experiment, at the shapes that most of its time goes to (calibrate-quickly.ts). */
  readonly isQuick?: boolean;
  /** Of a processor's threads; a GPU has none. */
  readonly processor?: ProcessorFacts;
  /** The quickest arithmetic seen: the roof. */
  readonly fmaFlopsPerSecond: Measurement;
  /** Seconds of a fixed mixture of kernels at its quickest (pace.ts): what the device's pace is told by later. */
  readonly paceSeconds: Measurement;
  /** Time of kernels while all were timed over their quickest; above 1 where the device is shared or its clock falls. */
  readonly slowing: Measurement;
  /** Seconds that a dispatch takes longer behind another kernel than behind itself, at most (`switchOf`). */
  readonly switchSeconds: Measurement;
  /** Time of large dispatches among others, switches taken off, over their time behind themselves. */
  readonly mixing: Measurement;
  /** Read plus written bytes per second of a copy, by working-set size, small to large. */
  readonly copyBytesPerSecond: readonly { readonly bytes: number; readonly rate: Measurement }[];
  /** Seconds that each further dispatch adds to a pass. */
  readonly launchSeconds: Measurement;
  /** Fixed seconds of one submission and its readback. */
  readonly submitSeconds: Measurement;
  /** Seconds that each further submission adds while the queue is never waited for. */
  readonly queueSeconds: Measurement;
  readonly kernels: Readonly<Record<string, readonly EfficiencyPoint[]>>;
  /** Variants that were timed beside those of the built-in order and agreed with their references: recording may take them. */
  readonly variants?: readonly string[];
  readonly timer: string;
}

/** The device at another pace than that of its calibration: `ratio` 1 is its quickest. */
export function atPace(profile: DeviceProfile, ratio: number): DeviceProfile {
  return { ...profile, slowing: { ...profile.slowing, value: 1 / ratio } };
}

/** The roofline of some work: seconds below which no kernel can be (Williams, Waterman, Patterson 2009). */
export function limitOf(
  profile: DeviceProfile,
  { launchedFlops, bytes }: { readonly launchedFlops: number; readonly bytes: number },
) {
  const arithmeticSeconds = launchedFlops / profile.fmaFlopsPerSecond.value;
  const bandwidthSeconds = bytes / bandwidthAt(profile, bytes);
  return { arithmeticSeconds, bandwidthSeconds, seconds: Math.max(arithmeticSeconds, bandwidthSeconds) };
}

/**
 * Seconds that a dispatch takes longer behind another kernel than behind itself: a switch, or half of what it takes where that
 * is less, for what does little has little to fetch anew.
 * @param seconds that it takes behind itself
 */
export function switchOf(switchSeconds: number, seconds: number): number {
  return Math.min(switchSeconds, seconds / 2);
}

/** Copy bandwidth for a working set, interpolated in the logarithm of its size. Bytes per second. */
export function bandwidthAt(profile: DeviceProfile, bytes: number): number {
  const points = profile.copyBytesPerSecond.map(({ bytes: at, rate }) => ({
    x: Math.log(at),
    y: rate.value,
  }));
  return interpolate(points, Math.log(Math.max(bytes, 1)));
}

/** Piecewise linear through points, constant beyond both ends; 1 of no points. */
export function interpolate(
  points: readonly { readonly x: number; readonly y: number }[],
  x: number,
): number {
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
