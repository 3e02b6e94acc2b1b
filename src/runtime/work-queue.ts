// Cuts a list of replays into submits of bounded length, following each plan's governor.
import { type Governor, type Segment, submitLimits } from './governor.ts';

/** Part of one submit: a segment of one replay's plan. */
export interface WorkPiece<P> {
  readonly plan: P;
  readonly replay: number;
  readonly segment: Segment;
}

/** One submit. */
export interface Work<P> {
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
  take(): Work<P> {
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

  /** Reports the measured time of a timed submit; a plan whose last piece it was counts as observed. */
  observe(work: Work<P>, measuredSeconds: number): void {
    for (const { plan, segment } of work.pieces) {
      plan.governor.observe(segment, measuredSeconds);
      if (segment.to === plan.dispatches.length) plan.governor.finish();
    }
  }

  #skipFinished(): void {
    while (!this.isEmpty && this.#dispatch >= (this.#plans[this.#replay]?.dispatches.length ?? 0)) {
      this.#replay++;
      this.#dispatch = 0;
    }
  }
}
