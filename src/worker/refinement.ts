// What a quick calibration had no time for, measured in moments between the steps of a run, until nothing of it is left.
import type { LabEvent } from '../contract/runs.ts';
import { allPlans } from '../lab/plans/inference-plans.ts';
import type { Devices } from './devices.ts';
import type { Runs } from './run/runs.ts';

/** Seconds of training before a moment, and of a moment. */
const usual = { training: 4, moment: 0.2 } as const;
/** Where a moment took longer, to compile for example, so many times its length are trained before the next. */
const least = 19;

/** Follows the runs of a worker; a run's clock stands still meanwhile. */
export class Refinement {
  readonly #devices: Pick<Devices, 'refine'>;
  readonly #runs: Pick<Runs, 'withRun'>;
  readonly #emit: (event: LabEvent) => void;
  readonly #pace: typeof usual;
  /** Milliseconds at which the next moment is due, by the clock of the worker; undefined while nothing trains. */
  #due: number | undefined;
  #isMeasuring = false;

  constructor(
    devices: Pick<Devices, 'refine'>,
    runs: Pick<Runs, 'withRun'>,
    emit: (event: LabEvent) => void,
    pace: typeof usual = usual,
  ) {
    this.#devices = devices;
    this.#runs = runs;
    this.#emit = emit;
    this.#pace = pace;
  }

  /** To be told of everything that happens in a run. */
  follow({ kind }: LabEvent): void {
    if (kind === 'prepared') this.#due = performance.now() + 1000 * this.#pace.training;
    if (kind !== 'steps' || this.#isMeasuring || this.#due === undefined) return;
    if (performance.now() >= this.#due) void this.#measure();
  }

  async #measure(): Promise<void> {
    this.#isMeasuring = true;
    const due = this.#due;
    const start = performance.now();
    const report = await this.#runs
      .withRun(({ plans, sampling }) =>
        this.#devices.refine([...allPlans(plans, sampling)], this.#pace.moment),
      )
      // No room beside the run, or a device that is gone: the run says so if it matters, and trains on as it was predicted.
      .catch(() => undefined);
    this.#isMeasuring = false;
    const now = performance.now();
    // Of a run that was prepared meanwhile this says nothing: it has its own time.
    if (this.#due === due) {
      this.#due = report && now + Math.max(1000 * this.#pace.training, least * (now - start));
    }
    if (report) this.#emit({ kind: 'calibrated', report });
  }
}
