// The worker's hold on a device: opening it, testing it, calibrating it, and the processor by choice or where there is none.

import type { CalibrationReport, DeviceInfo, RuntimeChoice, RuntimeComparison } from '../contract/device.ts';
import type { Problem } from '../contract/values.ts';
import {
  calibrateDevice,
  calibrateDeviceQuickly,
  deviceKey,
  missingKernels,
  profileKey,
} from '../lab/cost/calibration.ts';
import { reportOf } from '../lab/cost/calibration-report.ts';
import { areAlike, estimateStep, type StepKind, stepKindOf } from '../lab/cost/quicker.ts';
import { cpuEngine, type Engine, gpuEngine } from '../lab/plans/engine.ts';
import { LabError } from '../lab/plans/problem.ts';
import { isOfStep } from '../lab/plans/training-plans.ts';
import { measureTrainingRate } from '../lab/training/measured-rate.ts';
import { type DeviceProfile, profileVersion } from '../plan/device-profile.ts';
import type { Plan } from '../plan/plan.ts';
import { type NoDevice, type OpenDevice, openDevice } from '../runtime/device.ts';
import { isSoftwareGpu } from '../text/device-kind.ts';
import { KernelChecks } from './kernel-checks.ts';
import { openProcessor, type Processor } from './processor.ts';
import type { RunStorage } from './run/storage.ts';

/** Limits shown in the device panel. */
const shownLimits = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxStorageBuffersPerShaderStage',
] as const;

const problemKinds: Readonly<Record<NoDevice['kind'], Problem['kind']>> = {
  noWebGpu: 'noWebGpu',
  insecureOrigin: 'insecureOrigin',
  noAdapter: 'noAdapter',
  noAnswer: 'noAdapter',
  tooSmall: 'noAdapter',
  refused: 'noAdapter',
};

const compatibilityNote =
  'This GPU is offered in WebGPU’s compatibility mode only, over OpenGL ES or Direct3D 11. ' +
  'A newer graphics driver or browser may offer all of WebGPU.';

/** Bytes that a run on the reference loops may have: they are for very small models, and a tab has little memory. */
const referenceMemoryBytes = 2 ** 30;

/** What is opened beside the device to be compared with it. */
interface Spare {
  readonly engine: Engine;
  readonly processor: Processor | undefined;
  close(): void;
}

/** One device at a time; a lost one is replaced at the next request. */
export class Devices {
  readonly #storage: RunStorage;
  readonly #onLost: (problem: Problem) => void;
  readonly #onChanged: () => void;
  readonly #startProcessor: typeof openProcessor;
  #choice: RuntimeChoice = { runtime: 'gpu' };
  #opening: Promise<DeviceInfo> | undefined;
  #open: OpenDevice | undefined;
  #engine: Engine | undefined;
  #processor: Processor | undefined;
  #checks: KernelChecks | undefined;
  /** Why what computes does, where a software GPU and the processor were compared. */
  #comparison: RuntimeComparison | undefined;
  /** The step for which they were compared. */
  #comparedKind: StepKind | undefined;

  /** What became of a thread of the processor. */
  #threadLost: string | undefined;

  /**
   * @param onLost told of a GPU that is gone, with what was on it
   * @param onChanged told that what is open computes on other terms, which `open` says; nothing is lost with it
   * @param open starts the threads of the processor
   */
  constructor(
    storage: RunStorage,
    onLost: (problem: Problem) => void,
    onChanged: () => void = () => undefined,
    open = openProcessor,
  ) {
    this.#storage = storage;
    this.#onLost = onLost;
    this.#onChanged = onChanged;
    this.#startProcessor = open;
  }

  /** Whether this is what computes, or would. */
  isChosen({ runtime, threads }: RuntimeChoice): boolean {
    return runtime === this.#choice.runtime && threads === this.#choice.threads;
  }

  /** From now on this is opened. What is open is closed: nothing may be left on it. */
  async choose(choice: RuntimeChoice): Promise<void> {
    await this.#opening?.catch(() => undefined); // what is not open yet could not be closed
    const open = this.#open;
    this.#choice = choice;
    this.#comparison = undefined;
    this.#threadLost = undefined;
    this.#processor?.close();
    this.#processor = undefined;
    this.#forget();
    open?.device.destroy();
  }

  /** Opens what is chosen. Without a GPU it is the processor, and says why; then the next call asks for a GPU again. */
  open(): Promise<DeviceInfo> {
    this.#opening ??= this.#tryOpen();
    return this.#opening;
  }

