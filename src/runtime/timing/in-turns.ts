// Two ways to do the same work, timed in turns: what slows a shared machine meets both alike and leaves their ratio.
import type { Measurement } from '../../plan/device-profile.ts';
import { summarizeFew } from './slope.ts';

/** What timing in turns says. */
export interface Comparison {
  /** Seconds of `first` over those of the `second` beside it: how many times as fast the second is. */
  readonly gain: Measurement;
  /** Seconds of each in the middle of its turns. */
  readonly seconds: readonly [first: number, second: number];
}

/**
 * Times both in every round, each going first in every other one, so that what grows while they run falls on both. The
 * median of the rounds' ratios counts: a disturbance that outlasts a round cancels, a shorter one is an outlier.
 * @param isEnough ends the rounds early, asked after each
 */
export async function timeInTurns(
  first: () => Promise<number>,
  second: () => Promise<number>,
  rounds: number,
  isEnough: (round: number) => boolean = () => false,
): Promise<Comparison> {
  const times: [first: number, second: number][] = [];
  for (let round = 0; round < rounds && !(round > 0 && isEnough(round)); round++) {
    if (round % 2 === 0) {
      const before = await first();
      times.push([before, await second()]);
    } else {
      const before = await second();
      times.push([await first(), before]);
    }
  }
  const middle = (side: 0 | 1) => summarizeFew(times.map((pair) => pair[side])).value;
  const ratios = times.filter(([, after]) => after > 0).map(([before, after]) => before / after);
  return { gain: summarizeFew(ratios), seconds: [middle(0), middle(1)] };
}
