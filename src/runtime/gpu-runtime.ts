// Executes plans on a GPU: everything is compiled, allocated and bound at creation; a step only re-encodes.
import type { Dispatch, NumberArray, Scalars } from '../plan/kernel.ts';
import type { Plan } from '../plan/plan.ts';
import { elementBytes, type Storage, type Tensor } from '../plan/tensor.ts';
import { Buffers } from './buffers.ts';
import { maximumReplays, Records } from './dispatch-records.ts';
import { watchFaults } from './faults.ts';
import { InFlight } from './in-flight.ts';
import { encodeDispatch, encodePass, type LoadedPlan, loadPlans } from './loaded-plans.ts';
import { passesOf, type ReplayCopies, timestampsOf } from './passes.ts';
import { PipelineCache } from './pipelines.ts';
import type { Replay, Runtime, Submission } from './runtime.ts';
import { workDone } from './settle.ts';
import {
  type Collected,
  checkElements,
  collectCopy,
  copyOut,
  encodeCopy,
  type PlacedRead,
  placeReads,
  type Readback,
  ringSize,
  StagingRing,
  submitCopy,
} from './staging.ts';
import { type PassTicks, SubmitClock } from './timing/submit-clock.ts';
import { Uploads, uploadBytes } from './uploads.ts';
import { observeWork, type QueuedWork, WorkQueue } from './work-queue.ts';

/** Options of a GPU runtime. */
export interface GpuRuntimeOptions {
  /** Persistent storages that no plan touches but the caller reads or writes. */
  readonly extra?: readonly Storage[];
  /** Predicted seconds of a dispatch, for the submit governor. */
  readonly estimate?: (dispatch: Dispatch) => number;
  /** Pipelines of earlier runtimes of the same device. */
  readonly pipelines?: PipelineCache;
  /** False where nobody asks how long submissions took: timestamps are few. */
  readonly isTimed?: boolean;
  readonly onProgress?: (compiled: number, total: number) => void;
}

/** A GPU runtime over a set of plans that never overlap in time. */
export class GpuRuntime implements Runtime {
  readonly kind = 'gpu';
  readonly device: GPUDevice;
  readonly uploadBytes = uploadBytes;
  readonly #buffers: Buffers;
  readonly #uploads: Uploads;
  #plans: ReadonlyMap<Plan, LoadedPlan> = new Map();
  readonly #staging: StagingRing;
  readonly #clock: SubmitClock;
  readonly #records: Records;
  readonly #inFlight = new InFlight();
  readonly #unwatch: () => void;
  /** The last thing asked for: what comes later starts when it has been submitted. */
  #turn: Promise<unknown> = Promise.resolve();
  /** The first fault of the device: later calls report it, not what followed from it. */
  #failure: Error | undefined;

