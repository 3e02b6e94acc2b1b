// Times one compute pass: by timestamp queries where the device has them and they run, by the wall clock where not.
import { mapped } from '../settle.ts';
import { type QueryRange, Timestamps } from './timestamps.ts';

/** Seconds of one pass, measured. */
export class PassTimer {
  readonly #device: GPUDevice;
  readonly #timestamps: Timestamps;
  readonly #queries: QueryRange | undefined;
  readonly #resolved: GPUBuffer;
  readonly #staging: GPUBuffer;

  constructor(device: GPUDevice) {
    this.#device = device;
    this.#timestamps = Timestamps.of(device);
    this.#queries = this.#timestamps.take(2);
    this.#resolved = device.createBuffer({
      label: 'pass timer',
      size: 256,
      usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    });
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    this.#staging = device.createBuffer({ label: 'pass timer readback', size: 16, usage });
  }

  /** What the figures rest on, for labels. Ask when something was timed. */
  get method(): string {
    if (this.#queries && !this.#timestamps.isSilent) return 'timestamp queries, slope over repeats';
    const why = this.#queries ? ' (this device’s timestamps are all 0)' : '';
    return `wall clock${why}, slope over repeats`;
  }

  /**
   * Runs one pass and waits for it. Seconds by the device's clock; by the wall clock where that has not been seen to run
   * or ran backwards: too many rather than none, for a shortest time is looked for.
   */
  async seconds(encode: (pass: GPUComputePassEncoder) => void): Promise<number> {
    const encoder = this.#device.createCommandEncoder({ label: 'timed pass' });
    const queries = this.#queries;
    const timestampWrites = queries && {
      querySet: queries.set,
      beginningOfPassWriteIndex: queries.first,
      endOfPassWriteIndex: queries.first + 1,
    };
    const pass = encoder.beginComputePass(timestampWrites ? { timestampWrites } : {});
    encode(pass);
    pass.end();
    if (queries) encoder.resolveQuerySet(queries.set, queries.first, 2, this.#resolved, 0);
    encoder.copyBufferToBuffer(this.#resolved, 0, this.#staging, 0, 16);
    const commands = encoder.finish();
    const start = performance.now();
    this.#device.queue.submit([commands]);
    // A mapped readback resolves sooner than onSubmittedWorkDone in Chromium (0.2 ms against 2.3).
    await mapped(this.#device, this.#staging);
    const wall = (performance.now() - start) / 1000;
    const [begin = 0n, end = 0n] = new BigUint64Array(this.#staging.getMappedRange());
    this.#staging.unmap();
    return (queries && this.#timestamps.seconds(begin, end, wall)) ?? wall;
  }

  dispose(): void {
    if (this.#queries) this.#timestamps.give(this.#queries);
    this.#resolved.destroy();
    this.#staging.destroy();
  }
}
