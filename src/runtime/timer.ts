// Times one compute pass: by timestamp queries where the device has them, by the wall clock where not.
import { mapped } from './settle.ts';

/** Seconds of one pass, measured. */
export class PassTimer {
  readonly #device: GPUDevice;
  readonly #queries: GPUQuerySet | undefined;
  readonly #resolved: GPUBuffer;
  readonly #staging: GPUBuffer;

  constructor(device: GPUDevice) {
    this.#device = device;
    if (device.features.has('timestamp-query')) {
      this.#queries = device.createQuerySet({ label: 'pass timer', type: 'timestamp', count: 2 });
    }
    this.#resolved = device.createBuffer({
      label: 'pass timer',
      size: 256,
      usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    });
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    this.#staging = device.createBuffer({ label: 'pass timer readback', size: 16, usage });
  }

  /** What the figures rest on, for labels. */
  get method(): string {
    return this.#queries ? 'timestamp queries, slope over repeats' : 'wall clock, slope over repeats';
  }

  /** Runs one pass and waits for it. Seconds; a timer that runs backwards gives 0. */
  async seconds(encode: (pass: GPUComputePassEncoder) => void): Promise<number> {
    const encoder = this.#device.createCommandEncoder({ label: 'timed pass' });
    const timestampWrites = this.#queries && {
      querySet: this.#queries,
      beginningOfPassWriteIndex: 0,
      endOfPassWriteIndex: 1,
    };
    const pass = encoder.beginComputePass(timestampWrites ? { timestampWrites } : {});
    encode(pass);
    pass.end();
    if (this.#queries) encoder.resolveQuerySet(this.#queries, 0, 2, this.#resolved, 0);
    encoder.copyBufferToBuffer(this.#resolved, 0, this.#staging, 0, 16);
    const commands = encoder.finish();
    const start = performance.now();
    this.#device.queue.submit([commands]);
    // A mapped readback resolves sooner than onSubmittedWorkDone in Chromium (0.2 ms against 2.3).
    await mapped(this.#device, this.#staging);
    const wall = (performance.now() - start) / 1000;
    const [begin = 0n, end = 0n] = new BigUint64Array(this.#staging.getMappedRange());
    const ticks = Number(end - begin);
    this.#staging.unmap();
    return this.#queries ? Math.max(0, ticks) * 1e-9 : wall;
  }

  dispose(): void {
    this.#queries?.destroy();
    this.#resolved.destroy();
    this.#staging.destroy();
  }
}
