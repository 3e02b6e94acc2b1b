// Which sequence has which slot, and what is to be done next: texts are admitted and retired between bursts of tokens.
// Pure: it knows tokens and counts, and no plan.

/** What a schedule must know of a text. */
export interface TextPlan {
  /** At least one token, at most the context. */
  readonly prompt: readonly number[];
  readonly maximumTokens: number;
  /** False runs the whole text through the model for every token. */
  readonly useCache?: boolean;
}

/** A text that waits for a slot, has one, or is over. */
export class ScheduledText {
  /** The prompt and what was drawn. */
  readonly tokens: number[];
  readonly #plan: TextPlan;
  /** Tokens whose keys and values are in the slot; 0 where the slot is to be filled. */
  position = 0;
  slot: number | undefined;
  isOver = false;

  constructor(plan: TextPlan) {
    this.#plan = plan;
    this.tokens = [...plan.prompt];
    this.isOver = plan.maximumTokens === 0;
  }

  /** Tokens drawn so far: the number of the next draw. */
  get drawn(): number {
    return this.tokens.length - this.#plan.prompt.length;
  }

  /** Tokens that are still wanted. */
  get wanted(): number {
    return this.#plan.maximumTokens - this.drawn;
  }

  get useCache(): boolean {
    return this.#plan.useCache ?? true;
  }
}

/** What is to be done next. */
export type Turn =
  /** Run `window` through the model, its last token draws the next one of the text. */
  | { readonly kind: 'prefill'; readonly text: ScheduledText; readonly window: readonly number[] }
  /** Draw `count` tokens: of every text as many of them as `steps` says, the others do nothing then. */
  | {
      readonly kind: 'decode';
      readonly texts: readonly { readonly text: ScheduledText; readonly steps: number }[];
      readonly count: number;
    };

/** Hands slots to texts in the order in which they came. */
export class Schedule {
  readonly #context: number;
  readonly #burst: number;
  readonly #slots: (ScheduledText | undefined)[];
  readonly #waiting: ScheduledText[] = [];
  /** Texts that were run through the model since the last burst: nobody is twice before the others draw. */
  readonly #prefilled = new Set<ScheduledText>();

  /**
   * @param slots texts that run at the same time
   * @param context tokens that a slot holds
   * @param burst tokens of a text drawn in a row, at most
   */
  constructor(slots: number, context: number, burst: number) {
    this.#context = context;
    this.#burst = burst;
    this.#slots = new Array(slots).fill(undefined);
  }

  /** Texts that have a slot. */
  get running(): readonly ScheduledText[] {
    return this.#slots.flatMap((text) => (text ? [text] : []));
  }

  /** A text that gets a slot when one is free. */
  add(plan: TextPlan): ScheduledText {
    const text = new ScheduledText(plan);
    if (!text.isOver) this.#waiting.push(text);
    return text;
  }

  /** Ends a text; its slot goes to the next one. */
  end(text: ScheduledText): void {
    text.isOver = true;
    if (text.slot !== undefined) this.#slots[text.slot] = undefined;
    text.slot = undefined;
    const index = this.#waiting.indexOf(text);
    if (index >= 0) this.#waiting.splice(index, 1);
  }

  /** Notes tokens of a text: drawn by a prefill of so many tokens, or by steps of a burst. */
  accept(text: ScheduledText, tokens: readonly number[], prefilled?: number): void {
    text.position = prefilled ?? text.position + tokens.length;
    text.tokens.push(...tokens);
    if (text.wanted <= 0) this.end(text);
  }

  /** What is to be done next; undefined where no text is left. */
  next(): Turn | undefined {
    this.#admit();
    const isDue = (text: ScheduledText) => this.#stepsOf(text) === 0 && !this.#prefilled.has(text);
    const due = this.running.find(isDue);
    if (due) {
      this.#prefilled.add(due);
      return { kind: 'prefill', text: due, window: this.#windowOf(due) };
    }
    this.#prefilled.clear();
    const texts = this.running
      .map((text) => ({ text, steps: this.#stepsOf(text) }))
      .filter(({ steps }) => steps > 0);
    if (texts.length === 0) return this.running.length > 0 ? this.next() : undefined;
    const steps = texts.map((one) => one.steps);
    // Where others wait, the first text that is over makes room; where none does, idle slots cost nothing.
    const wanted = this.#waiting.length > 0 ? Math.min(...steps) : Math.max(...steps);
    const count = Math.min(this.#burst, wanted);
    return {
      kind: 'decode',
      count,
      texts: texts.map((one) => ({ ...one, steps: Math.min(one.steps, count) })),
    };
  }

  #admit(): void {
    for (const [slot, holder] of this.#slots.entries()) {
      if (holder) continue;
      const text = this.#waiting.shift();
      if (!text) return;
      text.slot = slot;
      this.#slots[slot] = text;
    }
  }

  /** Tokens that a text can draw from its slot before the slot must be filled anew. */
  #stepsOf(text: ScheduledText): number {
    if (text.position === 0 || !text.useCache) return 0;
    return Math.min(text.wanted, this.#context - text.position);
  }

  /** What a slot is filled with: the prompt; of a text that outgrew the context its last half, so that there is room again. */
  #windowOf(text: ScheduledText): number[] {
    const isOutgrown = text.useCache && text.drawn > 0;
    return text.tokens.slice(isOutgrown ? -Math.max(1, Math.floor(this.#context / 2)) : -this.#context);
  }
}
