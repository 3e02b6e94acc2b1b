// The slope method: t(2R) − t(R) over R cancels what is paid once per pass, and most of a timer's quantum.
import type { Measurement } from '../plan/predict.ts';

/** A pass this long is measured well enough by itself; slopes would hold the GPU for twice as long. Seconds. */
const longPass = 0.05;

/** How long and how often to measure. */
export interface SlopeOptions {
  /** Shortest pass that is trusted: at least 20 quanta of the coarsest timer (Chrome's 0.1 ms). Seconds. */
  readonly minimumSeconds?: number;
  /** Most seconds to spend. At least five slopes are taken whatever they cost. */
  readonly budgetSeconds?: number;
  readonly maximumRepeats?: number;
}

/**
 * Seconds per repetition.
 * @param time runs a pass of the given number of repetitions and says how long it took, in seconds
 */
export async function measureSlope(
  time: (repetitions: number) => Promise<number>,
  { minimumSeconds = 0.002, budgetSeconds = 0.06, maximumRepeats = 4096 }: SlopeOptions = {},
): Promise<Measurement> {
  await time(1); // compiles lazily, touches memory
  let repetitions = 1;
  let once = await time(1);
  while (once < minimumSeconds && repetitions < maximumRepeats) {
    repetitions = Math.min(maximumRepeats, repetitions * (once <= minimumSeconds / 16 ? 8 : 2));
    once = await time(repetitions);
  }
  if (repetitions === 1 && once >= longPass) {
    const passes = [once, await time(1), await time(1)];
    return { ...summarize(passes), value: Math.min(...passes) };
  }
  const slopes: number[] = [];
  let spent = 0;
  let [quickestShort, quickestLong] = [Infinity, Infinity];
  while (slopes.length < 5 || (spent < budgetSeconds && slopes.length < 12)) {
    const short = await time(repetitions);
    const long = await time(2 * repetitions);
    spent += short + long;
    quickestShort = Math.min(quickestShort, short);
    quickestLong = Math.min(quickestLong, long);
    slopes.push(Math.max(0, long - short) / repetitions);
  }
  // What else runs on the machine only ever adds time: the quickest pass of each length is the one least disturbed.
  const value =
    quickestLong > quickestShort
      ? (quickestLong - quickestShort) / repetitions
      : quickestLong / (2 * repetitions);
  return { ...summarize(slopes), value };
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
