// What the model wrote by itself while it was trained: side by side by step, and all of it, newest first.
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { formatCount } from '../../text/numbers.ts';
import { controlPanel } from '../figures/style-sets.ts';
import { tokenText, tokenTextStyles } from '../figures/token-text.ts';
import { type Sample, samplesByStep } from '../state/state.ts';
import { drawPair } from './sample-pair.ts';
import './sample-quiz.ts';

@customElement('sample-list')
export class SampleList extends LitElement {
  static override readonly styles = controlPanel(
    tokenTextStyles,
    css`
      .beside {
        display: grid;
        grid-auto-flow: column;
        grid-auto-columns: minmax(148px, 1fr);
        gap: 12px;
        overflow-x: auto;
        padding-bottom: 4px;
      }
      .beside li {
        display: block;
        border: 0;
        padding: 0;
      }
      .beside .text {
        display: block;
        margin-top: 3px;
        max-height: 12em;
        overflow: hidden;
      }
      details {
        margin-top: 8px;
      }
      summary {
        cursor: pointer;
      }
      .all {
        display: grid;
        gap: 8px;
        max-height: 300px;
        overflow: auto;
        margin-top: 6px;
      }
      li {
        display: grid;
        grid-template-columns: 5.5em minmax(0, 1fr);
        gap: 10px;
      }
      li + li {
        border-top: 1px solid var(--line);
        padding-top: 8px;
      }
      .step {
        color: var(--muted);
        font-size: 12px;
        padding-top: 1px;
      }
      .text {
        font: 12.5px / 1.5 var(--mono);
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
    `,
  );

  @property({ attribute: false }) samples: readonly Sample[] = [];
  /** Whether the reader guesses: the steps would tell. */
  @state() private isGuessing = false;

  get #canGuess(): boolean {
    return drawPair(this.samples, () => 0) !== undefined;
  }

  protected override willUpdate(): void {
    if (!this.#canGuess) this.isGuessing = false; // another run: its samples are shown until somebody asks
  }

  protected override render() {
    const canGuess = this.#canGuess;
    return html`<section class="panel" aria-labelledby="title">
      <div class="head">
        <h2 id="title">It writes</h2>
        ${
          canGuess && !this.isGuessing
            ? html`<button
                class="plain"
                @click=${() => {
                  this.isGuessing = true;
                }}
              >
                Which came later?
              </button>`
            : nothing
        }
      </div>
      ${
        canGuess && this.isGuessing
          ? html`<sample-quiz
              .samples=${this.samples}
              @close-quiz=${() => {
                this.isGuessing = false;
              }}
            ></sample-quiz>`
          : this.#all()
      }
    </section>`;
  }

  #all() {
    return html`${
      this.samples.length === 0
        ? html`<p class="muted">Samples appear here while it learns.</p>`
        : html`<ol class="beside" tabindex="0" aria-labelledby="title">
                ${samplesByStep(this.samples).map(sampleItem)}
              </ol>
              <details>
                <summary class="small">All ${formatCount(this.samples.length)} samples</summary>
                <ol class="all" tabindex="0" aria-label="All samples, newest first">
                  ${this.samples.map(sampleItem)}
                </ol>
              </details>`
    }`;
  }
}

function sampleItem({ step, text, pieces }: Sample) {
  return html`<li><span class="step">step ${formatCount(step)}</span><span class="text">${tokenText(text, pieces)}</span></li>`;
}
