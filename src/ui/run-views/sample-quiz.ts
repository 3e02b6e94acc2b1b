// A game with a run's samples: of two texts, which was written later? The answer tells their steps.
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { formatCount } from '../../text/numbers.ts';
import { controlGroup } from '../figures/style-sets.ts';
import { tokenText, tokenTextStyles } from '../figures/token-text.ts';
import type { Sample } from '../state/state.ts';
import { drawPair, type SamplePair } from './sample-pair.ts';

const names = ['A', 'B'] as const;

/** Emits `close-quiz` when its reader has enough. */
@customElement('sample-quiz')
export class SampleQuiz extends LitElement {
  static override readonly styles = controlGroup(
    tokenTextStyles,
    css`
      .pair {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 220px), 1fr));
        gap: 12px;
        margin: 8px 0;
      }
      .pair > div {
        border: 1px solid var(--line);
        border-radius: 8px;
        padding: 8px;
        display: grid;
        gap: 6px;
        align-content: space-between;
      }
      .pair > .later {
        border-color: var(--good);
      }
      .text {
        font: 12.5px / 1.5 var(--mono);
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
    `,
  );

  @property({ attribute: false }) samples: readonly Sample[] = [];
  @state() private pair: SamplePair | undefined;
  @state() private picked: 0 | 1 | undefined;
  @state() private score = { right: 0, asked: 0 };

  override connectedCallback(): void {
    super.connectedCallback();
    this.#next();
  }

  protected override render() {
    const { pair } = this;
    if (pair === undefined) return nothing;
    return html`<p>One of these was written later in training. Which one?</p>
      <div class="pair">${pair.shown.map((sample, index) => this.#card(sample, index === 0 ? 0 : 1))}</div>
      <p role="status">${this.picked === undefined ? '' : this.#verdict(pair, this.picked)}</p>
      <div class="row">
        ${this.picked === undefined ? nothing : html`<button class="primary" @click=${this.#next}>Another pair</button>`}
        <button @click=${() => this.dispatchEvent(new Event('close-quiz'))}>Show all samples</button>
      </div>`;
  }

  #card({ step, text, pieces }: Sample, index: 0 | 1) {
    const isOver = this.picked !== undefined;
    return html`<div class=${isOver && index === this.pair?.later ? 'later' : ''}>
      <span class="text">${tokenText(text, pieces)}</span>
      ${
        isOver
          ? html`<span class="muted">${names[index]}: step ${formatCount(step)}</span>`
          : html`<button @click=${() => this.#pick(index)}>${names[index]} came later</button>`
      }
    </div>`;
  }

  #verdict({ later }: SamplePair, picked: 0 | 1): string {
    const { right, asked } = this.score;
    return `${picked === later ? 'Right' : 'No'}: ${names[later]} came later. ${right} of ${asked} right so far.`;
  }

  #pick(index: 0 | 1): void {
    this.picked = index;
    const isRight = index === this.pair?.later;
    this.score = { right: this.score.right + (isRight ? 1 : 0), asked: this.score.asked + 1 };
  }

  #next(): void {
    this.pair = drawPair(this.samples, Math.random);
    this.picked = undefined;
  }
}
