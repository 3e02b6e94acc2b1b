// The contract's part on run records: what one run was, and what several have in common. Types only.

import type { PositionLosses, TextReading } from './inside.ts';
import type { KernelTable } from './kernels.ts';
import type {
  BytesPerToken,
  LossFloors,
  Prediction,
  RunState,
  SavedRun,
  StepRecord,
  StepTiming,
} from './runs.ts';
import type { ServedWeights, ServingRequest, ServingRow } from './serving.ts';
import type { ValidationRow } from './validation.ts';
import type { ExperimentJson, Measured, Result } from './values.ts';

/** Held-out loss at one moment of a run. */
export interface RecordedEvaluation {
  readonly step: number;
  readonly tokens: number;
  readonly flops: number;
  readonly seconds: number;
  readonly loss: number;
}

/** What a run was measured on. */
export interface RecordedDevice {
  readonly runtime: 'gpu' | 'wasm' | 'cpu';
  /** In words, such as `Apple M3`. */
  readonly name: string;
  readonly vendor?: string;
  readonly architecture?: string;
  /** True for a software renderer or the reference loops: speeds say nothing about a GPU. */
  readonly isSoftware: boolean;
  /** Browser or Node with its version. */
  readonly host: string;
  readonly features?: readonly string[];
}

/** The device's calibrated peaks, against which utilisation counts. */
export interface RecordedCalibration {
  readonly fmaFlopsPerSecond: Measured;
  readonly copyBytesPerSecond: readonly { readonly bytes: number; readonly rate: Measured }[];
  readonly launchSeconds: Measured;
  /** Kernels whose slowdown was measured. */
  readonly kernels: number;
  readonly timer: string;
}

/** One run as one JSON file. What is optional, a recording may lack. Seeds are in `experiment.train.seeds`. */
export interface RunRecord {
  readonly format: 'flopscope-run';
  /** Version of this format; a reader refuses a newer one. */
  readonly version: 1;
  readonly appVersion: string;
  readonly id: string;
  readonly title: string;
  readonly presetId?: string;
  /** What a person wrote of it, or how it was made. */
  readonly note?: string;
  /** ISO date of the preparation. */
  readonly startedAt: string;
  readonly state: Exclude<RunState, 'idle' | 'preparing'>;
  /** What ended it, where it did not simply finish. */
  readonly message?: string;
  /** Version of the configuration's schema. */
  readonly configVersion: number;
  readonly experiment: ExperimentJson;
  /** SHA-256 of the text. */
  readonly dataSha256?: string;
  readonly device: RecordedDevice;
  readonly calibration?: RecordedCalibration;
  readonly prediction?: Prediction;
  /** Bytes that the runtime took for tensors. */
  readonly allocatedBytes?: number;
  readonly totalSteps: number;
  readonly floors?: LossFloors;
  /** Absent in records of older versions. */
  readonly bytesPerToken?: BytesPerToken;
  /** How the seconds of the steps were measured. */
  readonly timingMethod: string;
  /** Medians of the last steps. */
  readonly timing?: StepTiming;
  /** Thinned out for long runs: the first, the last, that of least loss, and evenly between. Each is a real step. */
  readonly steps: readonly StepRecord[];
  readonly evaluations: readonly RecordedEvaluation[];
  readonly samples: readonly { readonly step: number; readonly text: string }[];
  readonly kernelTable?: KernelTable;
}

/** What ships with the page for a room's first visit: a file of its own, which only the room that shows it fetches. */
interface Recording {
  readonly version: 1;
  /** ISO date. */
  readonly recordedAt: string;
  readonly device: RecordedDevice;
}

/** What is seen inside a recorded run at its end. */
export interface RecordedInside extends Recording {
  readonly format: 'flopscope-inside';
  /** Of the run. */
  readonly title: string;
  /** When the run was prepared, by which others of the same settings are told from it; absent where it was not noted. */
  readonly startedAt?: string;
  /** One text, read for the maps of each layer: each head's as its lower triangle, row after row. */
  readonly readings: readonly (Omit<TextReading, 'maps'> & {
    readonly triangles: readonly (readonly number[])[];
  })[];
  readonly losses: PositionLosses;
}

/** Models of the small grid of a validation. */
export interface RecordedValidation extends Recording {
  readonly format: 'flopscope-validation';
  readonly rows: readonly ValidationRow[];
}

/** One model served in batches, with its weights in several formats. */
export interface RecordedServing extends Recording {
  readonly format: 'flopscope-serving';
  /** Of the model. */
  readonly title: string;
  readonly parameters: number;
  /** What was asked for each time. */
  readonly request: Omit<ServingRequest, 'weights'>;
  readonly sweeps: readonly ServingSweep[];
}

/** Batches in the order of their sizes, of a model whose weights are kept so. */
export interface ServingSweep {
  readonly weights: ServedWeights;
  readonly rows: readonly ServingRow[];
}

/** What a list says of a run; what its record lacks is absent. */
export interface RunSummary {
  readonly note?: string;
  /** The preset that it is most like. */
  readonly preset?: string;
  /** All that is other than in that preset, seeds and text too, each as `width 96→128`. */
  readonly settings?: readonly string[];
  /** Some of it in one line, which older versions kept in place of both. */
  readonly changes?: string;
  readonly device?: string;
  /** The last one. */
  readonly validationLoss?: number;
  /** Of the whole run. */
  readonly tokensPerSecond?: number;
}

/** A run that is kept in this browser, with or without a checkpoint to go on from. */
export interface KeptRun extends SavedRun, RunSummary {
  readonly state: RunRecord['state'];
  /** False where only the record is left. */
  readonly canContinue: boolean;
}

/** One quantity of a run, predicted beside measured. */
export interface ComparedFigure {
  readonly quantity: string;
  readonly unit: string;
  readonly predicted?: number;
  readonly measured?: number;
}

/** One run of a comparison. */
export interface ComparedRun {
  readonly title: string;
  /** In which settings it is not the first run, in one line; empty for the first. */
  readonly differences: string;
  readonly device: string;
  /** The same quantities in the same order for every run. */
  readonly figures: readonly ComparedFigure[];
}

/** Runs on record. */
export interface RecordsApi {
  /** All runs of this browser, newest first. */
  keptRuns(): Promise<readonly KeptRun[]>;
  /** The record of a kept run, or of the open one, up to its newest step. */
  runRecord(id: string): Promise<Result<RunRecord>>;
  /** Reads a record file of any origin. */
  readRecord(file: Blob): Promise<Result<RunRecord>>;
  /** Keeps a record that came from a file. The answer is its id here. */
  keepRecord(record: RunRecord): Promise<Result<string>>;
  /** The answer is its name now: with a number behind it where another run has the name that was given. */
  renameRun(id: string, title: string): Promise<Result<string>>;
  /** Writes a note on a run; an empty one takes it away. */
  noteRun(id: string, note: string): Promise<Result<undefined>>;
  /** Differences and figures of several runs, the first being what the others are compared with. */
  compareRecords(records: readonly RunRecord[]): Promise<Result<readonly ComparedRun[]>>;
  /** The same as one HTML file that needs nothing else. */
  recordsReport(records: readonly RunRecord[]): Promise<Result<string>>;
}
