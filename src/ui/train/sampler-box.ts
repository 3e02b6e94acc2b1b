// Asks the model of the present run for text.
import { css, html, LitElement, nothing, type PropertyValues } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { NextRequest, NextTokens, SampleRequest } from '../../contract/sampling.ts';
import { formatCount, formatSi } from '../../text/numbers.ts';
import { controlPanel } from '../figures/style-sets.ts';
import { tokenText, tokenTextStyles } from '../figures/token-text.ts';
import { emit, type PageEventDetails } from '../state/events.ts';
import type { SamplerView } from '../state/state.ts';
import '../figures/glossary-term.ts';
import { isOfAnother } from './next-token-data.ts';
import './next-tokens.ts';

/** The numbers of a request, with the range in which each makes sense. */
const numbers = [
  { key: 'maximumTokens', label: 'Tokens', minimum: 1, maximum: 100_000, step: 1 },
  { key: 'temperature', label: 'Temperature', minimum: 0, maximum: 10, step: 0.05 },
  { key: 'topK', label: 'Top k', minimum: 0, maximum: 1_000_000, step: 1 },
  { key: 'topP', label: 'Top p', minimum: 0, maximum: 1, step: 0.01 },
  { key: 'seed', label: 'Seed', minimum: 0, maximum: 4_294_967_295, step: 1 },
] as const;

/** What moves the bars of the next token. */
const dials = [
  { key: 'temperature', label: 'Temperature', maximum: 2, step: 0.05 },
  { key: 'topK', label: 'Top k', maximum: 40, step: 1 },
] as const;

@customElement('sampler-box')
export class SamplerBox extends LitElement {
  static override readonly styles = controlPanel(
    tokenTextStyles,
    css`
      form {
        display: grid;
        gap: 8px;
      }
      textarea {
        font: 13px / 1.45 var(--mono);
        min-height: 54px;
      }
      .numbers {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(84px, 1fr));
        gap: 8px;
      }
      .numbers label {
        font-size: 12px;
        color: var(--muted);
      }
      .numbers input {
        color: var(--ink);
      }
      .dials {
        display: flex;
        flex-wrap: wrap;
        gap: 6px 18px;
        margin-top: 10px;
      }
      .dials label {
        display: inline-flex;
        align-items: center;
        gap: 7px;
      }
      .dials .mono {
        min-width: 2.6em;
      }
      output {
        display: block;
        margin-top: 10px;
        padding: 8px 10px;
        min-height: 3em;
        max-height: 340px;
        overflow: auto;
        border-radius: 7px;
        background: var(--inset);
        font: 13px / 1.5 var(--mono);
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
    `,
  );

  @property({ attribute: false }) sampler: SamplerView = { isRunning: false, text: '' };
  /** Whether there are weights to sample from. */
  @property({ type: Boolean }) isReady = false;

  /** Rows of the model's vocabulary that its tokenizer has no token for. */
  @property({ attribute: false }) unknownTokens = 0;

  /** A prompt that the run's alphabet can write; what a person wrote stays. */
  @property({ attribute: false }) opening = 'Once ';

  /** The request as it stands; another prompt is written by setting it. */
  @state() private request: SampleRequest = {
    prompt: 'Once ',
    maximumTokens: 200,
    temperature: 0.8,
    topK: 0,
    topP: 0.95,
    seed: 1,
  };

  protected override willUpdate(changes: PropertyValues<this>): void {
    if (changes.has('opening') && this.request.prompt === changes.get('opening'))
      this.request = { ...this.request, prompt: this.opening };
  }

