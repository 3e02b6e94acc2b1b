// The contract of serving: batches of texts, what they should take and what they took. Types only.
import type { ExperimentJson, Result } from './values.ts';

/** How weights are stored. */
export type ServedWeights = 'f32' | 'int8' | 'int4';

/** What keys and values (or latents) are kept in. */
export type ServedCache = 'f32' | 'int8';

/** Texts that come at once: each has a prompt of so many tokens and gets so many. */
export interface ServingCase {
  readonly batch: number;
  readonly prompt: number;
  readonly output: number;
}

/** Rate and waits of a batch. */
export interface ServingFigures {
  /** Tokens that all texts got, over the time from the first prompt to the last token. */
  readonly tokensPerSecond: number;
  /** From the request to the first token, the mean over the texts: prompts are run through the model one by one. */
  readonly firstTokenSeconds: number;
  /** Of one text while all are drawn from; 0 where a text gets only one token. */
  readonly betweenTokensSeconds: number;
}

/** Medians over the repeats, and the spread of the rate: half the interquartile range over the median. */
export interface MeasuredServing extends ServingFigures {
  readonly spread: number;
}

/** What decoding is held up by: the side of the roofline that most of its limit comes from. */
export type ServingBound = 'bandwidth' | 'arithmetic';

/** A prediction of serving. */
export interface ServingPrediction {
  readonly limit: ServingFigures;
  readonly expectation: ServingFigures;
  readonly bound: ServingBound;
}

/** One batch: its memory, and what is known of its time. */
export interface ServingRow extends ServingCase {
  readonly weightBytes: number;
  /** Keys and values, or latents, of all texts. */
  readonly cacheBytes: number;
  /** With activations, logits, prompts, tables and states. */
  readonly totalBytes: number;
  /** Useful flops and bytes of one token of every text, halfway through the output. */
  readonly decodeFlops: number;
  readonly decodeBytes: number;
  /** Undefined where the device is not calibrated. */
  readonly predicted?: ServingPrediction;
  readonly measured?: MeasuredServing;
}

/** What is to be served. */
export interface ServingRequest {
  /** Texts at the same time, one batch after the other. */
  readonly batches: readonly number[];
  readonly prompt: number;
  readonly output: number;
  readonly repeats: number;
  readonly weights: ServedWeights;
  readonly cache: ServedCache;
}

/** Texts with drafts and without, over repeats. */
export interface DraftedFigures {
  /** Tokens after the first, over the time that they took. */
  readonly tokensPerSecond: number;
  readonly plainTokensPerSecond: number;
  /** Median over texts and repeats of one rate over the other, which took turns. */
  readonly speedUp: number;
  readonly spread: number;
  /** Share of the drafted tokens that were looked at which stayed; 0 where none was drafted. */
  readonly acceptance: number;
  /** Tokens that a check gave, the model's own included; 0 without checks. */
  readonly tokensPerCheck: number;
  /** Share of the tokens that checks gave; the others were drawn one by one. */
  readonly checkedShare: number;
  /** What the drafter took for each check, drafts that came empty included; 0 without checks. */
  readonly draftSeconds: number;
  /**
   * Whether both texts are the same. At temperature 0 they are but for rounding: a check of many rows may add in another order
   * than a token alone does, which tells where two logits all but tie.
   */
  readonly isSame: boolean;
}

/** What a check costs and gives. */
export interface DraftPrediction {
  /** Of the model by itself. */
  readonly tokenSeconds: number;
  readonly draftSeconds: number;
  readonly checkSeconds: number;
  /** (1 − αᵏ⁺¹) ÷ (1 − α). */
  readonly tokensPerCheck: number;
  readonly speedUp: number;
}

/** What is known of a text with drafts. */
export interface DraftedServing {
  readonly weightBytes: number;
  readonly cacheBytes: number;
  /** All of the model that drafts; 0 of n-grams. */
  readonly draftBytes: number;
  readonly measured?: DraftedFigures;
  /** For the acceptance that was measured, or, where nothing is run, for these. */
  readonly predicted?: readonly (DraftPrediction & { readonly acceptance: number })[];
}

/** Who drafts for the open run, and what is written. */
export interface DraftRequest {
  /** N-grams of the text so far, or the model of a run that is kept in this browser. */
  readonly source: 'ngram' | { readonly run: string };
  /** Drafted at a time. */
  readonly draftTokens: number;
  /** Texts, which begin as held-out ones do; each is written with drafts and without. */
  readonly texts: number;
  readonly prompt: number;
  readonly output: number;
}

/** Calls about serving. */
export interface ServingApi {
  /**
   * Serves batches of random texts with new weights of an experiment's model, whose costs are those of any weights.
   * Refused while a run is training. `onRow` gets each batch as it is done.
   */
  serve(
    experiment: ExperimentJson,
    request: ServingRequest,
    onRow: (row: ServingRow) => void,
    onProgress: (fraction: number, what: string) => void,
  ): Promise<Result<number>>;
  /**
   * Writes the likeliest continuations of held-out text by the open run, with drafts and without in turns. Refused while it is
   * training, and of a draft with another tokenizer. Undefined where it was cancelled.
   */
  serveDrafts(request: DraftRequest): Promise<Result<DraftedServing | undefined>>;
  /** Ends serving after the batch in hand, and drafting before the next tokens. */
  cancelServing(): Promise<void>;
}
