// Who drafts the next tokens of a text: a small model with a cache of its own, or what followed the last few tokens before.
import { noToken, packSettings } from '../../kernels/sample.ts';
import type { NumberArray } from '../../plan/kernel.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { decodeBurst, type InferencePlans } from '../plans/inference-plans.ts';
import type { Draft, Drawing } from './acceptance.ts';

/** Proposes tokens; what it proposes changes how fast a text is drawn, and not how it is distributed. */
export interface Drafter {
  /**
   * @param text what the model sees, at least two tokens
   * @param count tokens wanted, 1 to 15; fewer may come
   */
  draft(text: readonly number[], count: number, drawing: Drawing): Promise<Draft>;
}

/** Tokens that can be drafted at a time: a burst, less the one that the model adds. */
export const mostDrafted = decodeBurst - 1;

/** Longest and shortest run of tokens that is looked for in the text. */
const [longestGram, shortestGram] = [3, 1];

/** What followed the last place where the text ended as it does now: longer endings first. No model, and nothing to compute. */
export const ngramDrafter: Drafter = {
  draft: async (text, count) => ({ tokens: followersOf(text, count) }),
};

function followersOf(text: readonly number[], count: number): readonly number[] {
  for (let length = longestGram; length >= shortestGram; length--) {
    for (let start = text.length - length - 1; start >= 0; start--) {
      const isSame = (offset: number) => text[start + offset] === text[text.length - length + offset];
      if (!Array.from({ length }, (_, offset) => offset).every(isSame)) continue;
      return text.slice(start + length, start + length + count);
    }
  }
  return [];
}

/** A draft draws other random numbers than the model that checks it, or its drafts would be accepted too often. */
const draftSeed = 0x9e3779b9;

/** Drafts with a model: a decoded token each, none of which is waited for before the next. */
export class ModelDrafter implements Drafter {
  readonly #runtime: Runtime;
  readonly #plans: InferencePlans;
  /** Tokens whose keys and values are in the cache. */
  #held: readonly number[] = [];

  /** @param plans of one slot */
  constructor(runtime: Runtime, plans: InferencePlans) {
    this.#runtime = runtime;
    this.#plans = plans;
  }

  async draft(text: readonly number[], count: number, drawing: Drawing): Promise<Draft> {
    const { config } = this.#plans.model;
    // What outgrew this model's context is for the other one alone.
    if (text.length + count - 1 > config.context) return { tokens: [] };
    await this.#catchUp(text.slice(0, -1));
    this.#write(
      text.length - 1,
      text.at(-1) ?? 0,
      { ...drawing, seed: drawing.seed ^ draftSeed },
      text.length,
    );
    const reads: Promise<NumberArray>[] = [];
    for (let i = 0; i < count; i++) {
      await this.#decode(text.length - 1 + i);
      if (drawing.temperature > 0) reads.push(this.#runtime.read(this.#plans.logits));
    }
    const output = await this.#runtime.read(this.#plans.output);
    const drawn = [...output.subarray(0, count)];
    const broken = drawn.indexOf(noToken);
    const tokens = broken < 0 ? drawn : drawn.slice(0, broken);
    // The last token was drawn and not run through the model.
    this.#held = [...text, ...tokens.slice(0, -1)];
    const logits = await Promise.all(reads);
    return drawing.temperature > 0 ? { tokens, logits } : { tokens };
  }

  /** Brings the cache to these tokens: those that differ are run through the model again. */
  async #catchUp(text: readonly number[]): Promise<void> {
    const { prefill } = this.#plans;
    const first = text.findIndex((token, index) => this.#held[index] !== token);
    const same = first < 0 ? text.length : first;
    const missing = text.length - same;
    const bucket = prefill.find(({ length }) => length >= text.length);
    if (missing > decodeBurst && bucket) {
      const padded = new Uint32Array(bucket.length + 1);
      padded.set(text);
      this.#runtime.write(bucket.tokens, padded);
      this.#write(0, 0);
      await this.#runtime.submit([{ plan: bucket.plan, scalars: { length: text.length, slot: 0 } }]);
    } else {
      for (let position = same; position < text.length; position++) {
        this.#write(position, text[position] ?? 0);
        await this.#decode(position);
      }
    }
    this.#held = [...text];
  }

  /** Writes where the slot stands; without a drawing it draws nothing. */
  #write(position: number, token: number, drawing?: Drawing, counter = 0): void {
    const { state, settings } = this.#plans;
    const idle = { temperature: 0, topK: 0, topP: 1, seed: 0, drawable: 0 };
    this.#runtime.write(state, Uint32Array.of(position, token, counter, 0));
    const end = drawing ? counter + decodeBurst : 0;
    this.#runtime.write(settings, Uint32Array.from(packSettings({ ...(drawing ?? idle), end })));
  }

  async #decode(position: number): Promise<void> {
    await this.#runtime.submit([{ plan: this.#plans.decode, scalars: { position } }]);
  }
}