  protected override render() {
    const { sampler, isReady } = this;
    return html`<section class="panel" aria-labelledby="title">
      <div class="head"><h2 id="title">Ask it</h2></div>
      <form @submit=${this.#draw}>
        <label class="sr" for="prompt">Prompt</label>
        <textarea
          id="prompt"
          rows="2"
          spellcheck="false"
          .value=${this.request.prompt}
          @input=${(event: Event) => this.#change({ prompt: (event.target as HTMLTextAreaElement).value })}
          @keydown=${this.#onKey}
        ></textarea>
        <div class="numbers">
          ${numbers.map(
            ({ key, label, minimum, maximum, step }) =>
              html`<label>
                ${label}
                <input
                  type="number"
                  aria-describedby="help"
                  required
                  min=${minimum}
                  max=${maximum}
                  step=${step}
                  .value=${String(this.request[key])}
                  @input=${(event: Event) => {
                    const { valueAsNumber } = event.target as HTMLInputElement;
                    if (Number.isFinite(valueAsNumber)) this.#change({ [key]: valueAsNumber });
                  }}
                />
              </label>`,
          )}
        </div>
        <p id="help" class="small muted">
          At temperature 0 it takes the likeliest token; the higher, the bolder. Top k keeps the k likeliest, 0 all; top p the
          likeliest that make up that part, 1 all. The same seed writes the same text.
        </p>
        ${
          this.unknownTokens > 0
            ? html`<label class="check small">
                <input
                  type="checkbox"
                  .checked=${this.request.knownTokens === true}
                  @change=${(event: Event) => this.#change({ knownTokens: (event.target as HTMLInputElement).checked })}
                />
                Known tokens only: ${formatCount(this.unknownTokens)} rows of the model have no token, and are shown as �
              </label>`
            : nothing
        }
        <div class="row">
          ${
            sampler.isRunning
              ? html`<button type="button" class="primary" @click=${() => emit(this, 'cancel-sample', undefined)}>
                  Stop writing
                </button>`
              : html`<button class="primary" ?disabled=${!isReady}>Write</button>`
          }
          <button type="button" ?disabled=${!isReady || sampler.isRunning} @click=${this.#showNext}>What comes next?</button>
          <span class="small muted">
            ${isReady ? this.#report() : 'Train first, or open a saved model.'}
          </span>
        </div>
      </form>
      ${sampler.problem === undefined || sampler.asked?.messages !== undefined ? nothing : html`<p class="bad refused" role="alert">${sampler.problem}</p>`}
      ${sampler.next === undefined ? nothing : this.#next(sampler.next)}
      ${
        sampler.asked?.messages !== undefined || (sampler.text === '' && sampler.report === undefined)
          ? nothing
          : html`<output aria-label="What the model wrote" aria-busy=${sampler.isRunning ? 'true' : 'false'} tabindex="0"
              >${tokenText(sampler.text, sampler.report?.pieces)}</output
            >`
      }
    </section>`;
  }

  /** The bars, and the two dials that move them most. */
  #next(next: NextTokens & NextRequest) {
    const { request } = this;
    return html`<div class="dials">
        ${dials.map(
          ({ key, label, maximum, step }) =>
            html`<label class="small">
              <glossary-term term=${key === 'topK' ? 'top-k' : key}>${label}</glossary-term>
              <input
                type="range"
                aria-label=${label}
                min="0"
                max=${maximum}
                step=${step}
                .value=${String(request[key])}
                @input=${(event: Event) => this.#change({ [key]: (event.target as HTMLInputElement).valueAsNumber })}
              />
              <span class="mono">${key === 'topK' && request.topK === 0 ? 'all' : request[key]}</span>
            </label>`,
        )}
      </div>
      <next-tokens
        .next=${next}
        .dials=${request}
        ?isReady=${this.isReady && !this.sampler.isRunning}
        ?isPast=${isOfAnother(next, request)}
        @choose-token=${this.#chooseToken}
      ></next-tokens>`;
  }

  #showNext(): void {
    const { prompt, knownTokens } = this.request;
    emit(this, 'show-next', { prompt, ...(knownTokens === undefined ? {} : { knownTokens }) });
  }

  #chooseToken(event: CustomEvent<PageEventDetails['choose-token']>): void {
    this.#change({ prompt: this.request.prompt + event.detail.text });
    this.#showNext();
  }

  #report(): string {
    const { report, asked } = this.sampler;
    if (report === undefined || asked?.messages !== undefined) return 'Training waits while it writes.';
    const { tokens, reusedTokens, prefillTokensPerSecond, decodeTokensPerSecond } = report;
    const kept = reusedTokens > 0 ? `; the cache had ${formatCount(reusedTokens)} of the prompt` : '';
    const decode = formatSi(decodeTokensPerSecond, 'tok/s');
    return `${formatCount(tokens)} tokens: prefill ${formatSi(prefillTokensPerSecond, 'tok/s')}, decode ${decode}${kept}`;
  }

  #change(change: Partial<SampleRequest>): void {
    this.request = { ...this.request, ...change };
  }

  #onKey(event: KeyboardEvent): void {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.renderRoot.querySelector('form')?.requestSubmit();
  }

  #draw(event: Event): void {
    event.preventDefault();
    if (this.isReady && !this.sampler.isRunning) emit(this, 'draw-sample', this.request);
  }
}
