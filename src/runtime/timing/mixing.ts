// What kernels take longer among others than behind themselves, as they are timed: a switch for each; what their data takes to
// come from as far as all of the mixture's reaches (`coldSeconds`); and what large ones lose beyond that.
import { coldSeconds, type DeviceProfile, type Measurement } from '../../plan/device-profile.ts';
import { timeInTurns } from './in-turns.ts';
import type { Probing, ShapeProbe } from './probing.ts';
import { type PaceProbe, summarize, trusted } from './slope.ts';

/** A shape with the seconds that it takes behind itself, and the bytes that it moves. */
export interface TimedShape extends Pick<ShapeProbe, 'plan'> {
  readonly seconds: number;
  readonly bytes: number;
}

/** What kernels take longer among others. */
export type Mixing = Pick<DeviceProfile, 'switchSeconds' | 'mixing'>;

/** The mixture of short shapes: their seconds at most, repetitions of a shape behind itself, seconds of a pass at least, rounds. */
const short = { seconds: 0.002, block: 8, passSeconds: 0.01, rounds: 7 } as const;
/** The mixture of those that matter most: their seconds at most, and how often it is timed. */
const important = { seconds: 0.04, passes: 5 } as const;
/** Launches that a shape may take to tell a switch; and how many shapes there are whatever they take. */
const shortLaunches = 4;
const fewestShort = 4;

/** The pace at its best, what tells it, and the bandwidths that were measured. */
export interface MixingConditions extends PaceProbe, Pick<DeviceProfile, 'copyBytesPerSecond'> {
  readonly bestSeconds: number;
}

/**
 * Times mixtures of shapes, which come with those first that matter most. A switch is what their order costs, so that what
 * else a pass costs is none; mixing is all that a pass takes beyond the seconds of its shapes, so that what their timing
 * makes too short is in it too.
 */
export async function measureMixing(
  probing: Pick<Probing, 'seconds'>,
  shapes: readonly TimedShape[],
  conditions: MixingConditions,
): Promise<Mixing> {
  const quick = upTo(shortestOf(shapes, conditions.launchSeconds), short.seconds);
  const switches = await lostByOrder(probing, quick);
  const switchSeconds = Math.max(0, switches.value - coldOf(quick, conditions)) / Math.max(1, quick.length);
  const heavy = upTo(shapes, important.seconds);
  const among = await secondsOf(probing, heavy, conditions);
  const known = heavy.length * switchSeconds + coldOf(heavy, conditions);
  return {
    switchSeconds: { ...switches, value: switchSeconds },
    mixing: { ...among, value: heavy.length > 1 ? Math.max(1, (among.value - known) / sumOf(heavy)) : 1 },
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

/**
 * Seconds that shapes take longer in turn than each behind itself. Both are timed in turns, as many dispatches in as many
 * passes: what a pass costs and what slows the machine meets both, and leaves the share that is lost.
 */
async function lostByOrder(
  probing: Pick<Probing, 'seconds'>,
  mixture: readonly TimedShape[],
): Promise<Measurement> {
  const { block, passSeconds, rounds } = short;
  const once = sumOf(mixture);
  if (!(once > 0)) return summarize([]);
  const inTurn = Array.from({ length: block }, () => mixture).flat();
  const behindItself = mixture.flatMap((shape) => Array.from({ length: block }, () => shape));
  const repetitions = Math.min(trusted.repeats, Math.max(1, Math.ceil(passSeconds / (block * once))));
  const { gain } = await timeInTurns(
    () => probing.seconds(inTurn, repetitions),
    () => probing.seconds(behindItself, repetitions),
    rounds,
  );
  // Of a block the first one runs behind another, too.
  const share = ((gain.value - 1) * block) / (block - 1);
  return { ...gain, value: gain.repeats > 0 ? Math.max(0, share) * once : 0 };
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
  for (let pass = 0; pass < important.passes; pass++) {
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
  const enough = sorted.filter(({ seconds }) => seconds <= shortLaunches * launchSeconds);
  return enough.length < fewestShort ? sorted.slice(0, fewestShort) : enough;
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

/** Seconds that the data of shapes takes longer to come where it lies side by side. */
function coldOf(
  shapes: readonly TimedShape[],
  bandwidths: Pick<DeviceProfile, 'copyBytesPerSecond'>,
): number {
  const workingSet = shapes.reduce((sum, { bytes }) => sum + bytes, 0);
  return shapes.reduce((sum, { bytes }) => sum + coldSeconds(bandwidths, bytes, workingSet), 0);
}

function sumOf(shapes: readonly TimedShape[]): number {
  return shapes.reduce((sum, { seconds }) => sum + seconds, 0);
}
