// What kernels take longer among others than behind themselves, as they are timed: a switch for each, and for large ones a
// part of their work, because their data is no longer at hand.
import { type DeviceProfile, type Measurement, switchOf } from '../../plan/device-profile.ts';
import type { Probing, ShapeProbe } from './probing.ts';
import { type PaceProbe, summarize } from './slope.ts';

/** A shape with the seconds that it takes behind itself. */
export interface TimedShape extends Pick<ShapeProbe, 'plan'> {
  readonly seconds: number;
}

/** What kernels take longer among others. */
export type Mixing = Pick<DeviceProfile, 'switchSeconds' | 'mixing'>;

/** Seconds of the mixtures of short and of important shapes, at most. */
const longest = { short: 0.005, important: 0.06 } as const;
/** Short shapes that tell of a switch: what fewer lose is noise, which would be charged to every dispatch of a step. */
const fewestShort = 4;
const passes = 5;
/** To a billionth of what can be. */
const halvings = 30;

/** The pace at its best, and what tells it. */
export interface MixingConditions extends PaceProbe {
  readonly bestSeconds: number;
  /** What a pass costs besides, where it is not to be shared out over its shapes: few shapes stand for many dispatches. */
  readonly passSeconds?: number;
}

/** Times mixtures of shapes, which come with those first that matter most. */
export async function measureMixing(
  probing: Pick<Probing, 'seconds'>,
  shapes: readonly TimedShape[],
  conditions: MixingConditions,
): Promise<Mixing> {
  const shortest = upTo(
    [...shapes].sort((a, b) => a.seconds - b.seconds),
    longest.short,
  );
  const important = upTo(shapes, longest.important);
  const short = await secondsOf(probing, shortest, conditions);
  const long = await secondsOf(probing, important, conditions);
  const isTold = shortest.length >= fewestShort;
  const switchSeconds = isTold ? switchThatLoses(short.value - sumOf(shortest), shortest) : 0;
  const rest = long.value - lostWith(switchSeconds, important);
  return {
    switchSeconds: { ...(isTold ? short : summarize([])), value: switchSeconds },
    // One shape alone tells nothing.
    mixing:
      important.length > 1
        ? { ...long, value: Math.max(1, rest / sumOf(important)) }
        : { ...summarize([]), value: 1 },
  };
}

/** What shapes lose together with such a switch. */
function lostWith(switchSeconds: number, shapes: readonly TimedShape[]): number {
  return shapes.reduce((sum, { seconds }) => sum + switchOf(switchSeconds, seconds), 0);
}

/** The switch with which shapes lose so much together. It is no more than twice what they lose in the mean. */
function switchThatLoses(lost: number, shapes: readonly TimedShape[]): number {
  if (!(lost > 0)) return 0;
  let [least, most] = [0, (2 * lost) / shapes.length];
  for (let halving = 0; halving < halvings; halving++) {
    const middle = (least + most) / 2;
    if (lostWith(middle, shapes) < lost) least = middle;
    else most = middle;
  }
  return most;
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
  if (now.repeats === 0) return before; // nothing was measured
  if (before.repeats === 0) return now;
  const share = most + more > 0 ? more / (most + more) : 0.5;
  const mean = (of: (one: Measurement) => number) => (1 - share) * of(before) + share * of(now);
  return {
    value: mean(({ value }) => value),
    spread: mean(({ spread }) => spread),
    repeats: before.repeats + now.repeats,
  };
}

/** Seconds of a mixture once over, at the best pace, with what a pass costs unless told otherwise: a replay is one, too. */
async function secondsOf(
  probing: Pick<Probing, 'seconds'>,
  mixture: readonly TimedShape[],
  { seconds: paceSeconds, launchSeconds, bestSeconds, passSeconds = 0 }: MixingConditions,
): Promise<Measurement> {
  if (mixture.length === 0) return summarize([]);
  const fixed = mixture.length * launchSeconds;
  const times: number[] = [];
  for (let pass = 0; pass < passes; pass++) {
    const before = await paceSeconds();
    const seconds = Math.max(0, (await probing.seconds(mixture, 1)) - passSeconds);
    const slowing = bestSeconds > 0 ? (before + (await paceSeconds())) / 2 / bestSeconds : 1;
    times.push(seconds <= fixed ? seconds : fixed + (seconds - fixed) / slowing);
  }
  return summarize(times);
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
