// Reads a conversation for the lesson on its price: whole, or what is added to it beside the cache; and times the reading.
import { packSettings } from '../../kernels/sample.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { CheckPlan, InferencePlans } from '../plans/inference-plans.ts';
import { checkReplay } from '../plans/work.ts';

/** Plans that read each turn whole, by its length, and what is added to one beside the cache. */
export type ConversationPlans = InferencePlans & { readonly check: CheckPlan };

/** Reads and answers with the plans, as a sampler does. Seconds are those until the logits [V] of what comes next are there. */
export class Reader {
  readonly #runtime: Runtime;
  readonly #plans: ConversationPlans;

  constructor(runtime: Runtime, plans: ConversationPlans) {
    this.#runtime = runtime;
    this.#plans = plans;
    const greedy = { end: 0xffff_ffff, seed: 1, topK: 0, drawable: 0, temperature: 0, topP: 1 };
    runtime.write(plans.settings, Uint32Array.from(packSettings(greedy)));
  }

  /** Runs a whole prompt through the model, by the plan of its turn. */
  async readWhole(turn: number, text: readonly number[]) {
    const prompt = this.#plans.prefill[turn];
    if (!prompt) throw new Error(`lesson: turn ${turn} has no plan.`);
    const start = performance.now();
    this.#runtime.write(prompt.tokens, Uint32Array.of(...text, 0));
    await this.#runtime.submit([{ plan: prompt.plan, scalars: { length: text.length, slot: 0 } }]);
    return this.#logitsSince(start, this.#plans.logits, 1);
  }

  /** Runs the last tokens of a text through the model, beside the cache of those before them. */
  async readAdded(text: readonly number[], added: number) {
    const { check: together } = this.#plans;
    const first = text.length - added;
    const start = performance.now();
    const state = text.slice(first).flatMap((token, row) => [first + row, token, 0, 0]);
    this.#runtime.write(together.state, Uint32Array.from(state));
    await this.#runtime.submit([checkReplay(together, first)]);
    return this.#logitsSince(start, together.logits, added);
  }

  /** The likeliest tokens after a text: the first by its logits, the others one by one. */
  async answer(length: number, logits: Float32Array, count: number): Promise<number[]> {
    const { state, output, decode } = this.#plans;
    const first = logits.indexOf(Math.max(...logits));
    this.#runtime.write(state, Uint32Array.of(length, first, 0, 0));
    const replays = Array.from({ length: count - 1 }, (_, i) => ({
      plan: decode,
      scalars: { position: length + i },
    }));
    await this.#runtime.submit(replays);
    const drawn = await this.#runtime.read(output);
    return [first, ...drawn.subarray(0, count - 1)];
  }

  /** The last of so many rows of logits, and when it was there. */
  async #logitsSince(start: number, tensor: InferencePlans['logits'], rows: number) {
    const logits = (await this.#runtime.read(tensor)) as Float32Array;
    const seconds = (performance.now() - start) / 1000;
    const { vocabulary } = this.#plans.model.config;
    return { seconds, logits: logits.slice((rows - 1) * vocabulary, rows * vocabulary) };
  }
}
