// Generates tokens of several texts at once: prefills of their prompts, then bursts in which each draws its next tokens, which
// stay on the GPU in between. Texts come and go between bursts; what one draws does not depend on its company.
import { noToken, packSettings, settingNumbers } from '../../kernels/sample.ts';
import { slotNumbers } from '../../kernels/slots.ts';
import { shortestWindow } from '../../model/attention-config.ts';
import type { Plan } from '../../plan/plan.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { decodeBurst, type InferencePlans } from '../plans/inference-plans.ts';
import { checkReplay } from '../plans/work.ts';
import { judgeDraft } from './acceptance.ts';
import type { Drafter } from './drafters.ts';
import { type HeldText, reusableTokens } from './held-text.ts';
import {
  checkOptions,
  checkPrompt,
  type DraftCounts,
  type Generation,
  type GenerationEnd,
  type SamplingOptions,
} from './options.ts';
import { Schedule, type ScheduledText, type Turn } from './slot-schedule.ts';

/** A text that was asked for and is not over. */
interface Session {
  readonly options: SamplingOptions;
  readonly start: number;
  readonly spent: { -readonly [K in Counted]: number };
  firstTokenSeconds?: number;
  readonly resolve: (generation: Generation) => void;
  readonly reject: (error: unknown) => void;
}

type Counted =
  | 'reusedTokens'
  | 'prefillTokens'
  | 'prefillSeconds'
  | 'decodedTokens'
  | 'decodeSeconds'
  | keyof DraftCounts;

/** A slot's part in a replay: where it stands, its last token, the number of its next draw, and how often it draws. */
interface SlotState {
  readonly text: ScheduledText;
  readonly position: number;
  readonly token: number;
  readonly steps: number;
}

/** Draws tokens with one set of plans on one runtime. Does not touch weights. */
export class Sampler {
  readonly #runtime: Runtime;
  readonly #plans: InferencePlans;
  readonly #schedule: Schedule;
  readonly #drafter: Drafter | undefined;
  readonly #sessions = new Map<ScheduledText, Session>();
  /** What the cache of the one slot holds; undefined while a text changes it. */
  #held: HeldText | undefined;
  #isRunning = false;

  /** @param drafter drafts tokens that the plans' check takes or not; none are drafted without one */
  constructor(runtime: Runtime, plans: InferencePlans, drafter?: Drafter) {
    this.#runtime = runtime;
    this.#plans = plans;
    this.#drafter = drafter;
    this.#schedule = new Schedule(plans.slots, plans.model.config.context, decodeBurst);
  }

