// The contract between the page and the worker that owns the GPU: types only. Imported by both sides, imports neither.
//
// Expected failures come back as tagged unions, because comlink keeps only name, message and stack of an exception.
// Exceptions are bugs.

import type { ZooApi } from '../contract/comparison.ts';
import type { DiagramApi } from '../contract/diagram.ts';
import type { ExpertsEvent, InsideApi } from '../contract/inside.ts';
import type { KernelsApi } from '../contract/kernels.ts';
import type { LessonsApi } from '../contract/lessons.ts';
import type { RecordsApi, SavedRun } from '../contract/records.ts';
import type { SamplingApi } from '../contract/sampling.ts';
import type { TermsApi } from '../contract/terms.ts';
import type { ValidationApi } from '../contract/validation.ts';

/** A JSON value tree that crosses the boundary unchanged: configurations, presets. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** `{model, train, data}` as the command line reads it; the schema in src/model/config.ts says what is in it. */
export interface ExperimentJson {
  readonly model: { readonly [key: string]: Json };
  readonly train: { readonly [key: string]: Json };
  readonly data: { readonly [key: string]: Json };
}

/** One control of the form, generated from the schema. */
export interface FormField {
  /** Where the value lives, such as `model.width` or `train.optimizer.learningRate`. */
  readonly path: string;
  readonly label: string;
  readonly help: string;
  readonly unit?: string;
  readonly kind: 'integer' | 'number' | 'choice' | 'boolean' | 'pattern';
  readonly minimum?: number;
  readonly maximum?: number;
  readonly choices?: readonly string[];
  /** Letters of a pattern, whose `maximum` is its length. */
  readonly letters?: string;
  readonly default: string | number | boolean;
  /** Shown only when another field has one of these values. */
  readonly onlyIf?: { readonly path: string; readonly values: readonly (string | number | boolean)[] };
  /** Rarely changed: behind "more". */
  readonly advanced: boolean;
  /** 0 stands for a size that follows from other fields. */
  readonly automatic?: boolean;
}

/** A named experiment with what it is for. */
export interface Preset {
  readonly id: string;
  readonly title: string;
  readonly note: string;
  readonly experiment: ExperimentJson;
}

/** What the page may offer before any GPU is asked. */
export interface Catalogue {
  /** Version of the schema; an address or file with a higher one is refused. */
  readonly version: number;
  readonly fields: readonly FormField[];
  readonly presets: readonly Preset[];
}

/** A field that the schema refused. */
export interface FieldProblem {
  readonly path: string;
  readonly message: string;
}

/** Why something expected did not work, and what to do. */
export interface Problem {
  readonly kind:
    | 'noWebGpu'
    | 'insecureOrigin'
    | 'noAdapter'
    | 'deviceLost'
    | 'outOfMemory'
    | 'tooLarge'
    | 'invalidConfig'
    | 'invalidData'
    | 'invalidFile'
    | 'diverged'
    | 'storageFull'
    | 'newerStorage'
    | 'busy'
    | 'internal';
  readonly message: string;
  readonly fields?: readonly FieldProblem[];
}

/** Either a value or an expected failure. */
export type Result<T> =
  | { readonly kind: 'ok'; readonly value: T }
  | { readonly kind: 'problem'; readonly problem: Problem };

