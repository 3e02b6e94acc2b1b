// Bounds what is queued on a device: at most two steps, and no more seconds than a person waits for Stop.
import { submitLimits } from './governor.ts';

/** A submit that may be queued. */
export interface Queued {
  /** Estimated seconds. */
  readonly seconds: number;
  /** It must find and keep the queue to itself. */
  readonly isTimed: boolean;
  /** It is the last submit of a step. */
  readonly endsStep: boolean;
}

interface Entry {
  readonly done: Promise<unknown>;
  readonly seconds: number;
  readonly endsStep: boolean;
}

/** Submits handed over and not yet done, in order. */
export class InFlight {
  readonly #now: () => number;
  readonly #entries: Entry[] = [];
  #lastCompletion = Number.NEGATIVE_INFINITY;

  /** @param now a clock in seconds */
  constructor(now: () => number = () => performance.now() / 1000) {
    this.#now = now;
  }

  /** Estimated seconds of what is queued. */
  get seconds(): number {
    return this.#entries.reduce((sum, { seconds }) => sum + seconds, 0);
  }

  /** Steps of which the last submit is queued. */
  get steps(): number {
    return this.#entries.filter(({ endsStep }) => endsStep).length;
  }

  /** Waits until there is room. A submit longer than the limit waits for an empty queue and is then let through. */
  async makeRoom({ seconds, isTimed, endsStep }: Queued): Promise<void> {
    for (;;) {
      const oldest = this.#entries[0];
      if (!oldest) return;
      const hasTime = this.seconds + seconds <= submitLimits.inFlight;
      const hasStep = !endsStep || this.steps < submitLimits.stepsInFlight;
      if (hasTime && hasStep && !isTimed) return;
      await oldest.done.catch(() => undefined);
    }
  }

  /**
   * Counts a submit as queued until `done` settles. `onDone` gets how long the device was at it: from the completion
   * before, or from now if the queue is idle, to its own.
   */
  track(
    done: Promise<unknown>,
    { seconds, endsStep }: Queued,
    onDone: (measuredSeconds: number) => void,
  ): void {
    const start = this.#now();
    const entry = { done, seconds, endsStep };
    this.#entries.push(entry);
    const remove = () => this.#entries.splice(this.#entries.indexOf(entry), 1);
    done.then(() => {
      remove();
      const now = this.#now();
      const measured = now - Math.max(start, this.#lastCompletion);
      this.#lastCompletion = now;
      onDone(measured);
    }, remove);
  }
}
