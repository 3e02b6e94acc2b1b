// Decides how much work one submit may carry, so that a GPU is never held long: browsers reset a device that is
// (Windows after 2 s; 0.5 s is under discussion for web content), and Stop waits for the longest submit.
import type { Dispatch } from '../plan/kernel.ts';

/** Aim and ceiling of one submit, and how much may be queued. Seconds. */
export const submitLimits = { aim: 0.05, ceiling: 0.2, inFlight: 0.25, stepsInFlight: 2 } as const;

/** Rates assumed before anything was measured: below the slowest software adapter seen (SwiftShader, 2 cores). */
const cautiousFlopsPerSecond = 2e9;
const cautiousBytesPerSecond = 1e9;
const launchSeconds = 20e-6;

/** A run of dispatches [from, to) of one plan that goes into one submit; a long dispatch is a run of its own slices. */
export interface Segment {
  readonly from: number;
  readonly to: number;
  /** Workgroups [first, end) of the single dispatch `from`, when it is sliced. */
  readonly slice?: { readonly first: number; readonly end: number };
  readonly seconds: number;
}

/** Estimates of one plan's dispatches, corrected by what was observed. */
export class Governor {
  readonly #dispatches: readonly Dispatch[];
  readonly #seconds: Float64Array;
  #observed = false;

  /** @param estimate predicted seconds of a dispatch, where a calibration exists */
  constructor(dispatches: readonly Dispatch[], estimate?: (dispatch: Dispatch) => number) {
    this.#dispatches = dispatches;
    this.#seconds = Float64Array.from(
      dispatches,
      (dispatch) => estimate?.(dispatch) ?? cautiousSeconds(dispatch),
    );
  }

  /** Estimated seconds of one replay. */
  get seconds(): number {
    return this.#seconds.reduce((sum, value) => sum + value, 0);
  }

  /** False until a replay was observed: the runtime then waits after every submit and reports its time. */
  get isObserved(): boolean {
    return this.#observed;
  }

  /** The next piece of work from dispatch `from` and, within it, workgroup `workgroup`. */
  next(from: number, workgroup: number, carried = 0): Segment {
    const aim = this.#observed ? submitLimits.aim : submitLimits.aim / 5;
    const dispatch = this.#dispatches[from];
    const whole = this.#seconds[from] ?? 0;
    if (dispatch && (workgroup > 0 || whole > aim) && dispatch.workgroups > 1) {
      const perWorkgroup = whole / dispatch.workgroups;
      const count = Math.max(1, Math.floor(aim / perWorkgroup));
      const end = Math.min(dispatch.workgroups, workgroup + count);
      const finished = end === dispatch.workgroups;
      return {
        from,
        to: finished ? from + 1 : from,
        slice: { first: workgroup, end },
        seconds: (end - workgroup) * perWorkgroup,
      };
    }
    let to = from;
    let seconds = carried;
    while (to < this.#dispatches.length) {
      const more = this.#seconds[to] ?? 0;
      if (to > from && (seconds + more > aim || more > aim)) break;
      seconds += more;
      to++;
    }
    return { from, to, seconds: seconds - carried };
  }

  /** Scales the estimates of a segment to its measured time. */
  observe(segment: Segment, measuredSeconds: number): void {
    const ratio = Math.max(measuredSeconds, 1e-6) / Math.max(segment.seconds, 1e-9);
    if (segment.slice) {
      // One slice speaks for the whole dispatch.
      this.#seconds[segment.from] = (this.#seconds[segment.from] ?? 0) * ratio;
    } else {
      for (let i = segment.from; i < segment.to; i++) this.#seconds[i] = (this.#seconds[i] ?? 0) * ratio;
    }
    if (ratio > 4) this.#slowDown(segment.to, ratio);
  }

  /** Marks a whole replay as observed: from now on several segments may be queued. */
  finish(): void {
    this.#observed = true;
  }

  /** A replay took this long in all; estimates follow when they are far off (throttling, another program). */
  correct(measuredSeconds: number): void {
    const ratio = measuredSeconds / Math.max(this.seconds, 1e-9);
    if (ratio > 1.3 || ratio < 0.7) {
      for (let i = 0; i < this.#seconds.length; i++)
        this.#seconds[i] = (this.#seconds[i] ?? 0) * Math.sqrt(ratio);
    }
  }

  /** What follows is likely as slow as what was just seen. */
  #slowDown(from: number, ratio: number): void {
    if (this.#observed) return;
    for (let i = from; i < this.#seconds.length; i++) {
      const cautious = cautiousSeconds(this.#dispatches[i] as Dispatch) * ratio;
      this.#seconds[i] = Math.max(this.#seconds[i] ?? 0, cautious);
    }
  }
}

function cautiousSeconds(dispatch: Dispatch): number {
  const { kernel, dims } = dispatch;
  const flops = (kernel.launchedFlops ?? kernel.usefulFlops)(dims, {});
  const bytes = kernel.bytes(dims, {});
  return (
    launchSeconds +
    (Number.isFinite(flops) ? flops : 0) / cautiousFlopsPerSecond +
    (Number.isFinite(bytes) ? bytes : 0) / cautiousBytesPerSecond
  );
}
