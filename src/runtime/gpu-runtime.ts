// Executes plans on a GPU: everything is compiled, allocated and bound at creation; a step only re-encodes.
import type { Dispatch, NumberArray, Scalars } from '../plan/kernel.ts';
import { type Plan, pooledSlotBytes, slotsInPool } from '../plan/plan.ts';
import { elementBytes, type Storage, storageBytes, type Tensor, tensorBytes } from '../plan/tensor.ts';
import { Governor, submitLimits } from './governor.ts';
import { type CompiledKernel, PipelineCache } from './pipelines.ts';
import { maximumReplays, Records } from './records.ts';
import type { Replay, Runtime, Submission } from './runtime.ts';
import { type ReadSource, StagingRing, typedCopy } from './staging.ts';
import { type Work, WorkQueue } from './work-queue.ts';

interface LoadedDispatch {
  readonly compiled: CompiledKernel;
  readonly bindGroup: GPUBindGroup;
  readonly dispatch: Dispatch;
  readonly launchRecord: number;
}

interface LoadedPlan {
  readonly dispatches: readonly LoadedDispatch[];
  readonly governor: Governor;
}

/** Options of a GPU runtime. */
export interface GpuRuntimeOptions {
  /** Persistent storages that no plan touches but the caller reads or writes. */
  readonly extra?: readonly Storage[];
  /** Predicted seconds of a dispatch, for the submit governor. */
  readonly estimate?: (dispatch: Dispatch) => number;
  /** Pipelines of earlier runtimes of the same device. */
  readonly pipelines?: PipelineCache;
  readonly onProgress?: (compiled: number, total: number) => void;
}

