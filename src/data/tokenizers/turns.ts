// Long work in turns: now and then it lets messages through, tells how far it is, waits while paused, and ends when told.

/** Who watches long work, and may hold or end it. */
export interface WorkControl {
  /** What is done, and how much of it: 0 to 1. */
  readonly onProgress?: (what: string, fraction: number) => void;
  /** Asked at every turn: a promise holds the work until it resolves. */
  readonly untilResumed?: () => Promise<void> | undefined;
  /** Ends the work, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Milliseconds of a turn: a click is answered at once. */
const turnMilliseconds = 40;

/** Turns of one piece of work. */
export class Turns {
  readonly #control: WorkControl;
  #end = performance.now() + turnMilliseconds;

  constructor(control: WorkControl) {
    this.#control = control;
  }

  /** Whether a turn is over; ask it often. */
  get isOver(): boolean {
    return performance.now() > this.#end;
  }

  /** Lets others work. @throws the signal's reason */
  async next(what: string, fraction: number): Promise<void> {
    const { onProgress, untilResumed, signal } = this.#control;
    onProgress?.(what, fraction);
    await new Promise((resolve) => setTimeout(resolve, 0));
    await untilResumed?.();
    signal?.throwIfAborted();
    this.#end = performance.now() + turnMilliseconds;
  }
}
