// Generates tokens: one prefill of the prompt, then bursts of decoded tokens that stay on the GPU in between.
import type { Scalars } from '../../plan/kernel.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { decodeBurst, type InferencePlans } from '../plans/inference-plans.ts';

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
  /** Gets new tokens as they come; return false to stop. */
  readonly onTokens?: (tokens: readonly number[]) => boolean;
}

/** What was generated and how fast. */
export interface Generation {
  readonly tokens: readonly number[];
  readonly prefillTokens: number;
  readonly prefillSeconds: number;
  readonly decodedTokens: number;
  readonly decodeSeconds: number;
}

/** Draws tokens with one set of plans on one runtime. Does not touch weights. */
export class Sampler {
  readonly #runtime: Runtime;
  readonly #plans: InferencePlans;

  constructor(runtime: Runtime, plans: InferencePlans) {
    this.#runtime = runtime;
    this.#plans = plans;
  }

  /**
   * Continues a prompt. When the context is full, the last half of it is prefilled again.
   * @param prompt token ids; at least one
   * @throws on an empty prompt or an id outside the vocabulary.
   */
  async generate(prompt: readonly number[], options: SamplingOptions): Promise<Generation> {
    const { vocabulary, context } = this.#plans.model.config;
    checkPrompt(prompt, vocabulary);
    checkOptions(options);
    const text = [...prompt];
    const produced: number[] = [];
    let prefillTokens = 0;
    let prefillSeconds = 0;
    let decodeSeconds = 0;
    let decodedTokens = 0;
    let wantsMore = options.maximumTokens > 0;
    const accept = (tokens: readonly number[]) => {
      const fresh = tokens.slice(0, options.maximumTokens - produced.length);
      produced.push(...fresh);
      text.push(...fresh);
      if (options.onTokens?.(fresh) === false || produced.length >= options.maximumTokens) wantsMore = false;
      return fresh.length;
    };
    // A copy: the text grows while the window is decoded from.
    let window = text.slice(-context);
    while (wantsMore) {
      const start = performance.now();
      accept([await this.#prefill(window, produced.length, options)]);
      const seconds = (performance.now() - start) / 1000;
      prefillSeconds += seconds;
      prefillTokens += window.length;
      let position = window.length;
      while (wantsMore && options.useCache !== false && position < context) {
        const burst = Math.min(decodeBurst, context - position, options.maximumTokens - produced.length);
        const burstStart = performance.now();
        const last = text.at(-1) ?? 0;
        decodedTokens += accept(await this.#decode(position, last, produced.length, burst, options));
        decodeSeconds += (performance.now() - burstStart) / 1000;
        position += burst;
      }
      window =
        options.useCache === false ? text.slice(-context) : text.slice(-Math.max(1, Math.floor(context / 2)));
      if (options.useCache === false) {
        decodedTokens++;
        decodeSeconds += seconds;
      }
    }
    return { tokens: produced, prefillTokens, prefillSeconds, decodedTokens, decodeSeconds };
  }

  /** Fills the caches and draws the first new token. `counter` numbers the draw. */
  async #prefill(tokens: readonly number[], counter: number, options: SamplingOptions): Promise<number> {
    const { state, output } = this.#plans;
    const bucket = this.#plans.prefill.find((plan) => plan.length >= tokens.length);
    if (!bucket) throw new Error(`sampler: ${tokens.length} tokens do not fit the context. Pass fewer.`);
    const padded = new Uint32Array(bucket.length + 1);
    padded.set(tokens);
    this.#runtime.write(bucket.tokens, padded);
    this.#runtime.write(state, Uint32Array.of(tokens.length - 1, 0, counter, 0));
    const scalars = samplingScalars(options, tokens.length);
    const submission = await this.#runtime.submit([{ plan: bucket.plan, scalars }], [output]);
    return (await submission.done)[0]?.[0] ?? 0;
  }

  async #decode(
    position: number,
    token: number,
    counter: number,
    count: number,
    options: SamplingOptions,
  ): Promise<number[]> {
    const { state, output, decode } = this.#plans;
    this.#runtime.write(state, Uint32Array.of(position, token, counter, 0));
    const replays = Array.from({ length: count }, (_, index) => ({
      plan: decode,
      scalars: { ...samplingScalars(options, 1), position: position + index },
    }));
    const submission = await this.#runtime.submit(replays, [output]);
    return [...((await submission.done)[0] ?? [])].slice(0, count);
  }
}

/** The step record of a draw. Its counts have 32 bits: any that is larger than a vocabulary can be keeps all. */
function samplingScalars(options: SamplingOptions, length: number): Scalars {
  const { temperature, topP, seed } = options;
  const [topK, drawable] = [options.topK, options.drawable ?? 0].map((count) => Math.min(count, 0xffff_ffff));
  return { length, samplingSeed: seed >>> 0, temperature, topK: topK ?? 0, topP, drawable: drawable ?? 0 };
}

function checkPrompt(prompt: readonly number[], vocabulary: number): void {
  if (prompt.length === 0) throw new Error('sampler: the prompt is empty. Give at least one token.');
  const position = prompt.findIndex((token) => !Number.isInteger(token) || token < 0 || token >= vocabulary);
  if (position >= 0) {
    throw new Error(
      `sampler: token ${prompt[position]} at position ${position} is not in the vocabulary of ${vocabulary}. ` +
        `Use 0 to ${vocabulary - 1}.`,
    );
  }
}

function checkOptions(options: SamplingOptions): void {
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
