// The slope method: passes of R and 2R repetitions tell what is paid once per pass, which is taken off.
//
// Disturbances last longer than a pass (a core taken away, a clock that falls): passes of one subject taken in a row
// share their luck. So many subjects are timed in rounds, a pass of each at a time, and a probe of the device's pace among
// them: what a shared machine does to one it does to the other, and can be taken off.
import type { Measurement } from '../../plan/device-profile.ts';

/** Runs a pass of so many repetitions and says how long it took, in seconds. */
export type TimePass = (repetitions: number) => Promise<number>;

/** A pass this long is measured well enough by itself; slopes would hold the GPU for twice as long. Seconds. */
const longPass = 0.05;
/** A pass so many times as long as it must be holds work, whatever it costs to begin one. */
const surelyWork = 5;
/** Rounds that are made whatever they cost. */
export const fewestRounds = 3;

/** Shortest pass that is trusted: at least 20 quanta of the coarsest timer (Chrome's 0.1 ms); and most repetitions. */
export const trusted = { seconds: 0.002, repeats: 4096 } as const;

/** How long and how often to measure. */
export interface SlopeOptions {
  /** Shortest pass that is trusted, in seconds. */
  readonly minimumSeconds?: number;
  readonly maximumRepeats?: number;
  readonly rounds?: number;
  /** After this long no further round begins; three are made whatever they cost. Seconds. */
  readonly budgetSeconds?: number;
  readonly onRound?: (round: number, rounds: number) => void;
}

/** Seconds per repetition of one subject at its quickest. */
export async function measureSlope(time: TimePass, options: SlopeOptions = {}): Promise<Measurement> {
  const [measured] = (await measureInRounds([time], options)).measured;
  if (measured === undefined) throw new Error('measureSlope: no measurement came of a subject.');
  return measured;
}

/** What tells the pace of the device between passes. */
export interface PaceProbe {
  /** Times a fixed piece of work once, in seconds. */
  readonly seconds: () => Promise<number>;
  /** Part of every repetition of a subject that does not depend on the pace, in seconds. */
  readonly launchSeconds: number;
}

/** What timing in rounds says. */
export interface Rounds {
  /** Seconds per repetition of every subject on a device at its best. */
  readonly measured: readonly Measurement[];
  /** What every pass takes besides its repetitions, in seconds. */
  readonly passSeconds: number;
  /** The pace probe at its best, in seconds; 0 without one. */
  readonly paceSeconds: Measurement;
  /** What work met on average over what it takes at best. */
  readonly slowing: Measurement;
}

interface Pass {
  readonly seconds: number;
  /** Place among all passes, which are made one after the other. */
  readonly turn: number;
}

interface Subject {
  readonly time: TimePass;
  readonly repetitions: number;
  /** Passes of `repetitions`, and of twice as many; the latter stay empty where one pass is long. */
  readonly short: Pass[];
  readonly long: Pass[];
}

/** Subjects between two passes of the pace probe. */
const pacedSubjects = 5;

/**
 * Seconds per repetition of every subject, timed in turns. With a pace probe each pass is evened out by the pace around
 * it, and the median counts; without one the quickest pass does, for what else runs on the machine only ever adds time.
 */
export async function measureInRounds(
  times: readonly TimePass[],
  {
    minimumSeconds = trusted.seconds,
    maximumRepeats = trusted.repeats,
    rounds = 7,
    budgetSeconds = Number.POSITIVE_INFINITY,
    onRound = () => undefined,
  }: SlopeOptions = {},
  pace?: PaceProbe,
): Promise<Rounds> {
  const start = performance.now();
  const subjects: Subject[] = [];
  for (const time of times) {
    const repetitions = await enoughRepetitions(time, minimumSeconds, maximumRepeats);
    subjects.push({ time, repetitions, short: [], long: [] });
  }
  let turn = 0;
  const pass = async (time: TimePass, repetitions: number): Promise<Pass> => ({
    seconds: await time(repetitions),
    turn: turn++,
  });
  const paces: Pass[] = [];
  for (let round = 0; round < rounds; round++) {
    if (round >= fewestRounds && performance.now() - start > 1000 * budgetSeconds) break;
    onRound(round, rounds);
    for (const [index, { time, repetitions, short, long }] of subjects.entries()) {
      if (pace && index % pacedSubjects === 0) paces.push(await pass(pace.seconds, 1));
      const once = await pass(time, repetitions);
      short.push(once);
      if (repetitions > 1 || once.seconds < longPass) long.push(await pass(time, 2 * repetitions));
    }
  }
  if (pace) paces.push(await pass(pace.seconds, 1));
  const best = Math.min(...paces.map(({ seconds }) => seconds));
  const evened: Evened = (passes, repetitions) => {
    const seconds = passes.map((one) => one.seconds);
    if (!pace || !(best > 0)) return { ...summarize(seconds), value: Math.min(...seconds) };
    const fixed = repetitions * pace.launchSeconds;
    return summarizeFew(
      passes.map(({ seconds: raw, turn: at }) =>
        raw <= fixed ? raw : fixed + ((raw - fixed) * best) / paceAt(paces, at),
      ),
    );
  };
  const fixed = subjects.flatMap((subject) => fixedSeconds(subject, evened) ?? []);
  // What a pass costs besides its work is the same for all subjects; one alone would take its noise for it.
  const shared = Math.max(0, summarize(fixed).value);
  return {
    measured: subjects.map((subject) => evaluate(subject, evened, shared)),
    passSeconds: shared,
    ...(pace ? slowingOf(paces, best) : slowingOf([], 0)),
  };
}

