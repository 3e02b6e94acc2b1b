// Plays the recorded run on the page's clock until a run of one's own begins.
import type { ReactiveController, ReactiveControllerHost } from 'lit';
import type { RunRecord } from '../../contract/records.ts';
import type { RunSeries } from '../state/series.ts';
import { noRun, type RunView } from '../state/state.ts';
import { fetchRecordedRun, replayUntil } from './recorded-run.ts';

/** What the page shows of a recording at this moment. */
export interface ReplayView {
  readonly recorded: RunRecord;
  readonly run: RunView;
  readonly series: RunSeries;
}

/** Length of a replay. Milliseconds. */
const playMilliseconds = 9000;

/** Between two pictures of it, as of a run (worker/event-stream.ts): each draws half the page anew. Milliseconds. */
const pictureMilliseconds = 100;

/** The view of a recording of which `share` (0 to 1) has passed. */
export function replayView(recorded: RunRecord, share: number): ReplayView {
  const { steps, evaluations, samples } = replayUntil(recorded, share);
  return {
    recorded,
    run: {
      ...noRun,
      state: share >= 1 ? 'finished' : 'running',
      totalSteps: recorded.totalSteps,
      last: steps[steps.length - 1],
      lastValidation: evaluations[evaluations.length - 1]?.loss,
      bytesPerToken: recorded.bytesPerToken,
      samples: [...samples].reverse(),
    },
    series: { points: steps, stride: 1, evaluations, floors: recorded.floors },
  };
}

/** Advances a recording on the page's clock; who prefers less motion sees its end at once. */
export class ReplayController implements ReactiveController {
  #host: ReactiveControllerHost;
  #recorded: RunRecord | undefined;
  #begin = 0;
  #view: ReplayView | undefined;
  #frame = 0;
  #isSettled = false;

  readonly #fetch: () => Promise<RunRecord | undefined>;

  /** @param fetch where the first recording comes from; `show` may replace it by another */
  constructor(host: ReactiveControllerHost, fetch: () => Promise<RunRecord | undefined> = fetchRecordedRun) {
    this.#host = host;
    this.#fetch = fetch;
    host.addController(this);
  }

  /** Whether it is known if there is a recording. */
  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** What to show; undefined where there is no recording. */
  get view(): ReplayView | undefined {
    return this.#view;
  }

  hostConnected(): void {
    void this.#fetch().then((recorded) => {
      this.#isSettled = true;
      if (recorded) this.show(recorded);
      else this.#host.requestUpdate();
    });
  }

  hostDisconnected(): void {
    cancelAnimationFrame(this.#frame);
  }

  /** Takes another recording and plays it, or shows its end at once. */
  show(recorded: RunRecord | undefined, isAtEnd = false): void {
    this.#recorded = recorded;
    if (recorded === undefined) this.#view = undefined;
    this.play(isAtEnd);
  }

  /** Begins from the start. */
  play(isAtEnd = false): void {
    if (this.#recorded === undefined) return;
    cancelAnimationFrame(this.#frame);
    this.#begin = isAtEnd ? Number.NEGATIVE_INFINITY : performance.now();
    this.#advance();
  }

  /** Leaves the recording as it is: a run of one's own has begun. */
  stop(): void {
    cancelAnimationFrame(this.#frame);
  }

  #advance(): void {
    if (this.#recorded === undefined) return;
    const isStill = matchMedia('(prefers-reduced-motion: reduce)').matches;
    const share = isStill ? 1 : Math.min(1, (performance.now() - this.#begin) / playMilliseconds);
    this.#view = replayView(this.#recorded, share);
    this.#host.requestUpdate();
    if (share < 1) this.#await(performance.now() + pictureMilliseconds);
  }

  /** Advances with the first frame after this time. */
  #await(due: number): void {
    this.#frame = requestAnimationFrame((now) => (now < due ? this.#await(due) : this.#advance()));
  }
}
