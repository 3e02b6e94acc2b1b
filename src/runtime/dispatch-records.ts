// The small uniform records that every dispatch reads: which workgroups it runs, and the scalars of its step.
import type { Dispatch, Scalars } from '../plan/kernel.ts';
import { parseStruct } from '../plan/wgsl.ts';

/** Records are bound by dynamic offset, whose alignment is 256 bytes by default. */
const recordBytes = 256;
/** Replays that one submission may hold: micro-batches of a step, tokens of a decode burst. */
export const maximumReplays = 256;
/** Workgroups that a grid may have in one dimension (WebGPU's default limit). */
const maximumGridWidth = 65_535;
/** Launch records beyond one per dispatch, for grid slices. One submit never holds as many. */
const spareLaunchRecords = 64;

/** What a dispatch's launch record is made from. */
type Launch = Pick<Dispatch, 'workgroups' | 'dims'>;

/** Launch records, one per dispatch and a ring for slices, and step records, one per replay. */
export class Records {
  readonly #device: GPUDevice;
  readonly #stepLayout: readonly { readonly name: string; readonly type: string }[];
  readonly #stepBuffer: GPUBuffer;
  readonly #stepWords = new Uint32Array((recordBytes / 4) * maximumReplays);
  readonly #stepFloats = new Float32Array(this.#stepWords.buffer);
  readonly #launchBuffer: GPUBuffer;
  readonly #sliceWords = new Uint32Array(recordBytes / 4);
  readonly #bindGroup: GPUBindGroup;
  readonly #offsets = new Uint32Array(2);
  readonly #launches: readonly Launch[];
  readonly #launchFields: readonly string[];
  #sliceCount = 0;

  /**
   * @param source WGSL that declares `struct Step` and `struct Launch`; undefined where there is no dispatch
   * @param launches of each dispatch, whose index is its launch record
   */
  constructor(
    device: GPUDevice,
    layout: GPUBindGroupLayout,
    source: string | undefined,
    launches: readonly Launch[],
  ) {
    this.#device = device;
    this.#launches = launches;
    this.#stepLayout = source === undefined ? [] : parseStruct(source, 'Step');
    this.#launchFields = source === undefined ? [] : parseStruct(source, 'Launch').map(({ name }) => name);
    const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
    const records = launches.length + spareLaunchRecords;
    this.#stepBuffer = device.createBuffer({
      label: 'step records',
      size: recordBytes * maximumReplays,
      usage,
    });
    this.#launchBuffer = device.createBuffer({
      label: 'launch records',
      size: recordBytes * records,
      usage,
    });
    const words = new Uint32Array((recordBytes / 4) * records);
    launches.forEach((launch, record) => {
      this.#writeLaunch(words, record, launch, { first: 0, end: launch.workgroups });
    });
    device.queue.writeBuffer(this.#launchBuffer, 0, words);
    this.#bindGroup = device.createBindGroup({
      label: 'records',
      layout,
      entries: [this.#launchBuffer, this.#stepBuffer].map((buffer, binding) => ({
        binding,
        resource: { buffer, size: recordBytes },
      })),
    });
  }

  /** Writes one step record per replay; a field that is not named is 0. */
  writeSteps(replays: readonly Scalars[]): void {
    replays.forEach((scalars, replay) => {
      const base = (replay * recordBytes) / 4;
      this.#stepLayout.forEach(({ name, type }, index) => {
        const values = type === 'f32' ? this.#stepFloats : this.#stepWords;
        values[base + index] = scalars[name] ?? 0;
      });
    });
    const words = (replays.length * recordBytes) / 4;
    this.#device.queue.writeBuffer(this.#stepBuffer, 0, this.#stepWords, 0, words);
  }

  /** Launches all workgroups of a dispatch, whose pipeline and bind group 0 are set. */
  launch(pass: GPUComputePassEncoder, record: number, replay: number): void {
    this.#launch(pass, record, replay, this.#launches[record]?.workgroups ?? 0);
  }

  /** Launches workgroups [first, end) of a dispatch. The record is written now and read when the pass is submitted. */
  launchSlice(
    pass: GPUComputePassEncoder,
    record: number,
    slice: { readonly first: number; readonly end: number },
    replay: number,
  ): void {
    const own = this.#launches.length + (this.#sliceCount++ % spareLaunchRecords);
    this.#writeLaunch(this.#sliceWords, 0, this.#launches[record], slice);
    this.#device.queue.writeBuffer(this.#launchBuffer, own * recordBytes, this.#sliceWords);
    this.#launch(pass, own, replay, slice.end - slice.first);
  }

  #launch(pass: GPUComputePassEncoder, record: number, replay: number, workgroups: number): void {
    this.#offsets[0] = record * recordBytes;
    this.#offsets[1] = replay * recordBytes;
    pass.setBindGroup(1, this.#bindGroup, this.#offsets, 0, 2);
    const width = Math.min(workgroups, maximumGridWidth);
    pass.dispatchWorkgroups(width, Math.ceil(workgroups / width));
  }

  /** One launch record: workgroups [first, end) of the linear grid, the width it is folded to, and dims by name. */
  #writeLaunch(
    words: Uint32Array,
    record: number,
    launch: Launch | undefined,
    { first, end }: { readonly first: number; readonly end: number },
  ): void {
    const gridWidth = Math.min(end - first, maximumGridWidth);
    const values: Scalars = { ...launch?.dims, firstWorkgroup: first, endWorkgroup: end, gridWidth };
    const numbers = this.#launchFields.map((name) => values[name] ?? 0);
    words.set(numbers, (record * recordBytes) / 4);
  }

  dispose(): void {
    this.#stepBuffer.destroy();
    this.#launchBuffer.destroy();
  }
}