  /** What runs plans here. */
  async engine(): Promise<Engine> {
    if (!this.#engine) await this.open();
    if (!this.#engine) throw new Error('device: there is no engine after opening.');
    return this.#engine;
  }

  /** What this GPU's kernels were held against. @throws LabError where there is no GPU */
  async checks(): Promise<KernelChecks> {
    await this.gpu('The self-test compares the GPU with the reference loops');
    if (!this.#checks) throw new Error('device: there is a GPU, and nothing to check it with.');
    return this.#checks;
  }

  /** The kept profile, or a new one, with what only these plans run. */
  async calibrate(
    again: boolean,
    onProgress: (fraction: number, what: string) => void,
    plans: readonly Plan[] = [],
  ): Promise<CalibrationReport> {
    const start = performance.now();
    const engine = await this.engine();
    // A quick one is no beginning of a full one: that measures at other shapes, and takes the device's pace off.
    const known = again || engine.profile?.isQuick ? undefined : engine.profile;
    let profile = known ?? (await calibrateDevice(engine, host(), onProgress));
    const missing = missingKernels(plans, profile);
    if (missing.length > 0) {
      const measured = await calibrateDevice(engine, host(), onProgress, missing);
      profile = { ...profile, kernels: { ...profile.kernels, ...measured.kernels } };
    }
    return this.#take(engine, profile, profile === known ? undefined : start);
  }

  /** Measures within seconds what most of the time of these plans goes to, unless there is a full profile. */
  async calibrateQuickly(
    onProgress: (fraction: number, what: string) => void,
    plans: readonly Plan[],
  ): Promise<CalibrationReport> {
    const start = performance.now();
    const engine = await this.engine();
    const known = engine.profile;
    if (known && !known.isQuick) return this.calibrate(false, onProgress, plans);
    const profile = await calibrateDeviceQuickly(engine, host(), plans.filter(isOfStep), {
      onProgress,
      known,
    });
    return this.#take(engine, profile, profile === known ? undefined : start);
  }

  /**
   * Adds to a quick calibration what these plans run besides, for so many seconds.
   * @returns the figures; undefined where nothing is left to measure
   */
  async refine(plans: readonly Plan[], seconds: number): Promise<CalibrationReport | undefined> {
    const engine = await this.engine();
    const { profile: known } = engine;
    if (!known?.isQuick) return undefined;
    const start = performance.now();
    const profile = await calibrateDeviceQuickly(engine, host(), plans, { known, seconds });
    return profile === known ? undefined : this.#take(engine, profile, start);
  }

  /**
   * Where a software GPU is open, or the processor in its place, opens the one that takes a training step of this experiment
   * sooner. What was compared for an experiment of the same kind and size stands.
   * @param closeRun leaves nothing on the device, before it is closed
   */
  async takeQuicker(
    onProgress: (fraction: number, what: string) => void,
    experiment: unknown,
    closeRun: () => Promise<void>,
  ): Promise<DeviceInfo> {
    const info = await this.open();
    const isInSoftware = isSoftwareGpu(info);
    if (!isInSoftware && !info.comparison) return info;
    const kind = stepKindOf(experiment);
    if (info.comparison && this.#comparedKind && areAlike(this.#comparedKind, kind)) return info;
    const before = await this.engine();
    const other = isInSoftware ? await this.#spareProcessor() : await this.#spareGpu();
    if (!other) return info; // there is nothing to compare
    let isTaken = false;
    try {
      const [own, its] = [
        await estimateStep(before, experiment, (done, what) => onProgress(done / 2, what)),
        await estimateStep(other.engine, experiment, (done, what) => onProgress((1 + done) / 2, what)),
      ];
      const [gpu, processor] = isInSoftware ? [own, its] : [its, own];
      const comparison = {
        gpuSeconds: gpu.seconds,
        processorSeconds: processor.seconds,
        threads: (isInSoftware ? other.engine : before).measurable?.processor?.threads ?? 1,
        measuredShare: Math.min(gpu.measuredShare, processor.measuredShare),
      };
      if (this.#engine !== before) return this.open(); // it was lost meanwhile
      isTaken = its.seconds < own.seconds;
      if (isTaken) {
        await closeRun();
        if (!isInSoftware) other.close(); // opened anew, with all that belongs to a GPU
        await this.choose({ runtime: isInSoftware ? 'wasm' : 'gpu' });
        this.#processor = other.processor;
      }
      this.#comparison = comparison;
      this.#comparedKind = kind;
      this.#opening = isTaken ? undefined : Promise.resolve({ ...info, comparison });
      return this.open();
    } finally {
      if (!isTaken) other.close();
    }
  }

  /** The processor beside an open GPU; undefined where it does not serve. */
  async #spareProcessor(): Promise<Spare | undefined> {
    const processor = await this.#startProcessor().catch(() => undefined);
    if (!processor) return undefined;
    const { engine } = processor;
    engine.profile ??= await this.#keptOf(engine);
    return { engine, processor, close: () => processor.close() };
  }

  /** The GPU beside the processor that took its place; undefined where there is none any more. */
  async #spareGpu(): Promise<Spare | undefined> {
    const opened = await openDevice(globalThis.navigator?.gpu);
    if (opened.kind !== 'device') return undefined;
    const profile = await this.#kept(deviceKey(opened.facts, host()));
    return {
      engine: gpuEngine(opened, profile),
      processor: undefined,
      close: () => opened.device.destroy(),
    };
  }

  /** Keeps a profile that was measured since `start`, and reports it; without `start` it is the known one. */
  async #take(engine: Engine, profile: DeviceProfile, start: number | undefined): Promise<CalibrationReport> {
    if (start === undefined) return reportOf(profile, 0, engine.capabilities);
    engine.profile = profile;
    await this.#storage.keepProfile(profile).catch(() => undefined); // works without being kept
    return reportOf(profile, (performance.now() - start) / 1000, engine.capabilities);
  }

  /** The figures kept for this device and browser. */
  async kept(): Promise<CalibrationReport | undefined> {
    const { profile, capabilities } = await this.engine();
    return profile && reportOf(profile, 0, capabilities);
  }

  /** The GPU. @throws LabError that begins with `what` where there is none */
  async gpu(what: string): Promise<OpenDevice> {
    await this.engine();
    if (!this.#open) throw new LabError({ kind: 'noAdapter', message: `${what}, and there is none here.` });
    return this.#open;
  }

  /** Threads of the processor, or its reference loops where WebAssembly does not serve. @param reason without a GPU */
  async #openProcessor(reason?: Problem): Promise<DeviceInfo> {
    const info = {
      vendor: '',
      architecture: '',
      isSoftware: true,
      features: [],
      limits: [],
      ...(reason ? { fallbackReason: reason } : {}),
    };
    try {
      const processor = this.#processor ?? (await this.#startProcessor(this.#choice.threads));
      this.#processor = processor;
      const { engine } = processor;
      engine.onDropped = (message) => {
        this.#threadLost = message;
        if (this.#engine !== engine) return;
        this.#opening = undefined; // what it is now, the next call says
        this.#onChanged();
      };
      await this.#adopt(engine);
      const { threads, note = this.#threadLost } = processor;
      const description = `Your processor, ${threads === 1 ? '1 thread' : `${threads} threads`}`;
      return {
        ...info,
        runtime: 'wasm',
        description,
        threads,
        ...(note === undefined ? {} : { advice: note }),
        ...(this.#comparison ? { comparison: this.#comparison } : {}),
      };
    } catch (error) {
      await this.#adopt(cpuEngine(referenceMemoryBytes));
      const advice = `WebAssembly does not serve here (${error instanceof Error ? error.message : String(error)})`;
      return { ...info, runtime: 'cpu', description: 'Reference loops on the processor', advice };
    }
  }

  /** Takes the processor's engine. The time of a run is said before it: without a GPU it may be hours. */
  async #adopt(engine: Engine): Promise<void> {
    engine.profile ??= await this.#keptOf(engine);
    if (engine === this.#engine) return; // it computes by now: a probe beside a run would take its time and its memory
    const rate = await measureTrainingRate(engine).catch(() => undefined); // no figure, but a device
    if (rate !== undefined) engine.trainingFlopsPerSecond = rate;
    this.#engine = engine;
  }

  /** The profile that is kept of an engine. */
  async #keptOf({ measurable }: Engine): Promise<DeviceProfile | undefined> {
    return measurable && this.#kept(profileKey(measurable, host()));
  }

  /** The profile that is kept under this name, if it can be read here. */
  async #kept(key: string): Promise<DeviceProfile | undefined> {
    const profile = await this.#storage.profile(key).catch(() => undefined);
    return profile?.version === profileVersion ? profile : undefined;
  }

  #forget(): void {
    this.#open = undefined;
    this.#engine = undefined;
    this.#checks = undefined;
    this.#opening = undefined;
  }

  async #tryOpen(): Promise<DeviceInfo> {
    if (this.#choice.runtime === 'wasm') return this.#openProcessor();
    const result = await openDevice(globalThis.navigator?.gpu);
    if (result.kind !== 'device') {
      this.#opening = undefined; // ask again next time: the user may have changed a setting
      return this.#openProcessor({ kind: problemKinds[result.kind], message: result.message });
    }
    this.#open = result;
    const key = deviceKey(result.facts, host());
    const profile = await this.#kept(key);
    const checks = new KernelChecks(result, key, this.#storage);
    this.#checks = checks;
    this.#engine = checks.guard(gpuEngine(result, profile));
    result.device.lost.then((info) => {
      if (this.#open !== result) return; // another one has its place
      this.#forget();
      if (info.reason === 'destroyed') return;
      const message = `The GPU was lost (${info.reason}${info.message ? `: ${info.message}` : ''}). Open the saved run to go on.`;
      this.#onLost({ kind: 'deviceLost', message });
    });
    const { vendor, architecture, description, isSoftware, isCompatibility } = result.facts;
    return {
      runtime: 'gpu',
      vendor,
      architecture,
      description,
      isSoftware,
      features: [...result.capabilities.features].sort(),
      limits: shownLimits.map((name) => ({ name, value: result.device.limits[name] })),
      ...(this.#comparison ? { comparison: this.#comparison } : {}),
      ...(isCompatibility ? { advice: compatibilityNote } : {}),
    };
  }
}

/** The browser and its version: calibration is not carried over to another one. */
export function host(): string {
  const agent = globalThis.navigator?.userAgent ?? 'unknown';
  return /(Firefox|Edg|Chrome|Version)\/[\d.]+/.exec(agent)?.[0] ?? agent.slice(0, 80);
}