/** A GPU runtime over a set of plans that never overlap in time. */
export class GpuRuntime implements Runtime {
  readonly kind = 'gpu';
  readonly device: GPUDevice;
  #allocatedBytes = 0;
  readonly #buffers: GPUBuffer[] = [];
  readonly #persistent = new Map<Storage, GPUBuffer>();
  readonly #slotBuffer = new Map<Storage, GPUBuffer>();
  readonly #plans = new Map<Plan, LoadedPlan>();
  readonly #staging: StagingRing;
  readonly #records: Records;
  readonly #inFlight: {
    readonly done: Promise<unknown>;
    readonly seconds: number;
    readonly endsStep: boolean;
  }[] = [];
  #failure: Error | undefined;
  readonly #onError = (event: Event) => {
    this.#failure ??= new Error(`GPU: ${(event as GPUUncapturedErrorEvent).error.message}`);
  };

  private constructor(device: GPUDevice, plans: readonly Plan[], pipelines: PipelineCache) {
    this.device = device;
    this.#staging = new StagingRing(device);
    const dispatches = plans.flatMap((plan) => plan.dispatches);
    this.#records = new Records(
      device,
      pipelines.recordLayout,
      dispatches[0]?.kernel.source,
      dispatches.map(({ workgroups }) => workgroups),
    );
    device.addEventListener('uncapturederror', this.#onError);
    device.lost.then((info) => {
      const error = new Error(`The GPU was lost: ${info.reason} ${info.message}`);
      error.name = 'DeviceLostError';
      this.#failure = error;
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
    device.pushErrorScope('out-of-memory');
    device.pushErrorScope('validation');
    let runtime: GpuRuntime | undefined;
    let thrown: unknown;
    try {
      runtime = new GpuRuntime(device, plans, pipelines);
      await runtime.#load(plans, pipelines, options);
    } catch (error) {
      thrown = error;
    }
    const validation = await device.popErrorScope();
    const memory = await device.popErrorScope();
    if (thrown === undefined && !validation && !memory && runtime) return runtime;
    const bytes = runtime?.allocatedBytes ?? 0;
    runtime?.dispose();
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
    return this.#allocatedBytes;
  }

  /** Estimated seconds of one replay of a plan, as observed so far. */
  estimatedSeconds(plan: Plan): number {
    return this.#loaded(plan).governor.seconds;
  }

  async #load(plans: readonly Plan[], pipelines: PipelineCache, options: GpuRuntimeOptions): Promise<void> {
    const total = plans.reduce((sum, plan) => sum + plan.dispatches.length, 0);
    let compiled = 0;
    const compile = async (dispatch: Dispatch) => {
      const result = await pipelines.compile(dispatch.kernel, dispatch.dims);
      options.onProgress?.(++compiled, total);
      return result;
    };
    const compiledPlans = await Promise.all(
      plans.map((plan) => Promise.all(plan.dispatches.map((dispatch) => compile(dispatch)))),
    );
    this.#allocate(plans, options.extra ?? []);
    const empty = this.#buffer('absent', 256, GPUBufferUsage.STORAGE, false);
    let record = 0;
    plans.forEach((plan, planIndex) => {
      const dispatches = plan.dispatches.map((dispatch, index): LoadedDispatch => {
        const compiledKernel = compiledPlans[planIndex]?.[index] as CompiledKernel;
        const entries = [...compiledKernel.bindingNumbers].map(([name, binding]) => {
          const tensor = dispatch.bindings[name];
          const resource = tensor
            ? { buffer: this.#bufferOf(tensor), offset: tensor.offset * elementBytes(tensor.elementType) }
            : { buffer: empty };
          return { binding, resource };
        });
        const bindGroup = this.device.createBindGroup({
          label: `${dispatch.kernel.name} ${dispatch.label}`,
          layout: compiledKernel.layout,
          entries,
        });
        return { compiled: compiledKernel, bindGroup, dispatch, launchRecord: record++ };
      });
      this.#plans.set(plan, { dispatches, governor: new Governor(plan.dispatches, options.estimate) });
    });
  }

  #allocate(plans: readonly Plan[], extra: readonly Storage[]): void {
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    for (const storage of new Set([...plans.flatMap((plan) => [...plan.persistent]), ...extra])) {
      this.#persistent.set(storage, this.#buffer(storage.name, storageBytes(storage), usage));
    }
    const pool = pooledSlotBytes(plans).map((bytes, index) => this.#buffer(`slot ${index}`, bytes, usage));
    for (const plan of plans) {
      const inPool = slotsInPool(plan);
      for (const [storage, slot] of plan.slotOf)
        this.#slotBuffer.set(storage, pool[inPool[slot] ?? -1] as GPUBuffer);
    }
  }

  #buffer(label: string, size: number, usage: GPUBufferUsageFlags, counts = true): GPUBuffer {
    const buffer = this.device.createBuffer({ label, size, usage });
    this.#buffers.push(buffer);
    if (counts) this.#allocatedBytes += size;
    return buffer;
  }

  #bufferOf(tensor: Tensor): GPUBuffer {
    const buffer = this.#persistent.get(tensor.storage) ?? this.#slotBuffer.get(tensor.storage);
    if (!buffer) throw new Error(`GpuRuntime: tensor ${tensor.name} belongs to no plan of this runtime.`);
    return buffer;
  }

  #loaded(plan: Plan): LoadedPlan {
    const loaded = this.#plans.get(plan);
    if (!loaded) throw new Error(`GpuRuntime: plan ${plan.name} was not given at creation.`);
    return loaded;
  }

  async submit(replays: readonly Replay[], reads: readonly Tensor[] = []): Promise<Submission> {
    if (replays.length > maximumReplays)
      throw new Error(`submit: ${replays.length} replays; at most ${maximumReplays}.`);
    const sources = reads.map((tensor): ReadSource => ({ tensor, buffer: this.#bufferOf(tensor) }));
    const staging = await this.#staging.acquire();
    let encodeSeconds = -performance.now() / 1000;
    this.#records.writeSteps(replays.map(({ scalars }) => scalars));
    const queue = new WorkQueue(replays.map(({ plan }) => this.#loaded(plan)));
    let encoder = this.device.createCommandEncoder();
    for (;;) {
      const work = queue.take();
      this.#encode(encoder, work);
      if (queue.isEmpty) {
        const bytes = this.#staging.encode(encoder, staging, sources);
        encodeSeconds += performance.now() / 1000;
        await this.#makeRoom(work.seconds, true);
        this.#check();
        const start = performance.now();
        this.device.queue.submit([encoder.finish()]);
        const done = this.#staging.collect(staging, sources, bytes).then((arrays) => {
          this.#check();
          return arrays;
        });
        this.#track(done, work.seconds, true);
        done.catch(() => undefined); // a caller that does not look is told by its next submit
        if (work.isTimed) {
          await done;
          queue.observe(work, (performance.now() - start) / 1000);
        }
        return { done, gpuSeconds: Promise.resolve(undefined), encodeSeconds };
      }
      encodeSeconds += performance.now() / 1000;
      await this.#makeRoom(work.seconds, false);
      this.#check();
      const start = performance.now();
      this.device.queue.submit([encoder.finish()]);
      const done = this.device.queue.onSubmittedWorkDone();
      this.#track(done, work.seconds, false);
      if (work.isTimed) {
        await done;
        queue.observe(work, (performance.now() - start) / 1000);
      }
      encodeSeconds -= performance.now() / 1000;
      encoder = this.device.createCommandEncoder();
    }
  }

  #encode(encoder: GPUCommandEncoder, work: Work<LoadedPlan>): void {
    const pass = encoder.beginComputePass();
    for (const { plan, replay, segment } of work.pieces) {
      if (segment.slice) {
        const { compiled, bindGroup } = plan.dispatches[segment.from] as LoadedDispatch;
        pass.setPipeline(compiled.pipeline);
        pass.setBindGroup(0, bindGroup);
        this.#records.launchSlice(pass, segment.slice, replay);
      } else {
        for (let i = segment.from; i < segment.to; i++) {
          this.#encodeWhole(pass, plan.dispatches[i] as LoadedDispatch, replay);
        }
      }
    }
    pass.end();
  }

  /** Adds one dispatch of a plan to a pass, with the step record of `setScalars`: for the profiler. */
  encodeDispatch(pass: GPUComputePassEncoder, plan: Plan, index: number): void {
    const loaded = this.#loaded(plan).dispatches[index];
    if (loaded) this.#encodeWhole(pass, loaded, 0);
  }

  /** Writes the first step record, for `encodeDispatch`. */
  setScalars(_plan: Plan, scalars: Scalars): void {
    this.#records.writeSteps([scalars]);
  }

  #encodeWhole(pass: GPUComputePassEncoder, loaded: LoadedDispatch, replay: number): void {
    pass.setPipeline(loaded.compiled.pipeline);
    pass.setBindGroup(0, loaded.bindGroup);
    this.#records.launch(pass, loaded.launchRecord, replay);
  }

  /** Waits until what is queued leaves room for `seconds` more. */
  async #makeRoom(seconds: number, endsStep: boolean): Promise<void> {
    for (;;) {
      const oldest = this.#inFlight[0];
      if (!oldest) return;
      const queued = this.#inFlight.reduce((sum, work) => sum + work.seconds, 0);
      const steps = this.#inFlight.filter((work) => work.endsStep).length;
      if (queued + seconds <= submitLimits.inFlight && !(endsStep && steps >= submitLimits.stepsInFlight))
        return;
      await oldest.done.catch(() => undefined);
    }
  }

  #track(done: Promise<unknown>, seconds: number, endsStep: boolean): void {
    const work = { done, seconds, endsStep };
    this.#inFlight.push(work);
    const remove = () => this.#inFlight.splice(this.#inFlight.indexOf(work), 1);
    done.then(remove, remove);
  }

  #check(): void {
    if (this.#failure) throw this.#failure;
  }

  write(tensor: Tensor, data: NumberArray): void {
    const offset = tensor.offset * elementBytes(tensor.elementType);
    this.device.queue.writeBuffer(
      this.#bufferOf(tensor),
      offset,
      data as NumberArray & ArrayBufferView<ArrayBuffer>,
    );
  }

  async read(tensor: Tensor): Promise<NumberArray> {
    const size = Math.ceil(tensorBytes(tensor) / 4) * 4;
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    const staging = this.device.createBuffer({ label: `read ${tensor.name}`, size, usage });
    try {
      const encoder = this.device.createCommandEncoder();
      encoder.copyBufferToBuffer(
        this.#bufferOf(tensor),
        tensor.offset * elementBytes(tensor.elementType),
        staging,
        0,
        size,
      );
      this.device.queue.submit([encoder.finish()]);
      await staging.mapAsync(GPUMapMode.READ);
      this.#check();
      return typedCopy(staging.getMappedRange(), 0, tensor);
    } finally {
      staging.destroy();
    }
  }

  async idle(): Promise<void> {
    await this.device.queue.onSubmittedWorkDone();
    this.#check();
  }

  dispose(): void {
    this.device.removeEventListener('uncapturederror', this.#onError);
    for (const buffer of this.#buffers) buffer.destroy();
    this.#records.dispose();
    this.#staging.dispose();
    this.#buffers.length = 0;
  }
}
