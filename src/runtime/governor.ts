// Decides how much work one submit may carry, so that a GPU is never held long: browsers reset a device that is
// (Windows after 2 s; 0.5 s is under discussion for web content), and Stop waits for the longest submit.
import type { Dispatch } from '../plan/kernel.ts';

/** Aim of one submit, its ceiling, the aim of the first ones, and how much may be queued. Seconds; steps. */
export const submitLimits = {
  aim: 0.05,
  ceiling: 0.2,
  firstAim: 0.01,
  inFlight: 0.25,
  stepsInFlight: 2,
} as const;

/** Rates assumed before anything was measured: below the slowest software adapter seen (SwiftShader, 2 cores). */
const cautiousFlopsPerSecond = 2e9;
const cautiousBytesPerSecond = 1e9;
const launchSeconds = 20e-6;

/** How much longer, by estimate, the next submit may be than the one just measured while a plan is new. */
const growth = 4;
/** Measured over estimated time between which estimates stay as they are. */
const tolerated = { least: 0.7, most: 1.3 } as const;

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
  readonly #assumed: Float64Array;
  /** Dispatches before this one were measured in the first replay. */
  #measured = 0;
  /** Measured over assumed time of late: dispatches that are not measured yet are scaled by it. */
  #pace = 1;

  /** @param estimate predicted seconds of a dispatch, where a calibration exists */
  constructor(dispatches: readonly Dispatch[], estimate?: (dispatch: Dispatch) => number) {
    this.#dispatches = dispatches;
    this.#seconds = Float64Array.from(dispatches, (dispatch) => {
      const seconds = estimate?.(dispatch) ?? cautiousSeconds(dispatch);
      return Number.isFinite(seconds) && seconds > 0 ? seconds : cautiousSeconds(dispatch);
    });
    this.#assumed = this.#seconds.slice();
  }

  /** Estimated seconds of one replay. */
  get seconds(): number {
    return this.#sum(0, this.#dispatches.length);
  }

  /** False until a whole replay was measured: the runtime then waits after every submit and reports its time. */
  get isObserved(): boolean {
    return this.#measured >= this.#dispatches.length;
  }

  /** The next piece of work from dispatch `from` and, within it, workgroup `workgroup`. */
  next(from: number, workgroup: number, carried = 0): Segment {
    const aim = this.isObserved ? submitLimits.aim : submitLimits.firstAim;
    const dispatch = this.#dispatches[from];
    const whole = this.#estimate(from);
    if (dispatch && (workgroup > 0 || (whole > aim && dispatch.workgroups > 1))) {
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
      const more = this.#estimate(to);
      if (to > from && (seconds + more > aim || more > aim)) break;
      seconds += more;
      to++;
    }
    return { from, to, seconds: seconds - carried };
  }

  /** What a segment should take by today's estimates. Seconds. */
  secondsOf({ from, to, slice }: Segment): number {
    const workgroups = this.#dispatches[from]?.workgroups ?? 1;
    return slice ? (this.#estimate(from) * (slice.end - slice.first)) / workgroups : this.#sum(from, to);
  }

  /**
   * Segments of one submit took `ratio` times what `secondsOf` says. The first replay sets the estimates; what
   * follows is scaled alike, but at most `growth` times faster per submit. Later replays correct estimates that are
   * far off (throttling, another program): at once when work got slower, in parts when it seems a lot faster, for
   * one wrong time must not make a submit long.
   */
  observe(segments: readonly Segment[], ratio: number): void {
    if (this.isObserved) {
      if (ratio > tolerated.most) this.#scale(segments, ratio);
      else if (ratio < tolerated.least)
        this.#scale(segments, Math.min(Math.sqrt(ratio), Math.max(ratio, 1 / growth)));
      return;
    }
    for (const segment of segments) {
      const end = segment.slice ? segment.from + 1 : segment.to;
      for (let i = this.#measured; i < end; i++) this.#seconds[i] = this.#estimate(i);
      this.#measured = Math.max(this.#measured, end);
      this.#scale([segment], ratio);
      const assumed = this.#assumed.subarray(segment.from, end).reduce((sum, value) => sum + value, 0);
      this.#pace = Math.max(this.#sum(segment.from, end) / assumed, this.#pace / growth);
    }
  }

  #estimate(index: number): number {
    return (this.#seconds[index] ?? 0) * (index < this.#measured ? 1 : this.#pace);
  }

  #sum(from: number, to: number): number {
    let sum = 0;
    for (let i = from; i < to; i++) sum += this.#estimate(i);
    return sum;
  }

  /** Scales every dispatch of the segments once, however many replays of it they hold. */
  #scale(segments: readonly Segment[], ratio: number): void {
    const touched = new Set<number>();
    for (const { from, to, slice } of segments) {
      for (let i = from; i < (slice ? from + 1 : to); i++) touched.add(i);
    }
    for (const i of touched) this.#seconds[i] = (this.#seconds[i] ?? 0) * ratio;
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
