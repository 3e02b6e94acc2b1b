// The head of the room of laws: the studies that one can choose, a file of one's own, and what was said of it.
import { css, html, LitElement } from 'lit';
import { customElement, property, query } from 'lit/decorators.js';
import type { KeptStudy, ReadyStudy } from '../../contract/laws.ts';
import type { Json } from '../../contract/values.ts';
import { controlPanel } from '../figures/style-sets.ts';

/** A study that a person chose, and what it is called. */
export interface ChosenStudy {
  readonly study: Json;
  readonly name: string;
}

/** Sends `choose-study` with a `ChosenStudy`, and `choose-file` with a `File`. */
@customElement('laws-studies')
export class LawsStudies extends LitElement {
  static override readonly styles = controlPanel(css`
    .ready {
      display: grid;
      grid-template-columns: repeat(auto-fill, minmax(min(100%, 260px), 1fr));
      gap: 8px;
      margin-top: 10px;
    }
    .ready button {
      display: grid;
      grid-template-columns: minmax(0, 1fr);
      justify-content: stretch;
      justify-items: start;
      align-content: start;
      gap: 2px;
      padding: 8px 11px;
      text-align: left;
    }
    .ready button[aria-pressed='true'] {
      border-color: var(--accent);
      box-shadow: inset 0 0 0 1px var(--accent);
    }
    .ready .small {
      font-weight: 400;
      white-space: normal;
    }
  `);

  /** Those that ship with the page. */
  @property({ attribute: false }) ready: readonly ReadyStudy[] = [];
  /** Those with rows in this browser. */
  @property({ attribute: false }) kept: readonly KeptStudy[] = [];
  /** The name of the study on display; empty while runs of a file are. */
  @property() current = '';
  /** While a study runs no other is chosen. */
  @property({ type: Boolean }) isRunning = false;
  /** What was read from a file, or why a file or a study was refused. */
  @property() said = '';
  @property({ type: Boolean }) isRefused = false;
  @query('input[type=file]') private readonly picker: HTMLInputElement | undefined;

  protected override render() {
    const { ready, kept } = this;
    return html`<section class="panel" aria-labelledby="title">
      <div class="head">
        <h2 id="title">Scaling laws</h2>
        <button ?disabled=${this.isRunning} @click=${() => this.picker?.click()}>
          Open a study or a CSV of runs
        </button>
        <input
          type="file"
          accept=".json,.csv,application/json,text/csv"
          hidden
          aria-label="A study or a CSV of runs"
          @change=${this.#onPick}
        />
      </div>
      <p>
        Train models of several sizes on several amounts of text, fit a law to their losses, and read off the best model for a
        budget. Choose a study to see what it will take; nothing starts before you say so. A CSV with columns parameters, tokens
        and loss can be dropped here as well.
      </p>
      <div class="ready" role="group" aria-label="Studies">
        ${ready.map(({ study, name, note }) => this.#button({ study, name }, note))}
        ${kept
          .filter(({ name }) => !ready.some((one) => one.name === name))
          .map(({ study, name, done, runs }) =>
            this.#button({ study, name }, `Your study: ${done} of ${runs} runs are kept here.`),
          )}
      </div>
      <p class="small said" aria-live="polite">
        ${this.isRefused ? html`<span class="bad">${this.said}</span>` : this.said}
      </p>
    </section>`;
  }

  #button(chosen: ChosenStudy, note: string) {
    return html`<button
      aria-pressed=${chosen.name === this.current ? 'true' : 'false'}
      ?disabled=${this.isRunning}
      @click=${() => this.dispatchEvent(new CustomEvent('choose-study', { detail: chosen }))}
    >
      ${chosen.name}<span class="small muted">${note}</span>
    </button>`;
  }

  #onPick(event: Event): void {
    const input = event.target as HTMLInputElement;
    const [file] = input.files ?? [];
    if (file) this.dispatchEvent(new CustomEvent('choose-file', { detail: file }));
    input.value = '';
  }
}
