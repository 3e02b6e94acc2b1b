// The contract of scaling laws: studies planned, run and kept, laws fitted to runs. Types only; what a law is, src/laws says.
import type { FitRequest, LawReport } from '../laws/report.ts';
import type { ParameterCount, RunPoint } from '../laws/run-point.ts';
import type { RunsTable } from '../laws/runs-table.ts';
import type { ExperimentJson, Json, Result } from './values.ts';

/** A study as a file has it; `src/lab/studies/study.ts` says what is in it. */
export type StudyJson = { readonly [key: string]: Json };

/** A study that is ready to be planned. */
export interface ReadyStudy {
  readonly name: string;
  readonly note: string;
  readonly study: StudyJson;
}

/** One run of a planned study with what it will cost here. */
export interface PlannedStudyRun {
  /** The same on every machine: it names the experiment. */
  readonly run: string;
  /** N, as the study counts it. */
  readonly parameters: number;
  /** N by every way to count. */
  readonly counts: Readonly<Record<ParameterCount, number>>;
  /** D */
  readonly tokens: number;
  /** C that an IsoFLOP curve shares, where the study says so. */
  readonly budget: number | undefined;
  /** Runs with one trunk share their stable phase, and its noise. */
  readonly trunk: string;
  readonly width: number;
  /** d / √N */
  readonly ratio: number;
  /** r */
  readonly mlpToAttention: number;
  readonly layers: number;
  readonly seed: number;
  /** Peak of the schedule. */
  readonly learningRate: number;
  /** Of the whole run; what its trunk has trained already is among them. */
  readonly steps: number;
  /** What it adds to its trunk; undefined where nothing is known of the device. */
  readonly predictedSeconds: number | undefined;
  readonly predictedBytes: number;
  /** Useful flops by the plan, beyond its trunk. */
  readonly flops: number;
}

/** A run of a study that is over. */
export interface StudyRow {
  readonly run: string;
  readonly status: 'finished' | 'diverged' | 'stopped' | 'failed';
  /** Validation loss in nats per token; undefined unless finished. */
  readonly loss: number | undefined;
  /** Wall time of this run's own steps and evaluation. */
  readonly seconds: number;
  /** What went wrong. */
  readonly message?: string;
}

/** A study on this device. */
export interface PlannedStudy {
  /** Of all its runs: a study with the same runs goes on where another left off. */
  readonly id: string;
  readonly name: string;
  readonly note: string;
  readonly study: StudyJson;
  /** In the order in which they run. */
  readonly runs: readonly PlannedStudyRun[];
  /** Runs that will not be made, and by which rule. */
  readonly dropped: readonly {
    readonly parameters: number;
    readonly tokens: number;
    readonly reason: string;
  }[];
  readonly predictedSeconds: number | undefined;
  /** How the seconds are known: kernel by kernel, or by the rate of one small model. */
  readonly basis: 'calibration' | 'rate' | 'none';
  readonly flops: number;
  /** Why losses on its text follow no law; empty where they may. */
  readonly textWarning: string;
  /** Rows kept from before. */
  readonly rows: readonly StudyRow[];
}

/** A study of which this browser keeps rows. */
export interface KeptStudy {
  readonly id: string;
  readonly name: string;
  readonly study: StudyJson;
  /** Rows that are there. */
  readonly done: number;
  readonly runs: number;
  /** ISO 8601. */
  readonly savedAt: string;
}

/** What happens in a study that runs. */
export type StudyEvent =
  | { readonly kind: 'preparing'; readonly what: string }
  | {
      readonly kind: 'step';
      readonly run: string;
      readonly step: number;
      readonly steps: number;
      /** Training loss. */
      readonly loss: number;
    }
  | { readonly kind: 'row'; readonly row: StudyRow };

/** How a study ended, or was paused. */
export interface StudyEnd {
  /** False after a pause. */
  readonly isWhole: boolean;
  /** Rows that this browser could not keep: they hold for this visit. */
  readonly isKept: boolean;
  readonly seconds: number;
  /** Part of the time in which nothing was trained or evaluated. */
  readonly idleShare: number;
}

/** Calls about studies and laws. */
export interface LawsApi {
  readyStudies(): Promise<readonly ReadyStudy[]>;
  /** Expands a study and predicts its runs on this device. Trains nothing. @param name how errors call it */
  planStudy(study: Json, name: string): Promise<Result<PlannedStudy>>;
  /**
   * Runs what is left of the study that was planned last with this id, on the text of the page where it wants one.
   * Refused while a run is training.
   */
  runStudy(id: string, onEvent: (event: StudyEvent) => void): Promise<Result<StudyEnd>>;
  /** Ends the study after the steps in flight; the run in hand is made again. */
  pauseStudy(): Promise<void>;
  /** Studies with rows in this browser, newest first. */
  keptStudies(): Promise<readonly KeptStudy[]>;
  deleteStudy(id: string): Promise<Result<undefined>>;
  /** The rows of a planned study as CSV, which `flopscope fit` and other programs read. */
  studyTable(id: string): Promise<Result<string>>;
  /** Reads a CSV of anybody's runs. */
  readRuns(name: string, text: string): Promise<Result<RunsTable>>;
  /** Fits a law, in a thread of its own. */
  fitRuns(points: readonly RunPoint[], request: FitRequest): Promise<Result<LawReport>>;
  cancelFit(): Promise<void>;
  /**
   * An experiment of so many parameters and tokens: the study's run nearest in size, its width solved anew.
   * @param study whose recipe it follows; the ready study “minute” unless given
   * @param count how `parameters` are counted; as the study counts unless given
   */
  experimentOfSize(
    parameters: number,
    tokens: number,
    study?: Json,
    count?: ParameterCount,
  ): Promise<Result<ExperimentJson>>;
}