/** The device that the worker holds, for the device panel. */
export interface DeviceInfo {
  readonly runtime: 'gpu' | 'cpu';
  readonly vendor: string;
  readonly architecture: string;
  readonly description: string;
  /** True for a software renderer: results are right, speeds say nothing about a GPU. */
  readonly isSoftware: boolean;
  readonly features: readonly string[];
  readonly limits: readonly { readonly name: string; readonly value: number }[];
  /** Set when WebGPU could not be used and the reference loops run instead. */
  readonly fallbackReason?: Problem;
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

/** The badge: all kernels against their references. */
export interface SelfTestReport {
  readonly passed: boolean;
  readonly rows: readonly SelfTestRow[];
  readonly seconds: number;
}

/** One measured figure with its spread (half of the interquartile range over the median). */
export interface Measured {
  readonly value: number;
  readonly spread: number;
  readonly repeats: number;
}

/** Calibration of this device, for the panel and the roofline. */
export interface CalibrationReport {
  /** The quickest arithmetic seen: the roof. */
  readonly fmaFlopsPerSecond: Measured;
  /** Time of kernels while all were timed over their quickest; far above 1, or wide, the device was not steady. */
  readonly slowing: Measured;
  readonly copyBytesPerSecond: readonly { readonly bytes: number; readonly rate: Measured }[];
  readonly launchSeconds: Measured;
  readonly families: readonly {
    readonly family: string;
    readonly points: readonly {
      readonly limitSeconds: number;
      readonly seconds: Measured;
      readonly shape: string;
    }[];
  }[];
  readonly seconds: number;
  readonly timer: string;
  /** Set when the device's clock drifted meanwhile: what that means and what to do. */
  readonly warning?: string;
}

/** What a configuration should cost, before anything runs. */
export interface Prediction {
  readonly parameters: number;
  /** V of the text's tokenizer; absent in records of older versions. */
  readonly vocabulary?: number;
  readonly memoryBytes: {
    readonly weights: number;
    readonly gradients: number;
    readonly moments: number;
    readonly activations: number;
    readonly other: number;
    readonly total: number;
  };
  /** Flops of training per token by named convention; `parameters` is the N that the convention uses. */
  readonly flopsPerToken: readonly {
    readonly convention: string;
    readonly flops: number;
    readonly parameters: number;
    readonly note: string;
  }[];
  readonly tokensPerStep: number;
  /** What is expected of this device; undefined until it is calibrated. */
  readonly secondsPerStep?: number;
  /** The roofline of a step: no step can be quicker. */
  readonly limitSecondsPerStep?: number;
  readonly tokensPerSecond?: number;
  /** Relative half-width of the two figures above. */
  readonly relativeError?: number;
  readonly dispatchesPerStep: number;
  /** Seconds of the whole run as configured. */
  readonly totalSeconds?: number;
}

/** One finished training step. */
export interface StepRecord {
  readonly step: number;
  readonly tokens: number;
  readonly loss: number;
  readonly learningRate: number;
  readonly gradientNorm: number;
  /** Wall-clock seconds of this step; results that are seen together share the time that passed. */
  readonly stepSeconds: number;
  readonly tokensPerSecond: number;
  /** Planned training flops so far, multiply-add as two. */
  readonly flops: number;
  /** Seconds since the run began, pauses left out. */
  readonly seconds: number;
}

/** How the time of recent steps was spent. Seconds are medians; rates are sums over sums. */
export interface StepTiming {
  readonly encodeSeconds: number;
  readonly gpuSeconds: number;
  readonly readbackSeconds: number;
  readonly stepSeconds: number;
  readonly tokensPerSecond?: number; // absent in records of older versions
  readonly predictedSeconds?: number;
  /** Plan flops per second over the calibrated FMA peak. */
  readonly modelFlopsUtilization?: number;
  readonly peakFlopsPerSecond?: number;
}

/** State of the one run that the worker has. */
export type RunState =
  | 'idle'
  | 'preparing'
  | 'running'
  | 'paused'
  | 'finished'
  | 'stopped'
  | 'diverged'
  | 'failed';

/** Everything that happens in the worker, in one stream, batched to at most ten deliveries a second. */
export type LabEvent =
  | {
      readonly kind: 'state';
      readonly state: RunState;
      readonly message?: string;
      readonly progress?: number;
    }
  | {
      readonly kind: 'prepared';
      readonly prediction: Prediction;
      readonly allocatedBytes: number;
      readonly totalSteps: number;
      readonly floors: LossFloors;
    }
  | { readonly kind: 'steps'; readonly steps: readonly StepRecord[] }
  | {
      readonly kind: 'evaluation';
      readonly step: number;
      readonly tokens: number;
      readonly flops: number;
      readonly seconds: number;
      readonly loss: number;
    }
  | { readonly kind: 'timing'; readonly timing: StepTiming }
  | { readonly kind: 'sample'; readonly step: number; readonly text: string }
  | { readonly kind: 'saved'; readonly step: number; readonly bytes: number }
  | ExpertsEvent
  | { readonly kind: 'problem'; readonly problem: Problem };

/** Losses that need no model, in nats per token, to compare a curve with. */
export interface LossFloors {
  readonly uniform: number;
  readonly unigram: number;
  readonly bigram: number;
}

/** One row of the kernel table: prediction and measurement joined by dispatch index. */
export interface KernelRow {
  readonly index: number;
  readonly label: string;
  readonly phase: string;
  /** Term of the cost model, such as `qkv`; undefined in records of older versions. */
  readonly term?: string;
  /** Undefined for what no layer owns. */
  readonly layer?: number;
  readonly kernel: string;
  readonly shape: string;
  readonly workgroups: number;
  readonly usefulFlops: number;
  readonly launchedFlops: number;
  readonly bytes: number;
  /** Roofline seconds: no kernel can be faster. Undefined as long as the device is not calibrated. */
  readonly limitSeconds?: number;
  readonly predictedSeconds?: number;
  readonly measuredSeconds?: number;
  readonly measuredSpread?: number;
  readonly boundBy: 'arithmetic' | 'bandwidth' | 'launch' | 'unknown';
}

/** A training step's plan as a table, with how it was measured. */
export interface KernelTable {
  readonly rows: readonly KernelRow[];
  readonly method: string;
  /** Times that all rows but those of the update run in one step; 1 unless given. */
  readonly accumulation?: number;
  /** Median of the unprofiled step, where steps were taken. */
  readonly stepSeconds?: number;
  /** Sum of measured rows over the median of the unprofiled step. */
  readonly sumOverStep?: number;
}

/** Text to train on instead of a generated corpus. */
export interface OwnText {
  readonly name: string;
  readonly content: Blob;
}

/** What was found in a text, and how it begins. */
export interface TextSummary {
  readonly name: string;
  readonly bytes: number;
  readonly characters: number;
  /** Different characters: the vocabulary of the characters tokenizer. */
  readonly vocabulary: number;
  /** The first 200 characters. */
  readonly opening: string;
}

/** A file that the page offers for download. */
export interface NamedFile {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** What an address says: a preset and what differs from it, read through the schema. */
export interface AddressState {
  readonly experiment: ExperimentJson;
  readonly presetId: string;
  /** What was left out or replaced while reading, one sentence each. */
  readonly notices: readonly string[];
}

/** Everything a person can do, as asynchronous calls. One run at a time. */
export interface Lab
  extends DiagramApi,
    InsideApi,
    KernelsApi,
    LessonsApi,
    RecordsApi,
    SamplingApi,
    TermsApi,
    ValidationApi,
    ZooApi {
  /**
   * Name of a Web Lock that the worker holds as long as it lives, so that the page notices its death; undefined
   * where there are no locks.
   */
  lifeLock(): Promise<string | undefined>;
  /** Schema and presets: needs no GPU. */
  catalogue(): Promise<Catalogue>;
  /** Checks an experiment against the schema. */
  validate(experiment: ExperimentJson): Promise<Result<ExperimentJson>>;
  /** The query string (without `?`) that names this experiment: version, preset and what differs from it. */
  addressOf(experiment: ExperimentJson, presetId: string): Promise<string>;
  /** Reads a query string. Never fails: what it does not understand becomes a notice and the default. */
  fromAddress(query: string): Promise<AddressState>;
  /** Asks for a GPU; without one the answer says why and that the reference loops are used. Idempotent. */
  openDevice(): Promise<Result<DeviceInfo>>;
  /** Runs every kernel against its reference on this device. */
  selfTest(onProgress: (done: number, total: number) => void): Promise<Result<SelfTestReport>>;
  /**
   * Measures this device, or returns the figures kept for it unless `again`; with an experiment, kernels that only it runs
   * are measured too where nothing is known of them.
   */
  calibrate(
    again: boolean,
    onProgress: (fraction: number, what: string) => void,
    experiment?: ExperimentJson,
  ): Promise<Result<CalibrationReport>>;
  /** The figures kept for this device, if it was calibrated before: measures nothing. */
  keptCalibration(): Promise<CalibrationReport | undefined>;
  /** Costs of an experiment on this device, without allocating anything. */
  predict(experiment: ExperimentJson): Promise<Result<Prediction>>;
  /** Checks a text and keeps it, for `predict` and `start` of experiments whose `data.source` is `file`. */
  useText(text: OwnText): Promise<Result<TextSummary>>;
  /** The one event stream. A second call replaces the listener. `prepared` begins a new curve. */
  listen(listener: (events: readonly LabEvent[]) => void): Promise<void>;
  /** Prepares and starts a run. */
  start(experiment: ExperimentJson, text?: OwnText): Promise<Result<undefined>>;
  /** As `start`, but waits, paused, before the first step. */
  prepare(experiment: ExperimentJson, text?: OwnText): Promise<Result<undefined>>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** One step of a paused run. */
  step(): Promise<Result<undefined>>;
  stop(): Promise<void>;
  /** The plan as a table; with `measure` every dispatch is timed on a copy of the weights. */
  kernelTable(
    measure: boolean,
    onProgress: (done: number, total: number) => void,
  ): Promise<Result<KernelTable>>;
  /** Hugging Face layout, or the exact-resume checkpoint. */
  exportRun(format: 'huggingFace' | 'checkpoint'): Promise<Result<readonly NamedFile[]>>;
  /** Opens a checkpoint or a Hugging Face directory's files as a paused run. */
  importRun(
    files: readonly { readonly name: string; readonly content: Blob }[],
  ): Promise<Result<ExperimentJson>>;
  savedRuns(): Promise<readonly SavedRun[]>;
  /** Opens a saved run, paused where it was: `prepared`, then its kept curve as `steps` and `evaluation` events. */
  openSavedRun(id: string): Promise<Result<ExperimentJson>>;
  deleteSavedRun(id: string): Promise<void>;
}
