// Tells when threads no longer answer: while an order is out, it looks every second whether anything has moved.

/** How long nothing may move. */
export interface Patience {
  readonly lookMilliseconds: number;
  /** Looks in a row that find everything as it was. */
  readonly looks: number;
}

/**
 * A minute: a run of units is a part of one dispatch, and takes seconds on the slowest processors. Looks are counted and not
 * the clock: a machine that slept, or a hidden tab whose timers are held back, is no silence.
 */
export const usualPatience: Patience = { lookMilliseconds: 1000, looks: 60 };

/** One pool's watch. */
export class SilenceWatch {
  readonly #patience: Patience;
  readonly #look: () => string;
  readonly #onSilence: (seconds: number) => void;
  #timer: ReturnType<typeof setInterval> | undefined;

  /**
   * @param look what moves while threads work, as a text
   * @param onSilence called once nothing has moved for too long; the watch has ended then
   */
  constructor(patience: Patience, look: () => string, onSilence: (seconds: number) => void) {
    this.#patience = patience;
    this.#look = look;
    this.#onSilence = onSilence;
  }

  /** Begins, unless it is on already. */
  begin(): void {
    if (this.#timer !== undefined) return;
    const { lookMilliseconds, looks } = this.#patience;
    let seen = this.#look();
    let silent = 0;
    this.#timer = setInterval(() => {
      const now = this.#look();
      silent = now === seen ? silent + 1 : 0;
      seen = now;
      if (silent < looks) return;
      this.end();
      this.#onSilence((looks * lookMilliseconds) / 1000);
    }, lookMilliseconds);
  }

  /** Ends: no order is out, or the pool is gone. */
  end(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
