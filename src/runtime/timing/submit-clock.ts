// Times submits by the device's own clock, without waiting for them: two timestamps around each submit's one pass.
import { type QueryRange, Timestamps } from './timestamps.ts';

/** Submits of one submission that can be timed; the queries of a submission fill one aligned resolve range. */
export const timedSubmits = 16;
/** Bytes that the timestamps of one submission take: begin and end of each pass, 8 bytes each. */
export const clockBytes = timedSubmits * 2 * 8;

/** Queries for a few submissions at a time, made once; none where the device has no more. */
export class SubmitClock {
  readonly #timestamps: Timestamps;
  readonly #queries: QueryRange | undefined;
  readonly #resolved: GPUBuffer | undefined;
  readonly #writes: readonly GPUComputePassTimestampWrites[];

  /** @param slots submissions whose timestamps may be outstanding at once; 0 times nothing */
  constructor(device: GPUDevice, slots: number) {
    const count = slots * timedSubmits * 2;
    this.#timestamps = Timestamps.of(device);
    const queries = count > 0 ? this.#timestamps.take(count) : undefined;
    this.#queries = queries;
    if (queries) {
      this.#resolved = device.createBuffer({
        label: 'submit clock',
        size: slots * clockBytes,
        usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
      });
    }
    this.#writes = Array.from({ length: queries ? count / 2 : 0 }, (_, index) => ({
      querySet: (queries as QueryRange).set,
      beginningOfPassWriteIndex: (queries as QueryRange).first + 2 * index,
      endOfPassWriteIndex: (queries as QueryRange).first + 2 * index + 1,
    }));
  }

  /** True if timestamps are written and have been seen to advance. */
  get isRunning(): boolean {
    return this.#queries !== undefined && this.#timestamps.isProven;
  }

  /** What the pass of a submission's `submit`-th submit must be begun with; undefined where it cannot be timed. */
  timestampWrites(slot: number, submit: number): GPUComputePassTimestampWrites | undefined {
    return submit < timedSubmits ? this.#writes[slot * timedSubmits + submit] : undefined;
  }

  /** Copies the timestamps of a submission's first submits to the start of `staging`. Returns how many there are. */
  encode(encoder: GPUCommandEncoder, slot: number, submits: number, staging: GPUBuffer): number {
    if (!this.#queries || !this.#resolved) return 0;
    const timed = Math.min(submits, timedSubmits);
    const offset = slot * clockBytes;
    const first = this.#queries.first + slot * timedSubmits * 2;
    encoder.resolveQuerySet(this.#queries.set, first, timed * 2, this.#resolved, offset);
    encoder.copyBufferToBuffer(this.#resolved, offset, staging, 0, timed * 2 * 8);
    return timed;
  }

  /** Seconds of each timed submit, given those that passed since it was handed over; undefined if not to be believed. */
  seconds(ticks: readonly PassTicks[], elapsedSeconds: readonly number[]): (number | undefined)[] {
    return ticks.map(({ begin, end }, index) =>
      this.#timestamps.seconds(begin, end, elapsedSeconds[index] ?? 0),
    );
  }

  dispose(): void {
    if (this.#queries) this.#timestamps.give(this.#queries);
    this.#resolved?.destroy();
  }
}

/** The device's clock, in nanoseconds, around one pass. */
export interface PassTicks {
  readonly begin: bigint;
  readonly end: bigint;
}

/** The timestamps of so many passes at the start of a readback. */
export function passTicks(range: ArrayBuffer, passes: number): PassTicks[] {
  const ticks = new BigUint64Array(range, 0, 2 * passes);
  return Array.from({ length: passes }, (_, pass) => ({
    begin: ticks[2 * pass] ?? 0n,
    end: ticks[2 * pass + 1] ?? 0n,
  }));
}