  /**
   * Continues a prompt. When the context is full, the last half of it is prefilled again. Texts that are asked for while
   * others run join them, or wait for a free slot.
   * @param prompt token ids; at least one
   * @throws on an empty prompt, an id outside the vocabulary or settings that make no sense; others are not disturbed.
   */
  async generate(prompt: readonly number[], options: SamplingOptions): Promise<Generation> {
    const { config } = this.#plans.model;
    checkPrompt(prompt, config, options);
    checkOptions(options);
    const { maximumTokens, useCache = true } = options;
    const text = this.#schedule.add({ prompt: prompt.slice(-config.context), maximumTokens, useCache });
    return new Promise((resolve, reject) => {
      const counts = { checks: 0, draftedTokens: 0, examinedTokens: 0, acceptedTokens: 0, draftSeconds: 0 };
      const spent = {
        reusedTokens: 0,
        prefillTokens: 0,
        prefillSeconds: 0,
        decodedTokens: 0,
        decodeSeconds: 0,
        ...counts,
      };
      this.#sessions.set(text, { options, start: performance.now(), spent, resolve, reject });
      if (!this.#isRunning) void this.#run();
    });
  }

  /**
   * The logits [V] of what follows a prompt, by one pass over it. Ask while no text is drawn.
   * @throws as `generate`; where they are not finite numbers
   */
  async logitsAfter(prompt: readonly number[]): Promise<Float32Array> {
    if (this.#isRunning) throw new Error('sampler: a text is being drawn. Ask for logits after it.');
    const once = { maximumTokens: 1, temperature: 0, topK: 0, topP: 1, seed: 0 };
    const { problem } = await this.generate(prompt, once);
    if (problem !== undefined) throw new Error(problem);
    const { logits, model } = this.#plans;
    // A prefill is of one text, whatever its slot.
    return ((await this.#runtime.read(logits)) as Float32Array).slice(0, model.config.vocabulary);
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    try {
      await Promise.resolve(); // what is asked for in one go begins together
      for (;;) {
        this.#endWhatIsOver();
        const turn = this.#schedule.next();
        if (!turn) break;
        if (turn.kind === 'prefill') await this.#prefill(turn);
        else if (!(await this.#speculate(turn))) await this.#decode(turn);
      }
    } catch (error) {
      for (const [text, { reject }] of this.#sessions) {
        this.#schedule.end(text);
        reject(error);
      }
      this.#sessions.clear();
    } finally {
      this.#isRunning = false;
    }
  }

  /** Ends texts that want no token, and those whose signal says so. */
  #endWhatIsOver(): void {
    for (const [text, { options }] of this.#sessions) {
      if (text.isOver) this.#end(text, 'length');
      else if (options.signal?.aborted) this.#end(text, 'cancelled');
    }
  }

  /** Fills the caches of a slot and draws the next token of its text. */
  async #prefill({ text, window }: Turn & { readonly kind: 'prefill' }): Promise<void> {
    const bucket = this.#plans.prefill.find((plan) => plan.length >= window.length);
    if (!bucket) throw new Error(`sampler: ${window.length} tokens do not fit the context. Pass fewer.`);
    if (await this.#extend(text, window, bucket.plan)) return;
    const start = performance.now();
    const padded = new Uint32Array(bucket.length + 1);
    padded.set(window);
    this.#runtime.write(bucket.tokens, padded);
    this.#writeSlots([{ text, position: window.length - 1, token: 0, steps: 1 }]);
    const scalars = { length: window.length, slot: text.slot ?? 0 };
    const drawn = await this.#draw([{ plan: bucket.plan, scalars }]);
    const seconds = (performance.now() - start) / 1000;
    const { spent } = this.#sessionOf(text);
    spent.prefillTokens += window.length;
    spent.prefillSeconds += seconds;
    if (!text.useCache) {
      spent.decodedTokens++;
      spent.decodeSeconds += seconds;
    }
    this.#accept(text, drawn(text, 1), window.length);
  }

  /**
   * Runs only what is new of a prompt through the model, token by token beside the cache of the last text, and draws the next
   * token. Returns whether it did: not where nothing is held, or the whole prompt at once is expected to be quicker.
   */
  async #extend(text: ScheduledText, window: readonly number[], whole: Plan): Promise<boolean> {
    const held = this.#held;
    this.#held = undefined;
    const { options, spent } = this.#sessionOf(text);
    if (!text.useCache || text.drawn > 0) return false;
    const reused = reusableTokens(
      held,
      options.weightsVersion,
      window,
      shortestWindow(this.#plans.model.config),
    );
    const added = window.slice(reused);
    const { decode } = this.#plans;
    const [one, all] = [this.#runtime.observedSeconds(decode), this.#runtime.observedSeconds(whole)];
    const isDearer = one && all ? added.length * one > all : added.length > reused;
    if (reused === 0 || isDearer) return false;
    const start = performance.now();
    for (const [index, token] of added.slice(0, -1).entries()) {
      const position = reused + index;
      this.#writeSlots([{ text, position, token, steps: 0 }]);
      await this.#runtime.submit([{ plan: decode, scalars: { position } }]);
    }
    const position = window.length - 1;
    this.#writeSlots([{ text, position, token: added.at(-1) ?? 0, steps: 1 }]);
    const drawn = await this.#draw([{ plan: decode, scalars: { position } }]);
    spent.reusedTokens += reused;
    spent.prefillTokens += added.length;
    spent.prefillSeconds += (performance.now() - start) / 1000;
    this.#accept(text, drawn(text, 1), window.length);
    return true;
  }

  async #decode({ texts, count }: Turn & { readonly kind: 'decode' }): Promise<void> {
    const start = performance.now();
    const slots = texts.map(({ text, steps }): SlotState => {
      return { text, position: text.position, token: text.tokens.at(-1) ?? 0, steps };
    });
    this.#writeSlots(slots);
    const mean = slots.reduce((sum, { position }) => sum + position, 0) / this.#plans.slots;
    const plan = this.#plans.decode;
    const replays = Array.from({ length: count }, (_, i) => ({ plan, scalars: { position: mean + i } }));
    const drawn = await this.#draw(replays);
    const seconds = (performance.now() - start) / 1000;
    for (const { text, steps } of texts) {
      const { spent } = this.#sessionOf(text);
      spent.decodeSeconds += seconds;
      spent.decodedTokens += this.#accept(text, drawn(text, steps));
    }
  }

  /**
   * Draws several tokens of a text in one pass: those of a draft that its own model would have drawn, and one more; where
   * nothing could be drafted, about as many one by one. Returns whether it did: not where nobody drafts, or the context is
   * nearly full.
   */
  async #speculate({ texts }: Turn & { readonly kind: 'decode' }): Promise<boolean> {
    const { check } = this.#plans;
    const [one] = texts;
    if (!this.#drafter || !check || !one || texts.length > 1) return false;
    const { text, steps } = one;
    const { position } = text;
    if (steps < 2 || position + check.rows > this.#plans.model.config.context) return false;
    const start = performance.now();
    const { spent, options } = this.#sessionOf(text);
    const drawing = { ...options, drawable: options.drawable ?? 0 };
    const seen = text.tokens.slice(-(position + 1));
    const draft = await this.#drafter.draft(seen, Math.min(check.rows - 1, steps - 1), drawing, text.drawn);
    const draftSeconds = (performance.now() - start) / 1000;
    spent.draftSeconds += draftSeconds;
    if (draft.tokens.length === 0) {
      spent.decodeSeconds += draftSeconds;
      const count = Math.min(check.rows, steps);
      await this.#decode({ kind: 'decode', texts: [{ text, steps: count }], count });
      return true;
    }
    const states = new Uint32Array(check.rows * slotNumbers);
    // Rows behind the draft write where later tokens will, which nobody sees before.
    for (let row = 0; row < check.rows; row++)
      states.set(
        [position + row, row === 0 ? (seen.at(-1) ?? 0) : (draft.tokens[row - 1] ?? 0)],
        row * slotNumbers,
      );
    this.#runtime.write(check.state, states);
    await this.#runtime.submit([checkReplay(check, position)]);
    const logits = await this.#runtime.read(check.logits);
    const { vocabulary } = this.#plans.model.config;
    const rows = Array.from({ length: draft.tokens.length + 1 }, (_, row) =>
      logits.subarray(row * vocabulary, (row + 1) * vocabulary),
    );
    const { tokens, accepted, examined, isBroken } = judgeDraft(draft, rows, drawing, text.drawn);
    spent.checks++;
    spent.draftedTokens += draft.tokens.length;
    spent.examinedTokens += examined;
    spent.acceptedTokens += accepted;
    spent.decodeSeconds += (performance.now() - start) / 1000;
    spent.decodedTokens += this.#accept(text, isBroken ? [...tokens, noToken] : tokens);
    return true;
  }

  /** Submits replays; gives the first tokens that a text drew in them. */
  async #draw(replays: Parameters<Runtime['submit']>[0]) {
    const submission = await this.#runtime.submit(replays, [this.#plans.output]);
    const [output] = await submission.done;
    return (text: ScheduledText, count: number): number[] => {
      const first = (text.slot ?? 0) * decodeBurst;
      return [...(output?.subarray(first, first + count) ?? [])];
    };
  }

  /** Writes where slots stand and how they draw; all others do nothing. */
  #writeSlots(running: readonly SlotState[]): void {
    const { slots, state, settings } = this.#plans;
    const states = new Uint32Array(slots * slotNumbers);
    const draws = new Uint32Array(slots * settingNumbers);
    for (const { text, position, token, steps } of running) {
      const { slot = 0, drawn } = text;
      const { options } = this.#sessionOf(text);
      states.set([position, token, drawn, 0], slot * slotNumbers);
      const draw = { ...options, drawable: options.drawable ?? 0, end: drawn + steps };
      draws.set(packSettings(draw), slot * settingNumbers);
    }
    this.#runtime.write(state, states);
    this.#runtime.write(settings, draws);
  }

  /** Takes what a text drew, which may end it. Returns how many tokens were taken. */
  #accept(text: ScheduledText, drawn: readonly number[], prefilled?: number): number {
    const session = this.#sessionOf(text);
    const broken = drawn.indexOf(noToken);
    const tokens = broken < 0 ? drawn : drawn.slice(0, broken);
    this.#schedule.accept(text, tokens, prefilled);
    if (tokens.length > 0) session.firstTokenSeconds ??= (performance.now() - session.start) / 1000;
    try {
      const goesOn = tokens.length === 0 || session.options.onTokens?.(tokens) !== false;
      if (broken >= 0) this.#end(text, 'notFinite');
      else if (!goesOn) this.#end(text, 'stopped');
    } catch (error) {
      // A listener that fails ends its own text only.
      this.#schedule.end(text);
      this.#sessions.delete(text);
      session.reject(error);
    }
    return tokens.length;
  }

  #end(text: ScheduledText, end: GenerationEnd): void {
    const { spent, firstTokenSeconds, resolve, options } = this.#sessionOf(text);
    const { weightsVersion } = options;
    if (
      weightsVersion !== undefined &&
      this.#plans.slots === 1 &&
      text.useCache &&
      end !== 'notFinite' &&
      text.position > 0
    ) {
      // The token that was drawn last was not run through the model.
      const tokens = text.tokens.slice(text.tokens.length - 1 - text.position, -1);
      this.#held = { weightsVersion, tokens };
    }
    this.#schedule.end(text);
    this.#sessions.delete(text);
    const { length } = text.tokens;
    const problem = `sampler: after ${length} tokens the model's logits are not finite numbers, so the text ends there. Check the weights.`;
    resolve({
      tokens: text.tokens.slice(length - text.drawn),
      end,
      ...spent,
      ...(firstTokenSeconds === undefined ? {} : { firstTokenSeconds }),
      ...(end === 'notFinite' ? { problem } : {}),
    });
  }

  #sessionOf(text: ScheduledText): Session {
    const session = this.#sessions.get(text);
    if (!session) throw new Error('sampler: a text without a session has a slot.');
    return session;
  }
}
