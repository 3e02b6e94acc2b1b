// What a text is asked for and what came of it, with the checks of a request.

/** How tokens are drawn. */
export interface SamplingOptions {
  readonly maximumTokens: number;
  /** 0 takes the most likely token. */
  readonly temperature: number;
  /** 0 keeps all. */
  readonly topK: number;
  /** 1 keeps all. */
  readonly topP: number;
  readonly seed: number;
  /** Only tokens below this id are drawn, such as those that the tokenizer has; all unless given. */
  readonly drawable?: number;
  /** False runs the whole text through the model for every token. */
  readonly useCache?: boolean;
  /** False refuses a prompt that is longer than the context, of which the end is taken otherwise. */
  readonly cutsPrompt?: boolean;
  /**
   * State of the weights, such as the step of their training: a text that begins as the last one of the same state goes on from
   * its cache, where the sampler has one slot. Without it, every prompt is run through the model.
   */
  readonly weightsVersion?: number;
  /** Gets new tokens as they come; return false to stop. */
  readonly onTokens?: (tokens: readonly number[]) => boolean;
  /** Ends the text, waiting or running, before its next tokens. */
  readonly signal?: AbortSignal;
}

/** Why a text is over: it has its tokens, `onTokens` or `signal` ended it, or the model's numbers failed. */
export type GenerationEnd = 'length' | 'stopped' | 'cancelled' | 'notFinite';

/** What came of drafts; all 0 where nobody drafts. */
export interface DraftCounts {
  /** Passes of the model that checked a draft. */
  readonly checks: number;
  readonly draftedTokens: number;
  /** Those that were looked at: what stands behind a token that is not accepted is dropped unseen. */
  readonly examinedTokens: number;
  readonly acceptedTokens: number;
  /** What decoding took for drafts alone, those that came empty included. */
  readonly draftSeconds: number;
}

/** What was generated and how fast. */
export interface Generation extends DraftCounts {
  readonly tokens: readonly number[];
  readonly end: GenerationEnd;
  /** What went wrong, in a sentence, where `end` is notFinite. */
  readonly problem?: string;
  /** From the request to its first token, waiting included; undefined where there is none. */
  readonly firstTokenSeconds?: number;
  /** Tokens of prompts that were run through the model. */
  readonly prefillTokens: number;
  /** Tokens of prompts whose keys and values were in the cache. */
  readonly reusedTokens: number;
  readonly prefillSeconds: number;
  readonly decodedTokens: number;
  /** Of the bursts that this text took part in, whatever others drew in them. */
  readonly decodeSeconds: number;
}

/** @throws on an empty prompt, an id outside the vocabulary, or a prompt longer than the context that may not be cut */
export function checkPrompt(
  prompt: readonly number[],
  { vocabulary, context }: { readonly vocabulary: number; readonly context: number },
  { cutsPrompt = true }: Pick<SamplingOptions, 'cutsPrompt'>,
): void {
  if (prompt.length === 0) throw new Error('sampler: the prompt is empty. Give at least one token.');
  const position = prompt.findIndex((token) => !Number.isInteger(token) || token < 0 || token >= vocabulary);
  if (position >= 0) {
    throw new Error(
      `sampler: token ${prompt[position]} at position ${position} is not in the vocabulary of ${vocabulary}. ` +
        `Use 0 to ${vocabulary - 1}.`,
    );
  }
  if (!cutsPrompt && prompt.length > context) {
    throw new Error(
      `sampler: the prompt has ${prompt.length} tokens, more than the context of ${context}. Shorten it.`,
    );
  }
}

/** @throws where a setting makes no sense */
export function checkOptions(options: SamplingOptions): void {
  const { maximumTokens, temperature, topK, topP, seed, drawable = 1 } = options;
  const problem = !(Number.isInteger(maximumTokens) && maximumTokens >= 0)
    ? `maximumTokens is ${maximumTokens}. Use a whole number from 0.`
    : !(temperature >= 0 && Number.isFinite(temperature))
      ? `temperature is ${temperature}. Use 0 or more.`
      : !(Number.isInteger(topK) && topK >= 0)
        ? `topK is ${topK}. Use a whole number; 0 keeps all.`
        : !(topP > 0 && topP <= 1)
          ? `topP is ${topP}. Use a number above 0 and up to 1.`
          : !(Number.isInteger(seed) && seed >= 0)
            ? `seed is ${seed}. Use a whole number from 0.`
            : !(Number.isInteger(drawable) && drawable >= 1)
              ? `drawable is ${drawable}. Use a whole number from 1, or leave it out.`
              : undefined;
  if (problem) throw new Error(`sampler: ${problem}`);
}
