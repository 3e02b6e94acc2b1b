// A conversation with the model of the present run, by its chat template: what a system says, and turns, each beside all before it.
import { css, html, LitElement, nothing, type PropertyValues } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { ChatTurn, SampleRequest } from '../../contract/sampling.ts';
import { formatCount } from '../../text/numbers.ts';
import { controlPanel } from '../figures/style-sets.ts';
import { emit } from '../state/events.ts';
import type { SamplerView } from '../state/state.ts';

const speakers: Readonly<Record<ChatTurn['role'], string>> = {
  system: 'System',
  user: 'You',
  assistant: 'Model',
};

/** Answers are short; the temperature is chosen. */
const settings = { maximumTokens: 256, topK: 0, topP: 1, seed: 1 } as const;

/** Give it `sampler`; another `runId` begins anew. */
@customElement('chat-box')
export class ChatBox extends LitElement {
  static override readonly styles = controlPanel(css`
    form,
    ol {
      display: grid;
      gap: 8px;
    }
    ol {
      list-style: none;
      margin: 0 0 8px;
      padding: 0;
      max-height: 340px;
      overflow: auto;
    }
    li {
      padding: 6px 10px;
      border-radius: 7px;
      white-space: pre-wrap;
      overflow-wrap: anywhere;
    }
    li.assistant {
      background: var(--inset);
    }
    textarea {
      min-height: 40px;
    }
    input[type='number'] {
      width: 6em;
    }
  `);

  @property({ attribute: false }) sampler: SamplerView = { isRunning: false, text: '' };
  @property({ attribute: false }) runId = '';
  /** Whether there are weights to sample from. */
  @property({ type: Boolean }) isReady = false;

  @state() private turns: readonly ChatTurn[] = [];
  /** What was talked before it was started anew, until something else is said. */
  @state() private former: readonly ChatTurn[] = [];
  @state() private system = '';
  @state() private draft = '';
  @state() private temperature = 0;
  @state() private note = '';
  /** What was asked here and is not answered yet. */
  #waiting: readonly ChatTurn[] | undefined;

  protected override willUpdate(changes: PropertyValues<this>): void {
    if (changes.has('runId') && changes.get('runId') !== undefined) this.#clear();
    const { asked, isRunning, report, text } = this.sampler;
    if (isRunning || this.#waiting === undefined || asked?.messages !== this.#waiting) return;
    this.#waiting = undefined;
    // What was written before it was stopped or refused stays; a question that got nothing is asked again.
    if (report !== undefined || text !== '')
      this.turns = [...this.turns, { role: 'assistant', content: report?.text ?? text }];
    else this.#takeBack();
    const { isEnded = true, dropped = 0 } = report?.chat ?? {};
    const left = dropped > 0 ? `The first ${formatCount(dropped)} turns no longer fit the context. ` : '';
    this.note = left + (isEnded ? '' : 'The answer was cut off.');
  }

  protected override render() {
    const { sampler, isReady } = this;
    const isAnswering = sampler.isRunning && this.#waiting !== undefined;
    const problem = sampler.asked?.messages === undefined ? undefined : sampler.problem;
    return html`<section class="panel" aria-labelledby="title">
      <div class="head">
        <h2 id="title">Talk with it</h2>
        ${
          this.former.length > 0 && this.turns.length === 0
            ? html`<button @click=${this.#bringBack}>Bring it back</button>`
            : html`<button ?disabled=${this.turns.length === 0 || isAnswering} @click=${this.#startAnew}>Start anew</button>`
        }
      </div>
      <ol aria-label="Conversation" aria-live="polite" aria-busy=${isAnswering ? 'true' : 'false'} tabindex="0">
        ${this.turns.map((turn) => this.#turn(turn))}
        ${isAnswering ? this.#turn({ role: 'assistant', content: sampler.text }) : nothing}
      </ol>
      <form @submit=${this.#ask}>
        <label>
          <span class="small muted">What a system says before all turns; often nothing</span>
          <input
            .value=${this.system}
            ?disabled=${this.turns.length > 0}
            @input=${(event: Event) => (this.system = (event.target as HTMLInputElement).value)}
          />
        </label>
        <label class="sr" for="turn">Your turn</label>
        <textarea
          id="turn"
          rows="2"
          placeholder="Your turn"
          .value=${this.draft}
          @input=${(event: Event) => (this.draft = (event.target as HTMLTextAreaElement).value)}
          @keydown=${this.#onKey}
        ></textarea>
        <div class="row">
          ${
            isAnswering
              ? html`<button type="button" class="primary" @click=${() => emit(this, 'cancel-sample', undefined)}>Stop answering</button>`
              : html`<button class="primary" ?disabled=${!isReady || sampler.isRunning}>Answer</button>`
          }
          <label class="small">
            Temperature
            <input
              type="number"
              min="0"
              max="10"
              step="0.05"
              .value=${String(this.temperature)}
              @input=${(event: Event) => {
                const { valueAsNumber } = event.target as HTMLInputElement;
                if (valueAsNumber >= 0) this.temperature = valueAsNumber;
              }}
            />
          </label>
          <span class="small muted" role="status">${isReady ? this.note : 'Train first, or open a saved model.'}</span>
        </div>
      </form>
      ${problem === undefined ? nothing : html`<p class="bad refused" role="alert">${problem}</p>`}
    </section>`;
  }

  #turn({ role, content }: ChatTurn) {
    return html`<li class=${role}><strong class="small">${speakers[role]}</strong> ${content}</li>`;
  }

  #clear(): void {
    this.turns = [];
    this.former = [];
    this.note = '';
    this.#waiting = undefined;
  }

  readonly #startAnew = (): void => {
    const { turns } = this;
    this.#clear();
    this.former = turns;
  };

  readonly #bringBack = (): void => {
    this.turns = this.former;
    this.former = [];
  };

  /** Puts an unanswered question back where it was written. */
  #takeBack(): void {
    const last = this.turns.at(-1);
    if (last?.role !== 'user') return;
    this.turns = this.turns.slice(0, -1);
    if (this.draft === '') this.draft = last.content;
  }

  #onKey(event: KeyboardEvent): void {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.renderRoot.querySelector('form')?.requestSubmit();
  }

  #ask(event: Event): void {
    event.preventDefault();
    if (!this.isReady || this.sampler.isRunning || this.draft.trim() === '') return;
    const system: readonly ChatTurn[] =
      this.system.trim() === '' ? [] : [{ role: 'system', content: this.system }];
    this.turns = [...this.turns, { role: 'user', content: this.draft }];
    this.former = [];
    this.draft = '';
    this.note = '';
    const messages = [...system, ...this.turns];
    this.#waiting = messages;
    const { temperature } = this;
    const request: SampleRequest = { ...settings, prompt: '', messages, temperature };
    emit(this, 'draw-sample', request);
  }
}
