// A queue that looks for finished work at fixed intervals and at every submit, as Firefox's does: a clock, no device.

interface Waiter {
  readonly at: number;
  readonly resolve: () => void;
}

/** Runs on the timers of the test, real or fake. */
export class PollingQueue {
  /** Submits so far, empty ones included. */
  submits = 0;
  /** When what was submitted is done, by `performance.now()`. */
  #busyUntil = 0;
  readonly #waiters: Waiter[] = [];

  constructor(pollMilliseconds: number) {
    setInterval(() => this.#look(), pollMilliseconds);
  }

  /** Work that takes this long behind what is queued. Milliseconds. */
  work(milliseconds: number): void {
    this.#busyUntil = Math.max(this.#busyUntil, performance.now()) + milliseconds;
    this.submit();
  }

  submit(): void {
    this.submits++;
    this.#look();
  }

  onSubmittedWorkDone(): Promise<void> {
    const at = this.#busyUntil;
    return new Promise((resolve) => this.#waiters.push({ at, resolve }));
  }

  get asQueue(): GPUQueue {
    return this as unknown as GPUQueue;
  }

  #look(): void {
    const now = performance.now();
    for (const waiter of this.#waiters.filter(({ at }) => at <= now)) {
      this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
      waiter.resolve();
    }
  }
}
