// What page and worker say to each other about the search for the fastest model that is good enough.
import type { ConditionalForm } from '../laws/conditional-law.ts';
import type { ParameterCount, RunPoint } from '../laws/run-point.ts';
import type { ExperimentJson, Json, Result } from './values.ts';

/** The model that is wanted, and the shapes that are tried. */
export interface SearchWish {
  /** N of the blocks' matrices. */
  readonly parameters: number;
  /** D */
  readonly tokens: number;
  /** d / √N */
  readonly ratio: readonly number[];
  /** r */
  readonly mlpToAttention: readonly number[];
  /** Nats per token; the baseline's loss and `lossSlack` of it unless given. */
  readonly lossLimit?: number;
  readonly lossSlack: number;
  /** Tokens that are asked and answered: speed is judged by both together. */
  readonly prompt: number;
  readonly output: number;
}

/** What is asked of a search. */
export interface SearchOrder {
  /** Whose recipe the candidates follow; the ready study “shapes” unless given. */
  readonly study?: Json;
  readonly wish: SearchWish;
  /** Runs that the conditional law is fitted to. */
  readonly points: readonly RunPoint[];
  /** How they count N; as the study does unless given. */
  readonly count?: ParameterCount;
  readonly form: ConditionalForm;
  /** Names of runs that are left out of the fit. */
  readonly leaveOut: readonly string[];
  /** So many of the lowest predicted losses are trained, with Panda, Surefire and the baseline; with 0 none is. */
  readonly train: number;
  /** Chooses by the measured speed of every candidate instead of the predicted one. */
  readonly isMeasured: boolean;
}

/** One candidate, as far as it is known. */
export interface FoundShape {
  readonly experiment: ExperimentJson;
  readonly width: number;
  readonly hidden: number;
  readonly layers: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  /** N, as the law counts it. */
  readonly parameters: number;
  readonly ratio: number;
  readonly mlpToAttention: number;
  readonly predictedLoss: number;
  /** Undefined on a device that is not calibrated. */
  readonly predictedTokensPerSecond: number | undefined;
  readonly measuredTokensPerSecond: number | undefined;
  /** Nats per token, once it was trained. */
  readonly loss: number | undefined;
  /** None is both better and faster, by predicted losses. */
  readonly isOnFront: boolean;
  /** Made from another shape by giving keys and values fewer groups. */
  readonly isGrouped: boolean;
}

/** What a search has found so far. */
export interface FoundShapes {
  /** The baseline is first. */
  readonly shapes: readonly FoundShape[];
  /** Places in `shapes`: of the lowest loss, and of the fastest within the limit. */
  readonly panda: number;
  readonly surefire: number;
  readonly lossLimit: number;
  readonly isMeasured: boolean;
  /** How many were trained. */
  readonly trained: number;
  /** Rank correlation of predicted and trained losses; undefined for fewer than two. */
  readonly spearman: number | undefined;
  /** By how much Surefire is faster than the baseline, as a part. */
  readonly gain: number | undefined;
  /** What to beware of in the law that ranked them. */
  readonly warnings: readonly string[];
}

/** What happens in a search. */
export type SearchEvent =
  | { readonly kind: 'progress'; readonly what: string; readonly done: number; readonly total: number }
  | { readonly kind: 'found'; readonly found: FoundShapes };

/** Calls about the search. */
export interface SearchApi {
  /** Searches, with the device alone. An end by `stopSearch` gives what was found until then. */
  searchShapes(order: SearchOrder, onEvent: (event: SearchEvent) => void): Promise<Result<FoundShapes>>;
  /** Ends the search after the work in hand. */
  stopSearch(): Promise<void>;
}