  private constructor(device: GPUDevice, plans: readonly Plan[], pipelines: PipelineCache, isTimed: boolean) {
    this.device = device;
    this.#buffers = new Buffers(device);
    this.#uploads = new Uploads(device);
    this.#staging = new StagingRing(device);
    this.#clock = new SubmitClock(device, isTimed ? ringSize : 0);
    const dispatches = plans.flatMap((plan) => plan.dispatches);
    // Every shader opens with the prologue: any of them says how the records lie.
    this.#records = new Records(device, pipelines.recordLayout, dispatches[0]?.kernel.source, dispatches);
    this.#unwatch = watchFaults(device, (fault) => {
      this.#failure ??= fault;
    });
  }

  /**
   * Compiles, allocates and binds.
   * @throws an Error named OutOfMemoryError when the device has no room; nothing stays allocated then.
   */
  static async create(
    device: GPUDevice,
    plans: readonly Plan[],
    options: GpuRuntimeOptions = {},
  ): Promise<GpuRuntime> {
    const pipelines = options.pipelines ?? new PipelineCache(device);
    const dispatches = plans.flatMap((plan) => plan.dispatches);
    // Before anything is allocated: compiling takes longest, and may fail without leaving anything behind.
    const compiled = await pipelines.compileAll(dispatches, options.onProgress);
    // The device has one stack of error scopes for everybody: nothing may be awaited between push and pop.
    device.pushErrorScope('out-of-memory');
    device.pushErrorScope('validation');
    const runtime = new GpuRuntime(device, plans, pipelines, options.isTimed ?? true);
    let thrown: unknown;
    try {
      runtime.#buffers.allocate(plans, options.extra ?? []);
      runtime.#plans = loadPlans(device, runtime.#buffers, plans, compiled, options.estimate);
    } catch (error) {
      thrown = error;
    }
    const [validation, memory] = await Promise.all([device.popErrorScope(), device.popErrorScope()]);
    if (thrown === undefined && !validation && !memory) return runtime;
    const bytes = runtime.allocatedBytes;
    runtime.dispose();
    if (memory) {
      const error = new Error(
        `GpuRuntime: the GPU has no room for ${bytes} bytes: ${memory.message} Choose a smaller model, batch or context.`,
      );
      error.name = 'OutOfMemoryError';
      throw error;
    }
    throw thrown ?? new Error(`GpuRuntime: ${validation?.message}`);
  }

  get allocatedBytes(): number {
    return this.#buffers.allocatedBytes;
  }

  observedSeconds(plan: Plan): number | undefined {
    const { governor } = this.#loaded(plan);
    return governor.isObserved ? governor.seconds : undefined;
  }

  #loaded(plan: Plan): LoadedPlan {
    const loaded = this.#plans.get(plan);
    if (!loaded) throw new Error(`GpuRuntime: plan ${plan.name} was not given at creation.`);
    return loaded;
  }

  async submit(replays: readonly Replay[], reads: readonly Tensor[] = []): Promise<Submission> {
    if (replays.length > maximumReplays) {
      throw new Error(`submit: ${replays.length} replays; at most ${maximumReplays}. Submit them in parts.`);
    }
    const plans = replays.map(({ plan }) => this.#loaded(plan));
    const scalars = replays.map((replay) => replay.scalars);
    const sources = placeReads(replays, reads, (tensor) => this.#buffers.of(tensor));
    return this.#inTurn(async () => {
      this.#check();
      // Waits where all are in use, which bounds how far the caller runs ahead.
      const readback = await this.#staging.acquire();
      try {
        this.#records.writeSteps(scalars);
        const writes = replays.map((replay) => replay.writes ?? []);
        const befores = this.#uploads.write(writes, (tensor) => this.#buffers.of(tensor));
        const copies = befores.map((before, replay) => {
          const behind = sources.filter((source) => source.replay === replay);
          return { before, after: behind.map((source) => copyOut(source, readback)) };
        });
        return await this.#submitAll(new WorkQueue(plans), sources, copies, readback);
      } catch (error) {
        throw await this.#explain(error);
      }
    });
  }

  async #submitAll(
    queue: WorkQueue<LoadedPlan>,
    sources: readonly PlacedRead[],
    copies: readonly ReplayCopies[],
    readback: Readback,
  ): Promise<Submission> {
    let encodeSeconds = 0;
    const submitted: { readonly work: QueuedWork<LoadedPlan>; readonly start: number }[] = [];
    let isCollecting = false;
    try {
      for (;;) {
        // Encoding is timed apart: on small models the processor, not the GPU, sets the pace.
        const encodeStart = performance.now();
        const work = queue.take();
        const encoder = this.device.createCommandEncoder();
        const timestampWrites = this.#clock.timestampWrites(readback.slot, submitted.length);
        const passWork = passesOf(work, copies);
        for (const [index, one] of passWork.entries())
          encodePass(encoder, one, this.#records, timestampsOf(timestampWrites, index, passWork.length));
        const isLast = queue.isEmpty;
        if (isLast)
          for (const source of sources)
            if (source.replay === undefined) encodeCopy(encoder, copyOut(source, readback));
        // The clock's ticks leave by the same buffer as the numbers: one mapping for both.
        const passes = isLast
          ? this.#clock.encode(encoder, readback.slot, submitted.length + 1, readback.buffer)
          : 0;
        const commands = encoder.finish();
        encodeSeconds += (performance.now() - encodeStart) / 1000;
        const queued = { seconds: work.seconds, isTimed: work.isTimed, endsStep: isLast };
        // What is timed must not wait behind uploads and earlier work.
        if (work.isTimed) await workDone(this.device);
        await this.#inFlight.makeRoom(queued);
        this.#check();
        submitted.push({ work, start: performance.now() });
        this.device.queue.submit([commands]);
        const isTimedLater = timestampWrites !== undefined && this.#clock.isRunning && !work.isTimed;
        const onDone = (seconds: number) => {
          if (!isTimedLater) observeWork(work, seconds);
        };
        // Work in several submits: a step that would block the screen is cut, and all but its last part have
        // nothing to read.
        if (!isLast) {
          const done = workDone(this.device);
          this.#inFlight.track(done, queued, onDone);
          if (work.isTimed) await done;
          continue;
        }
        isCollecting = true;
        const collected = this.#collect(readback, sources, passes);
        this.#inFlight.track(collected, queued, onDone);
        const done = collected.then(({ arrays }) => arrays);
        done.catch(() => undefined); // a caller that does not look is told by its next submit
        const gpuSeconds = collected.then(
          (result) => this.#timeSubmits(submitted, result.passes),
          () => undefined,
        );
        if (work.isTimed) await done;
        return { done, gpuSeconds, encodeSeconds };
      }
    } finally {
      // From then on collecting gives it back, when its buffer is unmapped again.
      if (!isCollecting) this.#staging.release(readback);
    }
  }

  async #collect(readback: Readback, sources: readonly PlacedRead[], passes: number): Promise<Collected> {
    try {
      const result = await this.#staging.collect(readback, sources, passes);
      this.#check();
      return result;
    } catch (error) {
      throw await this.#explain(error);
    }
  }

  /** Corrects estimates by the device's clock. Seconds of all submits, if every one of them was timed. */
  #timeSubmits(
    submitted: readonly { readonly work: QueuedWork<LoadedPlan>; readonly start: number }[],
    passes: readonly PassTicks[],
  ): number | undefined {
    const now = performance.now();
    // By the caller's clock too: ticks that say more than has passed since are a driver's mistake.
    const elapsed = submitted.map(({ start }) => (now - start) / 1000);
    const seconds = this.#clock.seconds(passes, elapsed);
    for (const [index, { work }] of submitted.entries()) {
      const one = seconds[index];
      // 0 is less than a quantum of the clock, and says nothing.
      if (one !== undefined && one > 0 && !work.isTimed) observeWork(work, one);
    }
    if (seconds.length !== submitted.length) return undefined;
    return seconds.reduce((sum, one) => (sum === undefined || one === undefined ? undefined : sum + one), 0);
  }

  /** Adds one dispatch of a plan to a pass, with the step record of `setScalars`: for the profiler. */
  encodeDispatch(pass: GPUComputePassEncoder, plan: Plan, index: number): void {
    const loaded = this.#loaded(plan).dispatches[index];
    if (loaded) encodeDispatch(pass, loaded, this.#records, 0);
  }

  /** Writes the first step record, for `encodeDispatch`. */
  setScalars(_plan: Plan, scalars: Scalars): void {
    this.#records.writeSteps([scalars]);
  }

  /** Runs asynchronous work after what was asked for before: submissions share records and may not interleave. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => undefined);
    return result;
  }

  #check(): void {
    if (this.#failure) throw this.#failure;
  }

  /** The fault behind a failed call: the device tells of its loss a little later than its calls fail. */
  async #explain(error: unknown): Promise<unknown> {
    if (!this.#failure) await new Promise((resolve) => setTimeout(resolve, 50));
    return this.#failure ?? error;
  }

  write(tensor: Tensor, data: NumberArray): void {
    checkElements(tensor, data);
    const offset = tensor.offset * elementBytes(tensor.elementType);
    // writeBuffer copies at once, and keeps its place among submits: the caller may reuse the array.
    const bytes = data as NumberArray & ArrayBufferView<ArrayBuffer>;
    this.device.queue.writeBuffer(this.#buffers.of(tensor), offset, bytes);
  }

  async read(tensor: Tensor): Promise<NumberArray> {
    const source = { tensor, buffer: this.#buffers.of(tensor) };
    try {
      // Only the copy has to be in order: reads that are asked for together are waited for together.
      const copy = await this.#inTurn(async () => {
        this.#check();
        return submitCopy(this.device, source);
      });
      const values = await collectCopy(this.device, copy, tensor);
      this.#check();
      return values;
    } catch (error) {
      throw await this.#explain(error);
    }
  }

  async idle(): Promise<void> {
    await this.#turn;
    await workDone(this.device);
    this.#check();
  }

  /** Frees everything. Submissions that are not done reject. */
  dispose(): void {
    this.#unwatch();
    // Whoever waits for results must hear of it.
    this.#failure ??= new Error('GpuRuntime: it was disposed. Create another one.');
    this.#buffers.dispose();
    this.#uploads.dispose();
    this.#records.dispose();
    this.#clock.dispose();
    this.#staging.dispose();
  }
}
