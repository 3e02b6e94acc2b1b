// The one run that the worker has: what it should cost, and the events of its life.
import type { CalibrationReport } from './device.ts';
import type { ExpertsEvent } from './inside.ts';

import type { ExperimentJson, NamedFile, Problem, Result } from './values.ts';

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
  /** They rest on a calibration of a few seconds. */
  readonly isQuick?: boolean;
  readonly dispatchesPerStep: number;
  /** Seconds of the whole run as configured. */
  readonly totalSeconds?: number;
}

/** A run as files: Hugging Face's layout, the checkpoint that goes on here, or a folder that goes on in PyTorch. */
export type ExportFormat = 'huggingFace' | 'checkpoint' | 'continuation';

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
      /** Under which the run is kept, and what a person calls it. */
      readonly id: string;
      readonly title: string;
      /** Rows of the vocabulary that the tokenizer has no token for. */
      readonly unknownTokens: number;
      /** Whether it can be talked with: its tokenizer has a chat template. */
      readonly hasChat?: boolean;
      readonly prediction: Prediction;
      readonly allocatedBytes: number;
      readonly totalSteps: number;
      readonly floors: LossFloors;
      /** Absent where the text is not known. */
      readonly bytesPerToken?: BytesPerToken;
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
  | {
      readonly kind: 'sample';
      readonly step: number;
      readonly text: string;
      /** The text token by token, where tokens are more than characters. */
      readonly pieces?: readonly string[];
    }
  | { readonly kind: 'saved'; readonly step: number; readonly bytes: number }
  | ExpertsEvent
  /** What computes is no longer what was opened: fewer threads. To be opened again, which says what it is now. */
  | { readonly kind: 'deviceChanged' }
  /** More of the device was measured while the run trained. */
  | { readonly kind: 'calibrated'; readonly report: CalibrationReport }
  | { readonly kind: 'problem'; readonly problem: Problem };

/** Losses that need no model, in nats per token, to compare a curve with. */
export interface LossFloors {
  readonly uniform: number;
  readonly unigram: number;
  readonly bigram: number;
}

/** Mean bytes of UTF-8 of a token of each split: what a loss in nats per token is divided by for bits per byte. */
export interface BytesPerToken {
  readonly training: number;
  readonly validation: number;
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

/** A run that was opened, paused where it was, and what should be known of it, a sentence each. */
export interface OpenedRun {
  readonly experiment: ExperimentJson;
  readonly notes: readonly string[];
}

/** Calls about the one run. */
export interface RunApi {
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
  /** Files to keep. */
  exportRun(format: ExportFormat): Promise<Result<readonly NamedFile[]>>;
  /** Opens a checkpoint or a Hugging Face directory's files as a paused run. */
  importRun(files: readonly { readonly name: string; readonly content: Blob }[]): Promise<Result<OpenedRun>>;
  savedRuns(): Promise<readonly SavedRun[]>;
  /** Opens a saved run, paused where it was: `prepared`, then its kept curve as `steps` and `evaluation` events. */
  openSavedRun(id: string): Promise<Result<OpenedRun>>;
  /** Gives the open run so many steps in all: it waits, paused, where it is. */
  extendRun(steps: number): Promise<Result<OpenedRun>>;
  /** Opens a copy of the open run under a name of its own, with other settings of training; the run itself is kept as it is. */
  forkRun(experiment: ExperimentJson): Promise<Result<OpenedRun>>;
  /** Saves the run that is open, between two steps, if it has steps that are not saved. */
  saveRun(): Promise<void>;
  /** Refused while another tab has the run open. */
  deleteSavedRun(id: string): Promise<Result<undefined>>;
}

/** A run kept in this browser that can be gone on with. */
export interface SavedRun {
  readonly id: string;
  readonly title: string;
  readonly savedAt: string;
  readonly step: number;
  readonly totalSteps: number;
  readonly loss: number;
  readonly bytes: number;
  /** Another tab of this browser has it open: it is that tab's to train, rename and delete. */
  readonly isElsewhere?: boolean;
}
