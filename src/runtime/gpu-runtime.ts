// Executes plans on a GPU: everything is compiled, allocated and bound at creation; a step only re-encodes.
import type { Dispatch, NumberArray, Scalars } from '../plan/kernel.ts';
import { type Plan, pooledSlotBytes, slotsInPool } from '../plan/plan.ts';
import { elementBytes, type Storage, storageBytes, type Tensor, tensorBytes } from '../plan/tensor.ts';
import { parseStruct } from '../plan/wgsl.ts';
import { Governor, submitLimits } from './governor.ts';
import { type CompiledKernel, PipelineCache } from './pipelines.ts';
import type { Replay, Runtime, Submission } from './runtime.ts';
import { type ReadSource, StagingRing, typedCopy } from './staging.ts';
import { type Work, WorkQueue } from './work-queue.ts';

/** Records are bound by dynamic offset, whose alignment is 256 bytes by default. */
const recordBytes = 256;
/** Replays that one submission may hold: micro-batches of a step, tokens of a decode burst. */
const maximumReplays = 256;
const maximumGridWidth = 65_535;
/** Launch records beyond one per dispatch, for grid slices. */
const spareLaunchRecords = 64;

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
  readonly #stepLayout: ReadonlyMap<string, { readonly index: number; readonly isFloat: boolean }>;
  readonly #stepBuffer: GPUBuffer;
  readonly #stepRecords = new ArrayBuffer(recordBytes * maximumReplays);
  readonly #launchBuffer: GPUBuffer;
  readonly #sliceRecord: number;
  readonly #records: GPUBindGroup;
  readonly #offsets = new Uint32Array(2);
  readonly #inFlight: {
    readonly done: Promise<unknown>;
    readonly seconds: number;
    readonly endsStep: boolean;
  }[] = [];
  #sliceCount = 0;
  #failure: Error | undefined;
  readonly #onError = (event: Event) => {
    this.#failure ??= new Error(`GPU: ${(event as GPUUncapturedErrorEvent).error.message}`);
  };

  private constructor(device: GPUDevice, plans: readonly Plan[], pipelines: PipelineCache) {
    this.device = device;
    this.#staging = new StagingRing(device);
    const source = plans[0]?.dispatches[0]?.kernel.source ?? '';
    this.#stepLayout = new Map(
      parseStruct(source, 'Step').map(({ name, type }, index) => [name, { index, isFloat: type === 'f32' }]),
    );
    const dispatchCount = plans.reduce((sum, plan) => sum + plan.dispatches.length, 0);
    const uniform = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
    this.#stepBuffer = device.createBuffer({
      label: 'step records',
      size: recordBytes * maximumReplays,
      usage: uniform,
    });
    this.#sliceRecord = dispatchCount;
    this.#launchBuffer = device.createBuffer({
      label: 'launch records',
      size: recordBytes * (dispatchCount + spareLaunchRecords),
      usage: uniform,
    });
    this.#records = device.createBindGroup({
      label: 'records',
      layout: pipelines.recordLayout,
      entries: [this.#launchBuffer, this.#stepBuffer].map((buffer, binding) => ({
        binding,
        resource: { buffer, size: recordBytes },
      })),
    });
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
    const launch = new Uint32Array(this.#launchBuffer.size / 4);
    let record = 0;
    plans.forEach((plan, planIndex) => {
      const dispatches = plan.dispatches.map((dispatch, index): LoadedDispatch => {
        const compiledKernel = compiledPlans[planIndex]?.[index] as CompiledKernel;
        writeLaunch(launch, record, 0, dispatch.workgroups, dispatch.workgroups);
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
    this.device.queue.writeBuffer(this.#launchBuffer, 0, launch);
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
    this.#writeSteps(replays);
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
        this.#encodeSlice(pass, plan.dispatches[segment.from] as LoadedDispatch, replay, segment.slice);
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
  setScalars(plan: Plan, scalars: Scalars): void {
    this.#writeSteps([{ plan, scalars }]);
  }

  #encodeWhole(pass: GPUComputePassEncoder, loaded: LoadedDispatch, replay: number): void {
    const { workgroups } = loaded.dispatch;
    pass.setPipeline(loaded.compiled.pipeline);
    pass.setBindGroup(0, loaded.bindGroup);
    this.#offsets[0] = loaded.launchRecord * recordBytes;
    this.#offsets[1] = replay * recordBytes;
    pass.setBindGroup(1, this.#records, this.#offsets, 0, 2);
    const width = Math.min(workgroups, maximumGridWidth);
    pass.dispatchWorkgroups(width, Math.ceil(workgroups / width));
  }

  #encodeSlice(
    pass: GPUComputePassEncoder,
    loaded: LoadedDispatch,
    replay: number,
    { first, end }: { first: number; end: number },
  ): void {
    const record = this.#sliceRecord + (this.#sliceCount++ % spareLaunchRecords);
    const count = end - first;
    const words = new Uint32Array(recordBytes / 4);
    writeLaunch(words, 0, first, end, count);
    this.device.queue.writeBuffer(this.#launchBuffer, record * recordBytes, words);
    pass.setPipeline(loaded.compiled.pipeline);
    pass.setBindGroup(0, loaded.bindGroup);
    this.#offsets[0] = record * recordBytes;
    this.#offsets[1] = replay * recordBytes;
    pass.setBindGroup(1, this.#records, this.#offsets, 0, 2);
    const width = Math.min(count, maximumGridWidth);
    pass.dispatchWorkgroups(width, Math.ceil(count / width));
  }

  #writeSteps(replays: readonly Replay[]): void {
    const floats = new Float32Array(this.#stepRecords);
    const words = new Uint32Array(this.#stepRecords);
    replays.forEach(({ scalars }, replay) => {
      const base = (replay * recordBytes) / 4;
      for (const [name, { index, isFloat }] of this.#stepLayout) {
        const value = scalars[name] ?? 0;
        if (isFloat) floats[base + index] = value;
        else words[base + index] = value;
      }
    });
    this.device.queue.writeBuffer(this.#stepBuffer, 0, words, 0, (replays.length * recordBytes) / 4);
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
    this.#stepBuffer.destroy();
    this.#launchBuffer.destroy();
    this.#staging.dispose();
    this.#buffers.length = 0;
  }
}

/** One launch record: the slice of the linear grid, and the width it is folded to. */
function writeLaunch(words: Uint32Array, record: number, first: number, end: number, count: number): void {
  words.set([first, end, Math.min(count, maximumGridWidth)], (record * recordBytes) / 4);
}
