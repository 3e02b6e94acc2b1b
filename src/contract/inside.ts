// The part of the contract about looking inside the present run: attention, losses by position, experts. Types only.
import type { LessonFigure } from './lessons.ts';
import type { Result } from './values.ts';

/** A text to be read by the model as it is now. */
export interface ReadingRequest {
  /** Empty takes an excerpt of the held-out text. What does not fit the context, or 256 tokens, is left out. */
  readonly text: string;
  /** Layer whose attention is wanted in full, from 0. */
  readonly layer: number;
}

/** What one head does over the whole text. */
export interface HeadReading {
  /** From 0. */
  readonly layer: number;
  /** Query head, from 0. */
  readonly head: number;
  /** Mean over the queries of Σ p·(query − key), tokens. */
  readonly distance: number;
  /** Mean share that no key gets: the attention sink's. 0 where the model has none. */
  readonly sinkShare: number;
}

/** Which experts every token took in one layer. */
export interface RouteReading {
  /** From 0, counted over all layers. */
  readonly layer: number;
  /** E */
  readonly experts: number;
  /** K */
  readonly perToken: number;
  /** [T, K]: experts of each token, best first. */
  readonly selected: readonly number[];
  /** [T, K]: what their outputs are weighted with. */
  readonly weights: readonly number[];
}

/** One text as the model reads it. */
export interface TextReading {
  /** Step of the weights. */
  readonly step: number;
  /** What was read. */
  readonly text: string;
  /** Tokens at its end that did not fit. */
  readonly leftOut: number;
  /** T names, spaces and line ends as signs. */
  readonly tokens: readonly string[];
  /** [T − 1]: loss of the second token and of each after it, nats. */
  readonly losses: readonly number[];
  /** Layer of the maps, from 0. */
  readonly layer: number;
  /** L */
  readonly layers: number;
  /** Tokens that each layer sees, the token itself included; undefined where it sees all. */
  readonly windows: readonly (number | undefined)[];
  /** Probabilities of each head of that layer, [T, T], queries by keys. */
  readonly maps: readonly Float32Array[];
  /** Heads of all layers; of that layer alone where all would take too much memory. */
  readonly heads: readonly HeadReading[];
  /** Layers with experts, in order; empty for a dense model. */
  readonly routes: readonly RouteReading[];
}

/** Mean loss at every position of the context, on the held-out batches of the run's evaluation. */
export interface PositionLosses {
  /** Step of the weights. */
  readonly step: number;
  /** Windows of held-out text. */
  readonly windows: number;
  /** Mean over all positions that count: the evaluation's loss. */
  readonly loss: number;
  /** [T]: nats; undefined where no target counts. */
  readonly means: readonly (number | undefined)[];
  /** [T]: standard error of the means, nats. */
  readonly errors: readonly number[];
}

/** What the routers of one layer did over some steps of training. */
export interface ExpertLoad {
  readonly layer: number;
  readonly tokens: number;
  /** [E]: choices of each expert, the dropped included; they sum to tokens · K. */
  readonly load: readonly number[];
  /** Choices that found their expert full. */
  readonly dropped: number;
  /** Mean entropy of a token's scores, nats. */
  readonly entropy: number;
  /** E · Σ f·P: 1 if balanced, up to E if one expert takes all. The balance loss is this times its weight. */
  readonly balance: number;
}

/** The routers over the steps (from, step]. */
export interface ExpertSample {
  readonly from: number;
  readonly step: number;
  readonly layers: readonly ExpertLoad[];
}

/** A router that sends nearly all tokens to the same experts. */
export interface CollapsedRouter {
  readonly layer: number;
  /** Steps that were judged. */
  readonly steps: number;
  /** A sentence with the figures. */
  readonly why: string;
}

/** Sent at evaluations, and when somebody looks. */
export interface ExpertsEvent {
  readonly kind: 'experts';
  readonly step: number;
  readonly sample: ExpertSample;
  readonly collapsed: readonly CollapsedRouter[];
}

/** The routers since the run was opened; long runs are thinned to real samples. */
export interface ExpertHistory {
  /** E; 0 for a dense model. */
  readonly experts: number;
  /** K */
  readonly perToken: number;
  /** Weight of the balance loss; 0 for none. */
  readonly balanceLoss: number;
  readonly samples: readonly ExpertSample[];
  readonly collapsed: readonly CollapsedRouter[];
  /** What counts as collapsed, in words. */
  readonly rule: string;
}

/** How often an expert took something. */
export interface TakenPiece {
  readonly name: string;
  /** Times that it went to this expert. */
  readonly count: number;
  /** Part of all its choices that went there. */
  readonly share: number;
}

/** What one expert takes. */
export interface ExpertTaste {
  readonly expert: number;
  /** Part of all choices of its layer. */
  readonly share: number;
  /** Most taken first. */
  readonly tokens: readonly TakenPiece[];
  readonly words: readonly TakenPiece[];
}

/** What the experts take of held-out text. */
export interface ExpertTastes {
  /** Step of the weights. */
  readonly step: number;
  /** Tokens that were routed. */
  readonly tokens: number;
  readonly layers: readonly { readonly layer: number; readonly experts: readonly ExpertTaste[] }[];
}

/** Which attention of the open run to look at. */
export interface AttentionRequest {
  /** A short text in the run's alphabet. */
  readonly text: string;
  /** Layer and head, from 0. */
  readonly layer: number;
  readonly head: number;
}

/** Looks inside the run that is open. All wait for the steps in flight; nothing is computed unless it is asked for. */
export interface InsideApi {
  /** One head's attention matrix over a text, by the weights of the open run as they are between two steps. */
  attentionMap(request: AttentionRequest): Promise<Result<LessonFigure>>;
  readText(request: ReadingRequest): Promise<Result<TextReading>>;
  positionLosses(): Promise<Result<PositionLosses>>;
  /** Takes what the routers did since it was last asked into the history, and gives all of it. */
  expertHistory(): Promise<Result<ExpertHistory>>;
  expertTastes(): Promise<Result<ExpertTastes>>;
}
