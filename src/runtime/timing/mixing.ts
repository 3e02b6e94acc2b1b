// What kernels take longer among others than behind themselves, as they are timed: a switch for each; what their data takes to
// come from as far as all of the mixture's reaches (`coldSeconds`); and what large ones lose beyond that.
import { coldSeconds, type DeviceProfile, type Measurement } from '../../plan/device-profile.ts';
import { timeInTurns } from './in-turns.ts';
import type { Probing, ShapeProbe } from './probing.ts';
import { summarize, trusted } from './slope.ts';

/** A shape with the seconds that it takes behind itself, and the bytes that it moves. */
export interface TimedShape extends Pick<ShapeProbe, 'plan'> {
  readonly seconds: number;
  readonly bytes: number;
}

/** What kernels take longer among others. */
export type Mixing = Pick<DeviceProfile, 'switchSeconds' | 'mixing'>;

/** How mixtures are timed: seconds of their shapes, at most; repetitions of a shape behind itself; seconds of a pass, at least. */
const short = { seconds: 0.002, block: 8, passSeconds: 0.01 } as const;
const important = { seconds: 0.025, block: 3, passSeconds: 0 } as const;
/** Launches that a shape may take to tell a switch; and how many shapes there are whatever they take. */
const shortLaunches = 4;
const fewestShort = 4;
const rounds = 7;

/** What is known of the device. */
export interface MixingConditions extends Pick<DeviceProfile, 'copyBytesPerSecond'> {
  readonly launchSeconds: number;
}

/** Times mixtures of shapes, which come with those first that matter most. */
export async function measureMixing(
  probing: Pick<Probing, 'seconds'>,
  shapes: readonly TimedShape[],
  { copyBytesPerSecond, launchSeconds }: MixingConditions,
): Promise<Mixing> {
  const quick = upTo(shortestOf(shapes, launchSeconds), short.seconds);
  const heavy = upTo(shapes, important.seconds);
  const cold = (mixture: readonly TimedShape[]) => {
    const workingSet = mixture.reduce((sum, { bytes }) => sum + bytes, 0);
    return mixture.reduce(
      (sum, { bytes }) => sum + coldSeconds({ copyBytesPerSecond }, bytes, workingSet),
      0,
    );
  };
  const switches = await lostAmongOthers(probing, quick, short);
  const switchSeconds = Math.max(0, switches.value - cold(quick)) / Math.max(1, quick.length);
  const lost = await lostAmongOthers(probing, heavy, important);
  const beyond = Math.max(0, lost.value - heavy.length * switchSeconds - cold(heavy));
  return {
    switchSeconds: { ...switches, value: switchSeconds },
    mixing: { ...lost, value: heavy.length > 1 ? 1 + beyond / sumOf(heavy) : 1 },
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
async function lostAmongOthers(
  probing: Pick<Probing, 'seconds'>,
  mixture: readonly TimedShape[],
  { block, passSeconds }: typeof short | typeof important,
): Promise<Measurement> {
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

function sumOf(shapes: readonly TimedShape[]): number {
  return shapes.reduce((sum, { seconds }) => sum + seconds, 0);
}
