// When a run is lost: judged over several steps, and by what the run had reached, because a single bad batch is survived.
import { formatDigits } from '../../text/numbers.ts';

/** Steps in a row above the limit after which a run counts as diverged. */
const patience = 16;

/** How far above its least loss a run must be, in multiples of the uniform guess ln V. */
const margin = 3;

/** What a step says about itself. */
export interface JudgedStep {
  readonly step: number;
  readonly loss: number;
  /** False where loss or gradient were no number; the update was skipped then. */
  readonly isFinite: boolean;
}

/** Watches the losses of one run. */
export class DivergenceWatch {
  readonly #margin: number;
  #least = Number.POSITIVE_INFINITY;
  /** Losses of the last steps, all of them above the limit. */
  #high: number[] = [];

  /** @param vocabulary V, whose ln V is the loss of guessing */
  constructor(vocabulary: number) {
    this.#margin = margin * Math.log(Math.max(2, vocabulary));
  }

  /** The last steps were above the limit: what is saved now may be worth nothing. */
  get isSuspicious(): boolean {
    return this.#high.length > 0;
  }

  /** Takes a step in. What went wrong for good, in a sentence; undefined while all is well or may still come right. */
  take(judged: JudgedStep): string | undefined {
    const { step, loss } = judged;
    const limit = this.#least + this.#margin;
    const since = step - this.#high.length;
    const where = `above ${formatDigits(limit)} since step ${since} and had been ${formatDigits(this.#least)} before`;
    if (!judged.isFinite) {
      const before = this.isSuspicious ? `: it was ${where}` : '';
      return `The loss became no number at step ${step}${before}. That step changed nothing: the weights in memory are those before it`;
    }
    if (loss <= limit) {
      this.#least = Math.min(this.#least, loss);
      this.#high = [];
      return undefined;
    }
    this.#high.push(loss);
    if (this.#high.length < patience) return undefined;
    const [earlier, later] = [this.#high.slice(-patience, -patience / 2), this.#high.slice(-patience / 2)];
    // A run that recovers from a spike falls.
    if (mean(later) < mean(earlier)) return undefined;
    return `The loss is ${formatDigits(loss)} at step ${step}: it is ${where}`;
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
