// Cuts a list of replays into submits of bounded length, following each plan's governor.
import { type Governor, type Segment, submitLimits } from './governor.ts';

/** Part of one submit: a segment of one replay's plan. */
export interface WorkPiece<P> {
  readonly plan: P;
  readonly replay: number;
  readonly segment: Segment;
}

/** One submit. */
export interface QueuedWork<P> {
  readonly pieces: readonly WorkPiece<P>[];
  readonly seconds: number;
  /** True while a plan was never observed: the submit is waited for and its time reported back. */
  readonly isTimed: boolean;
}

interface Governed {
  readonly dispatches: readonly unknown[];
  readonly governor: Governor;
}

/** Hands out the submits of one submission in order. */
export class WorkQueue<P extends Governed> {
  readonly #plans: readonly P[];
  #replay = 0;
  #dispatch = 0;
  #workgroup = 0;

  constructor(plans: readonly P[]) {
    this.#plans = plans;
    this.#skipFinished();
  }

  /** True when everything has been handed out. */
  get isEmpty(): boolean {
    return this.#replay >= this.#plans.length;
  }

  /** The next submit: pieces up to the governor's aim; a single piece while its plan is unobserved. */
  take(): QueuedWork<P> {
    const pieces: WorkPiece<P>[] = [];
    let seconds = 0;
    let isTimed = false;
    while (!this.isEmpty) {
      const plan = this.#plans[this.#replay] as P;
      if (pieces.length > 0 && !plan.governor.isObserved) break;
      const segment = plan.governor.next(this.#dispatch, this.#workgroup, seconds);
      if (pieces.length > 0 && seconds + segment.seconds > submitLimits.aim) break;
      pieces.push({ plan, replay: this.#replay, segment });
      seconds += segment.seconds;
      isTimed = !plan.governor.isObserved;
      this.#dispatch = segment.to;
      this.#workgroup = segment.slice && segment.to === segment.from ? segment.slice.end : 0;
      this.#skipFinished();
      if (isTimed) break;
    }
    return { pieces, seconds, isTimed };
  }

  #skipFinished(): void {
    while (!this.isEmpty && this.#dispatch >= (this.#plans[this.#replay]?.dispatches.length ?? 0)) {
      this.#replay++;
      this.#dispatch = 0;
    }
  }
}

/** Shortest time that is believed: a quantum of Chrome's timestamps. Seconds. */
const shortestMeasured = 1e-4;

/**
 * Longest time of a submit that is believed, and how many times longer than expected one beyond it must be: browsers reset
 * a device that is held so long, so that the tab was frozen meanwhile or the machine slept.
 */
const asleep = { seconds: 10, times: 100 } as const;

/** Reports the measured time of a submit to the governors of its plans. */
export function observeWork<P extends Governed>(work: QueuedWork<P>, measuredSeconds: number): void {
  const expected = work.pieces.reduce((sum, { plan, segment }) => sum + plan.governor.secondsOf(segment), 0);
  const ratio = Math.max(measuredSeconds, shortestMeasured) / Math.max(expected, 1e-9);
  if (!work.isTimed && measuredSeconds > asleep.seconds && ratio > asleep.times) return;
  for (const plan of new Set(work.pieces.map((piece) => piece.plan))) {
    const segments = work.pieces.filter((piece) => piece.plan === plan).map(({ segment }) => segment);
    plan.governor.observe(segments, ratio);
  }
}
