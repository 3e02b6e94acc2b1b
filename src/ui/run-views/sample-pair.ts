// Two samples of one run for a question: which of them came later?
import type { Sample } from '../state/state.ts';

/** Two samples in the order in which they are shown. */
export interface SamplePair {
  readonly shown: readonly [Sample, Sample];
  /** Which of them came later: 0 or 1. */
  readonly later: 0 | 1;
}

/** The later step of a pair is at least so many times the earlier: neighbours differ by chance. */
const leastRatio = 2;

/**
 * Draws a pair whose steps lie apart; every such pair is equally likely, and so is either order.
 * @param random numbers in [0, 1)
 * @returns undefined where no two samples lie far enough apart
 */
export function drawPair(samples: readonly Sample[], random: () => number): SamplePair | undefined {
  const byStep = [...samples].sort((a, b) => a.step - b.step);
  const pairs = byStep.flatMap((earlier, index) =>
    byStep
      .slice(index + 1)
      .filter(({ step, text }) => step > 0 && step >= leastRatio * earlier.step && text !== earlier.text)
      .map((later) => ({ earlier, later })),
  );
  const pair = pairs[Math.floor(random() * pairs.length)];
  if (pair === undefined) return undefined;
  return random() < 0.5
    ? { shown: [pair.earlier, pair.later], later: 1 }
    : { shown: [pair.later, pair.earlier], later: 0 };
}
