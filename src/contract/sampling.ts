// The contract of sampling from the run's weights. Types only.
import type { Result } from './values.ts';

/** One turn of a conversation. */
export interface ChatTurn {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** What the sampler is asked for. */
export interface SampleRequest {
  readonly prompt: string;
  /** A conversation whose last turn is to be answered by the model's chat template; the prompt does not count then. */
  readonly messages?: readonly ChatTurn[];
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

/** What is asked of the next token alone. */
export type NextRequest = Pick<SampleRequest, 'prompt' | 'knownTokens'>;

/** What sampling took. */
export interface SampleReport {
  readonly text: string;
  /** What follows the prompt token by token, where tokens are more than characters. */
  readonly pieces?: readonly string[];
  readonly tokens: number;
  /** Of a conversation: whether the model ended its answer, and turns that were left out to fit the context. */
  readonly chat?: { readonly isEnded: boolean; readonly dropped: number };
  /** Tokens of the prompt that the cache still held from the text before: they were not run through the model again. */
  readonly reusedTokens: number;
  readonly prefillTokensPerSecond: number;
  readonly decodeTokensPerSecond: number;
}

/** What the model would write after a text. */
export interface NextTokens {
  /** Step of the weights. */
  readonly step: number;
  /** [V] of the tokens that may be drawn: the dials make probabilities of them. */
  readonly logits: Float32Array;
  /** The likeliest first: the order is the same at every temperature. */
  readonly likeliest: readonly {
    /** Spaces and line ends as signs. */
    readonly name: string;
    /** What it adds to the text. */
    readonly text: string;
  }[];
}

/** How often the model's likeliest answer was right to the last character. */
export interface AnswerReport {
  /** Step of the weights. */
  readonly step: number;
  readonly correct: number;
  readonly questions: number;
  /** By what was asked for: the operation. */
  readonly kinds: Readonly<Record<string, { readonly correct: number; readonly questions: number }>>;
  /** Those of the questions that stand, with their answers, in the text of training too: short ones occur by chance. */
  readonly seen: { readonly correct: number; readonly questions: number };
  /** The run's last loss on held-out text before these answers. */
  readonly validation?: { readonly step: number; readonly loss: number };
  /** The first of them. */
  readonly examples: readonly {
    readonly question: string;
    readonly answer: string;
    readonly written: string;
  }[];
}

/** Calls of the sampler. */
export interface SamplingApi {
  /** Samples from the run's current weights, between steps. `onText` gets the text so far. */
  sample(request: SampleRequest, onText: (text: string) => void): Promise<Result<SampleReport>>;
  /** The logits after a text, from the run's current weights, between steps: one pass over the text. */
  nextTokens(request: NextRequest): Promise<Result<NextTokens>>;
  /** Asks the run's current weights questions of its held-out text, between steps: lines such as "37+48=85". */
  askAnswers(): Promise<Result<AnswerReport>>;
  cancelSample(): Promise<void>;
}
