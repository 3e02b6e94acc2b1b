// The slope method: passes of R and 2R repetitions tell what is paid once per pass, which is taken off.
//
// Disturbances last longer than a pass (a core taken away, a clock that falls): passes of one subject taken in a row
// share their luck. So many subjects are timed in rounds, a pass of each at a time, and each gets its median over all
// rounds: what a step of many dispatches meets on average.
import type { Measurement } from '../plan/device-profile.ts';

/** Runs a pass of so many repetitions and says how long it took, in seconds. */
export type TimePass = (repetitions: number) => Promise<number>;

/** A pass this long is measured well enough by itself; slopes would hold the GPU for twice as long. Seconds. */
const longPass = 0.05;
const fewestRounds = 3;

/** How long and how often to measure. */
export interface SlopeOptions {
  /** Shortest pass that is trusted: at least 20 quanta of the coarsest timer (Chrome's 0.1 ms). Seconds. */
  readonly minimumSeconds?: number;
  readonly maximumRepeats?: number;
  readonly rounds?: number;
  /** After this long no further round begins; three are made whatever they cost. Seconds. */
  readonly budgetSeconds?: number;
  /**
   * `median` says what work meets on average; `quickest` is for peaks: what else runs on the machine only ever adds
   * time.
   */
  readonly estimate?: 'median' | 'quickest';
  readonly onRound?: (round: number, rounds: number) => void;
}

/** Seconds per repetition of one subject. */
export async function measureSlope(time: TimePass, options: SlopeOptions = {}): Promise<Measurement> {
  const [measured] = await measureInRounds([time], options);
  if (measured === undefined) throw new Error('measureSlope: no measurement came of a subject.');
  return measured;
}

interface Subject {
  readonly time: TimePass;
  readonly repetitions: number;
  /** Passes of `repetitions`, and of twice as many; the latter stay empty where one pass is long. */
  readonly short: number[];
  readonly long: number[];
}

/** Seconds per repetition of every subject, timed in turns. */
export async function measureInRounds(
  times: readonly TimePass[],
  {
    minimumSeconds = 0.002,
    maximumRepeats = 4096,
    rounds = 7,
    budgetSeconds = Number.POSITIVE_INFINITY,
    estimate = 'median',
    onRound = () => undefined,
  }: SlopeOptions = {},
): Promise<Measurement[]> {
  const start = performance.now();
  const subjects: Subject[] = [];
  for (const time of times) {
    const repetitions = await enoughRepetitions(time, minimumSeconds, maximumRepeats);
    subjects.push({ time, repetitions, short: [], long: [] });
  }
  for (let round = 0; round < rounds; round++) {
    if (round >= fewestRounds && performance.now() - start > 1000 * budgetSeconds) break;
    onRound(round, rounds);
    for (const { time, repetitions, short, long } of subjects) {
      const once = await time(repetitions);
      short.push(once);
      if (repetitions > 1 || once < longPass) long.push(await time(2 * repetitions));
    }
  }
  const fixed = subjects.flatMap((subject) => fixedSeconds(subject, estimate) ?? []);
  // What a pass costs besides its work is the same for all subjects; one alone would take its noise for it.
  const shared = Math.max(0, summarize(fixed).value);
  return subjects.map((subject) => evaluate(subject, estimate, shared));
}

/** Repetitions of a pass that lasts at least `minimumSeconds`. */
async function enoughRepetitions(
  time: TimePass,
  minimumSeconds: number,
  maximumRepeats: number,
): Promise<number> {
  await time(1); // compiles lazily, touches memory
  let repetitions = 1;
  let once = await time(1);
  while (once < minimumSeconds && repetitions < maximumRepeats) {
    repetitions = Math.min(maximumRepeats, repetitions * (once <= minimumSeconds / 16 ? 8 : 2));
    once = await time(repetitions);
  }
  return repetitions;
}

function pick(values: readonly number[], estimate: 'median' | 'quickest'): number {
  return estimate === 'quickest' ? Math.min(...values) : summarize(values).value;
}

/** Seconds of a pass without any repetition, by the line through passes of R and 2R; undefined of long passes. */
function fixedSeconds({ short, long }: Subject, estimate: 'median' | 'quickest'): number | undefined {
  return long.length === 0 ? undefined : 2 * pick(short, estimate) - pick(long, estimate);
}

function evaluate(
  { repetitions, short, long }: Subject,
  estimate: 'median' | 'quickest',
  fixed: number,
): Measurement {
  if (long.length === 0) return { ...summarize(short), value: pick(short, estimate) };
  const { spread, repeats } = summarize(long);
  const [once, twice] = [pick(short, estimate), pick(long, estimate)];
  // Noise can make the long pass the shorter one, and what is fixed more than either: the rest stays positive.
  const both = once + twice - 2 * Math.min(fixed, 0.9999 * Math.min(once, twice));
  return { value: both / (3 * repetitions), spread, repeats };
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
