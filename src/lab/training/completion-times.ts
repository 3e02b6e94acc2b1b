// How long steps took, from the moments at which their results were seen: late by any amount, but never early.
import { median } from './median.ts';

/** Spans whose median says how long a step takes. */
const window = 32;
/** Results in a span: more than are in flight, so that how they were seen together does not show in it. */
const spanResults = 4;

/** Seconds that no step is shorter than, whatever a coarse clock says: a step is tens of launches. */
const shortestStep = 2e-5;

/** A result that comes so much later than usual: the tab was frozen or the machine slept, which no step took. */
const asleep = { seconds: 30, times: 100 } as const;

/**
 * Gives steps the time that passed. Two steps are in flight, and a busy thread sees both results at once: the first seems
 * to have taken the time of two and the second none. So time is spread: no step counts as shorter than half of what
 * steps take of late, and what that adds is taken off those that follow. Over a run the seconds add up to those that passed,
 * but for sleep, and for a clock that runs backwards.
 */
export class CompletionTimes {
  /** Steps and seconds of each of the last results, pauses left out. */
  readonly #results: { readonly steps: number; readonly seconds: number }[] = [];
  /** Seconds per step over each of the last spans. */
  readonly #spans: number[] = [];
  #last: number | undefined;
  /** Seconds counted that have not passed yet. */
  #ahead = 0;

  /** Starts the clock if it stands. @param now seconds */
  start(now: number): void {
    this.#last ??= now;
  }

  /** Stops the clock: what comes until `start` belongs to no step. Call when all steps are done. */
  pause(): void {
    this.#last = undefined;
  }

  /**
   * Results of one or more steps were seen together.
   * @param now seconds, on the clock of `start`
   * @returns seconds of each of these steps
   */
  complete(now: number, steps = 1): number {
    const usual = median(this.#spans);
    const since = Math.max(0, now - (this.#last ?? now));
    const isAwake = usual === 0 || since < Math.max(asleep.seconds, asleep.times * usual * steps);
    const passed = isAwake ? since : usual * steps;
    const owed = passed - this.#ahead;
    const seconds = Math.max(owed / steps, usual / 2, shortestStep);
    this.#last = now;
    this.#ahead = Math.max(0, steps * seconds - owed);
    this.#remember(steps, passed);
    return seconds;
  }

  #remember(steps: number, passed: number): void {
    this.#results.push({ steps, seconds: passed });
    if (this.#results.length > spanResults) this.#results.shift();
    const sum = (of: 'steps' | 'seconds') => this.#results.reduce((total, result) => total + result[of], 0);
    this.#spans.push(sum('seconds') / sum('steps'));
    if (this.#spans.length > window) this.#spans.shift();
  }
}

/** Tokens of some steps over the seconds of the same steps: rates are never averaged. Undefined before the first. */
export function tokensPerSecond(tokens: number, seconds: number): number | undefined {
  return seconds > 0 ? tokens / seconds : undefined;
}
