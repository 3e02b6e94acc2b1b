// Who drafts the next tokens of a text: a small model with a cache of its own, or what followed the last few tokens before.
import { noToken, packSettings } from '../../kernels/sample.ts';
import { shortestWindow } from '../../model/attention-config.ts';
import type { NumberArray } from '../../plan/kernel.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { decodeBurst, type InferencePlans } from '../plans/inference-plans.ts';
import type { Draft, Drawing } from './acceptance.ts';
import { type HeldText, reusableTokens } from './held-text.ts';

/** Proposes tokens; what it proposes changes how fast a text is drawn, and not how it is distributed. */
export interface Drafter {
  /**
   * @param text what the model sees, at least two tokens
   * @param count tokens wanted, 1 to 15; fewer may come
   * @param drawn tokens that the text drew before, which number its draws: what the model sees may be as long again
   */
  draft(text: readonly number[], count: number, drawing: Drawing, drawn: number): Promise<Draft>;
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
  /** What is in the cache, drafts included. */
  #held: HeldText | undefined;

  /** @param plans of one slot; drafts that were dropped cost least where as many tokens are `retractable` */
  constructor(runtime: Runtime, plans: InferencePlans) {
    this.#runtime = runtime;
    this.#plans = plans;
  }

  async draft(text: readonly number[], count: number, drawing: Drawing, drawn: number): Promise<Draft> {
    const { config } = this.#plans.model;
    // What outgrew this model's context is for the other one alone.
    if (text.length + count - 1 > config.context) return { tokens: [] };
    const before = await this.#catchUp(text);
    const own = { ...drawing, seed: drawing.seed ^ draftSeed };
    this.#write(text.length - 1, text.at(-1) ?? 0, own, drawn);
    const reads: Promise<NumberArray>[] = [];
    for (let i = 0; i < count; i++) {
      await this.#decode(text.length - 1 + i);
      if (drawing.temperature === 0) continue;
      const read = this.#runtime.read(this.#plans.logits);
      read.catch(() => undefined); // awaited below; where decoding fails before, that is what is thrown
      reads.push(read);
    }
    const [output, ...logits] = await Promise.all([this.#runtime.read(this.#plans.output), ...reads]);
    const proposed = [...output.subarray(0, count)];
    const broken = proposed.indexOf(noToken);
    const tokens = broken < 0 ? proposed : proposed.slice(0, broken);
    // The last token was drawn and not run through the model.
    if (broken < 0) {
      const held = [...text, ...tokens.slice(0, -1)];
      // A shorter draft than the last leaves the end of that one where it is: what it wrote over is lost all the same.
      this.#held = { weightsVersion: undefined, tokens: held, written: Math.max(before, held.length) };
    }
    return drawing.temperature > 0 ? { tokens, logits } : { tokens };
  }

  /**
   * Brings the cache to a text but its last token: what differs is run through the model, all of it where windows lost more.
   * The answer is how many positions were written before, of which the cache keeps the end.
   */
  async #catchUp(text: readonly number[]): Promise<number> {
    const { prefill, retractable, model } = this.#plans;
    const reused = reusableTokens(this.#held, undefined, text, shortestWindow(model.config), retractable);
    const written = reused > 0 ? (this.#held?.written ?? 0) : 0;
    this.#held = undefined;
    const wanted = text.slice(0, -1);
    const bucket = prefill.find(({ length }) => length >= wanted.length);
    if (wanted.length - reused > decodeBurst && bucket) {
      const padded = new Uint32Array(bucket.length + 1);
      padded.set(wanted);
      this.#runtime.write(bucket.tokens, padded);
      this.#write(0, 0);
      await this.#runtime.submit([{ plan: bucket.plan, scalars: { length: wanted.length, slot: 0 } }]);
      return 0; // a prompt writes all that its end sees
    }
    for (let position = reused; position < wanted.length; position++) {
      this.#write(position, wanted[position] ?? 0);
      await this.#decode(position);
    }
    return written;
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
