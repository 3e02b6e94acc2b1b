// Times submits by the device's own clock, without waiting for them: two timestamps around each submit's one pass.

/** Submits of one submission that can be timed; the queries of a submission fill one aligned resolve range. */
export const timedSubmits = 16;
/** Bytes that the timestamps of one submission take: begin and end of each pass, 8 bytes each. */
export const clockBytes = timedSubmits * 2 * 8;

/** Queries for a few submissions at a time, made once. */
export class SubmitClock {
  readonly #queries: GPUQuerySet | undefined;
  readonly #resolved: GPUBuffer | undefined;
  readonly #writes: readonly GPUComputePassTimestampWrites[];

  /** @param slots submissions whose timestamps may be outstanding at once */
  constructor(device: GPUDevice, slots: number) {
    const count = slots * timedSubmits * 2;
    if (device.features.has('timestamp-query')) {
      this.#queries = device.createQuerySet({ label: 'submit clock', type: 'timestamp', count });
      this.#resolved = device.createBuffer({
        label: 'submit clock',
        size: slots * clockBytes,
        usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
      });
    }
    const querySet = this.#queries;
    this.#writes = Array.from({ length: querySet ? count / 2 : 0 }, (_, index) => ({
      querySet: querySet as GPUQuerySet,
      beginningOfPassWriteIndex: 2 * index,
      endOfPassWriteIndex: 2 * index + 1,
    }));
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
    encoder.resolveQuerySet(this.#queries, slot * timedSubmits * 2, timed * 2, this.#resolved, offset);
    encoder.copyBufferToBuffer(this.#resolved, offset, staging, 0, timed * 2 * 8);
    return timed;
  }

  dispose(): void {
    this.#queries?.destroy();
    this.#resolved?.destroy();
  }
}

/** Seconds between begin and end of each pass; undefined where a clock ran backwards. */
export function passSeconds(range: ArrayBuffer, passes: number): (number | undefined)[] {
  const ticks = new BigUint64Array(range, 0, 2 * passes);
  return Array.from({ length: passes }, (_, pass) => {
    const [begin = 0n, end = 0n] = [ticks[2 * pass], ticks[2 * pass + 1]];
    return end >= begin ? Number(end - begin) * 1e-9 : undefined;
  });
}
