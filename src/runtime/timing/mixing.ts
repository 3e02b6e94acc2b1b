// What kernels take longer among others than behind themselves, as they are timed: a switch for each; what their data takes to
// come from as far as all of the mixture's reaches (`coldSeconds`); and what large ones lose beyond that.
import { coldSeconds, type DeviceProfile, type Measurement } from '../../plan/device-profile.ts';
import type { Probing, ShapeProbe } from './probing.ts';
import { type PaceProbe, summarize, trusted } from './slope.ts';

/** A shape with the seconds that it takes behind itself, and the bytes that it moves. */
export interface TimedShape extends Pick<ShapeProbe, 'plan'> {
  readonly seconds: number;
  readonly bytes: number;
}

/** What kernels take longer among others. */
export type Mixing = Pick<DeviceProfile, 'switchSeconds' | 'mixing'>;

/** Seconds of the shapes of one mixture, at most: of short ones, and of those that matter most. */
const longest = { short: 0.005, important: 0.04 } as const;
/** Launches that a shape may take to tell a switch; and how many shapes there are whatever they take. */
const shortLaunches = 4;
const fewestShort = 4;
const passes = 5;

/** The pace at its best, what tells it, and the bandwidths that were measured. */
export interface MixingConditions extends PaceProbe, Pick<DeviceProfile, 'copyBytesPerSecond'> {
  readonly bestSeconds: number;
}

/** Times mixtures of shapes, which come with those first that matter most. */
export async function measureMixing(
  probing: Pick<Probing, 'seconds'>,
  shapes: readonly TimedShape[],
  conditions: MixingConditions,
): Promise<Mixing> {
  const shortest = shortestOf(shapes, conditions.launchSeconds);
  const important = upTo(shapes, longest.important);
  const short = await secondsOf(probing, shortest, conditions);
  const switches = short.value - warmAndCold(shortest, conditions);
  const switchSeconds = Math.max(0, switches) / Math.max(1, shortest.length);
  const long = await secondsOf(probing, important, conditions);
  const lost =
    long.value - important.length * switchSeconds - (warmAndCold(important, conditions) - sumOf(important));
  return {
    switchSeconds: { ...short, value: switchSeconds },
    mixing: { ...long, value: important.length > 1 ? Math.max(1, lost / sumOf(important)) : 1 },
  };
}

/**
 * What two calibrations of one device say together: switches by the shapes of each, mixing by their seconds, so that a few
 * further shapes do not stand for all.
 */
export function combineMixing(before: DeviceProfile, now: Mixing, timed: readonly TimedShape[]): Mixing {
  if (timed.length === 0) return { switchSeconds: before.switchSeconds, mixing: before.mixing };
  const known = Object.values(before.kernels).flat();
  const seconds = known.reduce((sum, point) => sum + point.seconds.value, 0);
  return {
    switchSeconds: weighted([before.switchSeconds, known.length], [now.switchSeconds, timed.length]),
    mixing: weighted([before.mixing, seconds], [now.mixing, sumOf(timed)]),
  };
}

type Weighted = readonly [measurement: Measurement, weight: number];

function weighted([before, most]: Weighted, [now, more]: Weighted): Measurement {
  const share = most + more > 0 ? more / (most + more) : 0.5;
  const mean = (of: (one: Measurement) => number) => (1 - share) * of(before) + share * of(now);
  return {
    value: mean(({ value }) => value),
    spread: mean(({ spread }) => spread),
    repeats: before.repeats + now.repeats,
  };
}

/** Seconds of a mixture once over, at the best pace, without what every pass costs: the shapes were timed so as well. */
async function secondsOf(
  probing: Pick<Probing, 'seconds'>,
  mixture: readonly TimedShape[],
  { seconds: paceSeconds, launchSeconds, bestSeconds }: MixingConditions,
): Promise<Measurement> {
  if (mixture.length === 0) return summarize([]);
  const fixed = mixture.length * launchSeconds;
  const turns = Math.min(
    trusted.repeats,
    Math.max(1, Math.ceil(trusted.seconds / Math.max(sumOf(mixture), 1e-9))),
  );
  const times: number[] = [];
  for (let i = 0; i < passes; i++) {
    const before = await paceSeconds();
    const once = await probing.seconds(mixture, 1);
    const seconds = Math.max(0, (await probing.seconds(mixture, 1 + turns)) - once) / turns;
    const slowing = (before + (await paceSeconds())) / 2 / bestSeconds;
    times.push(seconds <= fixed ? seconds : fixed + (seconds - fixed) / slowing);
  }
  return summarize(times);
}

/** Those that hardly take longer than a launch: of others a switch would be lost in their scatter. */
function shortestOf(shapes: readonly TimedShape[], launchSeconds: number): TimedShape[] {
  const sorted = [...shapes].sort((a, b) => a.seconds - b.seconds);
  const short = sorted.filter(({ seconds }) => seconds <= shortLaunches * launchSeconds);
  return upTo(short.length < fewestShort ? sorted.slice(0, fewestShort) : short, longest.short);
}

/** The first shapes that together take no longer than this. */
function upTo(shapes: readonly TimedShape[], seconds: number): TimedShape[] {
  let sum = 0;
  return shapes.filter((shape) => {
    if (sum + shape.seconds > seconds) return false;
    sum += shape.seconds;
    return true;
  });
}

/** Seconds of shapes behind themselves, and of fetching their data, which lies side by side. */
function warmAndCold(shapes: readonly TimedShape[], conditions: MixingConditions): number {
  const workingSet = shapes.reduce((sum, { bytes }) => sum + bytes, 0);
  return shapes.reduce(
    (sum, { seconds, bytes }) => sum + seconds + coldSeconds(conditions, bytes, workingSet),
    0,
  );
}

function sumOf(shapes: readonly TimedShape[]): number {
  return shapes.reduce((sum, { seconds }) => sum + seconds, 0);
}
