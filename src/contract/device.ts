// The device that the worker holds: what it is, whether its kernels are right, and what was measured on it.
import type { ExperimentJson, Measured, Problem, Result } from './values.ts';

/** The device that the worker holds, for the device panel. */
export interface DeviceInfo {
  readonly runtime: 'gpu' | 'wasm' | 'cpu';
  readonly vendor: string;
  readonly architecture: string;
  readonly description: string;
  /** True for a software renderer: results are right, speeds say nothing about a GPU. */
  readonly isSoftware: boolean;
  readonly features: readonly string[];
  readonly limits: readonly { readonly name: string; readonly value: number }[];
  /** Threads that compute, where the processor does. */
  readonly threads?: number;
  /** What would make it faster, where that is known. */
  readonly advice?: string;
  /** Set when WebGPU could not be used and the processor computes instead. */
  readonly fallbackReason?: Problem;
  /** Set where a software GPU was compared with the processor: the quicker one computes. */
  readonly comparison?: RuntimeComparison;
}

/** About what a training step of one experiment takes on a software GPU and on the threads of the same processor. */
export interface RuntimeComparison {
  readonly gpuSeconds: number;
  readonly processorSeconds: number;
  readonly threads: number;
  /** Part of the step's work whose kernels were timed, on the one where it is less. */
  readonly measuredShare: number;
}

/** What a person has compute. */
export interface RuntimeChoice {
  /** A GPU where there is one, or threads of the processor. */
  readonly runtime: 'gpu' | 'wasm';
  /** Of the processor; as many as cores where undefined. */
  readonly threads?: number | undefined;
  /** Nobody chose it: instead of a software GPU the processor may compute, where it is quicker. */
  readonly isAutomatic?: boolean;
}

/** One kernel checked against its reference on this device. */
export interface SelfTestRow {
  readonly kernel: string;
  readonly shape: string;
  readonly maximumError: number;
  readonly tolerance: number;
  readonly passed: boolean;
  readonly message?: string;
}

/** The badge: the kernels that an experiment's plans dispatch, against their references. */
export interface SelfTestReport {
  readonly passed: boolean;
  /** Every shape at which a kernel was checked, now or before. */
  readonly rows: readonly SelfTestRow[];
  /** Kernels that the report covers. */
  readonly kernels: number;
  /** Of these, those that passed on this device in this browser before and were not run again. */
  readonly remembered: number;
  readonly seconds: number;
  /** Set where the device does not compile a variant that it should: what is used instead, said once. */
  readonly note?: string;
}

/** Calibration of this device, for the panel and the roofline. */
export interface CalibrationReport {
  /** The quickest arithmetic seen: the roof. */
  readonly fmaFlopsPerSecond: Measured;
  /** Time of kernels while all were timed over their quickest; far above 1, or wide, the device was not steady. */
  readonly slowing: Measured;
  readonly copyBytesPerSecond: readonly { readonly bytes: number; readonly rate: Measured }[];
  readonly launchSeconds: Measured;
  readonly kernels: readonly {
    readonly kernel: string;
    readonly points: readonly {
      readonly limitSeconds: number;
      readonly seconds: Measured;
      readonly shape: string;
    }[];
  }[];
  /** Variants taken instead of those of the built-in order in the training steps of the plain presets. */
  readonly choices: readonly TunedChoice[];
  /** What that gains these steps; empty where no other variant was timed. */
  readonly presets: readonly TunedPreset[];
  readonly seconds: number;
  readonly timer: string;
  /** Measured within seconds, for one experiment: what else would run here is told from that. */
  readonly isQuick?: boolean;
  /** Set when the device's clock drifted meanwhile: what that means and what to do. */
  readonly warning?: string;
}

/** A variant that calibration found quicker than the one that would be taken without it. */
export interface TunedChoice {
  readonly builtIn: string;
  readonly taken: string;
  /** Dispatches that it changes, over a step of each plain preset. */
  readonly dispatches: number;
  /** Expected seconds of these with the built-in variant, over those with the one that is taken. */
  readonly gain: number;
}

/** Expected seconds of a preset's training step by the built-in order, over those with the variants that are taken. */
export interface TunedPreset {
  readonly title: string;
  readonly gain: number;
}

/** Calls about the device. */
export interface DeviceApi {
  /**
   * Opens what was chosen last, at first a GPU; without one the answer says why, and what of the processor is used. Another
   * choice saves and closes the open run and closes the device; it is refused while something trains or measures. Idempotent.
   */
  openDevice(choice?: RuntimeChoice): Promise<Result<DeviceInfo>>;
  /**
   * Holds every kernel that an experiment's plans dispatch (training, evaluation, sampling) against its reference on this
   * device; without an experiment, those of all presets. What passed here before is not run again unless `again`.
   */
  selfTest(
    onProgress: (done: number, total: number) => void,
    experiment?: ExperimentJson,
    again?: boolean,
  ): Promise<Result<SelfTestReport>>;
  /**
   * The person was told which kernels are wrong here, and goes on: until the device is lost nothing is refused for that.
   * Without this call nothing runs on a GPU whose kernels differ from their references.
   */
  acceptWrongKernels(): Promise<Result<undefined>>;
  /**
   * Measures this device, or returns the figures kept for it unless `again`; with an experiment, kernels that only it runs
   * are measured too where nothing is known of them.
   */
  calibrate(
    again: boolean,
    onProgress: (fraction: number, what: string) => void,
    experiment?: ExperimentJson,
  ): Promise<Result<CalibrationReport>>;
  /**
   * Measures this device within seconds, for this experiment: the shapes that most of its time goes to. Where the device was
   * calibrated in full, that stands, and what only the experiment runs is measured as `calibrate` would.
   */
  calibrateQuickly(
    onProgress: (fraction: number, what: string) => void,
    experiment: ExperimentJson,
  ): Promise<Result<CalibrationReport>>;
  /**
   * Where a software GPU is open, times the heaviest kernels of a training step of this experiment there and on the threads of
   * the processor, a second each, and opens the quicker: the open run is saved and closed before another is opened. Where that
   * was done for an experiment of another kind or size, it is done again. Elsewhere the answer is what is open.
   */
  takeQuicker(
    onProgress: (fraction: number, what: string) => void,
    experiment: ExperimentJson,
  ): Promise<Result<DeviceInfo>>;
  /** The figures kept for this device, if it was calibrated before: measures nothing. */
  keptCalibration(): Promise<CalibrationReport | undefined>;
}