/** One figure for passes of so many repetitions, and how far they differ once evened out. */
type Evened = (passes: readonly Pass[], repetitions: number) => Measurement;

/** Seconds of the pace probe at a turn, between its passes before and after. */
function paceAt(paces: readonly Pass[], turn: number): number {
  let [low, high] = [0, paces.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((paces[middle]?.turn ?? 0) <= turn) low = middle;
    else high = middle;
  }
  const [before, after] = [paces[low], paces[high]];
  if (!before || !after) return 0;
  if (after.turn === before.turn) return before.seconds;
  const share = Math.min(1, Math.max(0, (turn - before.turn) / (after.turn - before.turn)));
  return before.seconds + share * (after.seconds - before.seconds);
}

function slowingOf(paces: readonly Pass[], best: number): Pick<Rounds, 'paceSeconds' | 'slowing'> {
  const none = { value: 1, spread: 0, repeats: 0 };
  if (!(best > 0)) return { paceSeconds: { ...none, value: 0 }, slowing: none };
  const { spread, repeats } = summarize(paces.map(({ seconds }) => seconds));
  const mean = paces.reduce((sum, { seconds }) => sum + seconds, 0) / paces.length;
  return { paceSeconds: { value: best, spread, repeats }, slowing: { value: mean / best, spread, repeats } };
}

/** Repetitions that lengthen a pass by at least `minimumSeconds`: what every pass costs tells nothing of the work. */
export async function enoughRepetitions(
  time: TimePass,
  minimumSeconds: number,
  maximumRepeats: number,
): Promise<number> {
  await time(1); // compiles lazily, touches memory
  const alone = Math.min(await time(1), await time(1));
  if (alone >= surelyWork * minimumSeconds) return 1;
  // A disturbance only lengthens a pass, and would end the search too soon: the quicker of two counts.
  const twice = async (repetitions: number) => {
    const [first, start] = [await time(repetitions), performance.now()];
    const second = await time(repetitions);
    return { seconds: Math.min(first, second), wallSeconds: (performance.now() - start) / 1000 };
  };
  for (let repetitions = 1; ; ) {
    const { seconds, wallSeconds } = await twice(1 + repetitions);
    const added = seconds - alone;
    // A clock that stands still would let any work be repeated to the end.
    if (added >= minimumSeconds || repetitions >= maximumRepeats || wallSeconds > longPass)
      return repetitions;
    repetitions = Math.min(maximumRepeats, repetitions * (added <= minimumSeconds / 16 ? 8 : 2));
  }
}

/** Seconds of a pass without any repetition, by the line through passes of R and 2R; undefined of long passes. */
function fixedSeconds({ repetitions, short, long }: Subject, evened: Evened): number | undefined {
  if (long.length === 0) return undefined;
  return 2 * evened(short, repetitions).value - evened(long, 2 * repetitions).value;
}

function evaluate({ repetitions, short, long }: Subject, evened: Evened, fixed: number): Measurement {
  const { value: once, ...ofShort } = evened(short, repetitions);
  if (long.length === 0) return { value: once / repetitions, ...ofShort };
  const { value: twice, ...ofLong } = evened(long, 2 * repetitions);
  // Noise can make the long pass the shorter one, and what is fixed more than either: the rest stays positive.
  const both = once + twice - 2 * Math.min(fixed, 0.9999 * Math.min(once, twice));
  return { value: both / (3 * repetitions), ...ofLong };
}

/**
 * As `summarize`, for the few rounds of a calibration: of three passes the interquartile range is half of an outlier. The
 * median distance from the median is half of that range where passes scatter evenly, and one outlier does not move it.
 */
export function summarizeFew(values: readonly number[]): Measurement {
  const { value, repeats } = summarize(values);
  const { value: distance } = summarize(values.map((one) => Math.abs(one - value)));
  return { value, spread: value > 0 ? distance / value : 0, repeats };
}

/** Median, half the interquartile range over the median, count. */
export function summarize(values: readonly number[]): Measurement {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (fraction: number) => {
    const position = fraction * (sorted.length - 1);
    const low = sorted[Math.floor(position)] ?? 0;
    const high = sorted[Math.ceil(position)] ?? low;
    return low + (high - low) * (position - Math.floor(position));
  };
  const value = at(0.5);
  return { value, spread: value > 0 ? (at(0.75) - at(0.25)) / 2 / value : 0, repeats: sorted.length };
}
