// The contract of sampling from the run's weights. Types only.
import type { Result } from './values.ts';

/** What the sampler is asked for. */
export interface SampleRequest {
  readonly prompt: string;
  readonly maximumTokens: number;
  /** 0 picks the most likely token. */
  readonly temperature: number;
  /** 0 keeps all. */
  readonly topK: number;
  /** 1 keeps all. */
  readonly topP: number;
  readonly seed: number;
  /** Draws only tokens that the tokenizer has, where the model has more rows than that. */
  readonly knownTokens?: boolean;
}

/** What sampling took. */
export interface SampleReport {
  readonly text: string;
  /** What follows the prompt token by token, where tokens are more than characters. */
  readonly pieces?: readonly string[];
  readonly tokens: number;
  readonly prefillTokensPerSecond: number;
  readonly decodeTokensPerSecond: number;
}

/** Calls of the sampler. */
export interface SamplingApi {
  /** Samples from the run's current weights, between steps. `onText` gets the text so far. */
  sample(request: SampleRequest, onText: (text: string) => void): Promise<Result<SampleReport>>;
  cancelSample(): Promise<void>;
}
