// A text with every token coloured by its loss: read out under the mouse and by the arrow keys.
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { TextReading } from '../../contract/inside.ts';
import { formatLoss, formatPercent } from '../../text/numbers.ts';
import { baseStyles } from '../figures/styles.ts';
import { lossShade, namedToken, tokenTable } from './data.ts';
import '../figures/panel.ts';

/** Give it `reading`. */
@customElement('inside-tokens')
export class InsideTokens extends LitElement {
  static override readonly styles = [
    baseStyles,
    css`
      .text {
        font: 14px/1.9 var(--mono);
        overflow-wrap: anywhere;
        border-radius: 6px;
        padding: 4px;
      }
      .text span {
        padding: 2px 0;
        border-radius: 2px;
      }
      .first {
        color: var(--muted);
      }
      .chosen {
        outline: 1.5px solid var(--ink);
      }
      .s1 {
        background: color-mix(in srgb, var(--validation) 6%, transparent);
      }
      .s2 {
        background: color-mix(in srgb, var(--validation) 12%, transparent);
      }
      .s3 {
        background: color-mix(in srgb, var(--validation) 18%, transparent);
      }
      .s4 {
        background: color-mix(in srgb, var(--validation) 24%, transparent);
      }
      .s5 {
        background: color-mix(in srgb, var(--validation) 30%, transparent);
      }
      .s6 {
        background: color-mix(in srgb, var(--validation) 36%, transparent);
      }
      .s7 {
        background: color-mix(in srgb, var(--validation) 42%, transparent);
      }
      .s8 {
        background: color-mix(in srgb, var(--validation) 48%, transparent);
      }
      output {
        display: block;
        min-height: 1.45em;
        margin-top: 4px;
        font-size: 12px;
        color: var(--muted);
      }
    `,
  ];

  @property({ attribute: false }) reading: TextReading | undefined;
  @state() private chosen: number | undefined;

  protected override render() {
    const { reading, chosen } = this;
    if (reading === undefined) return nothing;
    const { tokens, losses, step } = reading;
    const mean = losses.reduce((a, b) => a + b, 0) / losses.length;
    return html`<figure-panel heading="Loss of each token" term="loss" fileName="token-losses" .table=${tokenTable(reading)} .hasDrawing=${false}>
      <div>
        <div
          class="text"
          role="group"
          tabindex="0"
          aria-label="The text, its tokens shaded by loss. Arrow keys read them."
          @keydown=${this.#onKey}
          @pointerleave=${() => this.#choose(undefined)}
        >
          ${tokens.map(
            (name, index) =>
              html`<span
                  class="s${lossShade(losses[index - 1])} ${index === 0 ? 'first' : ''} ${index === chosen ? 'chosen' : ''}"
                  @pointerenter=${() => this.#choose(index)}
                  @pointerdown=${() => this.#choose(index)}
                  >${name}</span
                >${name === '⏎' ? html`<br />` : nothing}`,
          )}
        </div>
        <output aria-live="polite">${chosen === undefined ? '' : this.#describe(reading, chosen)}</output>
      </div>
      <p slot="note">
        ${losses.length === 0 ? 'One token has nothing before it to be predicted from.' : `Mean ${formatLoss(mean)} nats over ${losses.length} tokens, at step ${step}.`}
        The stronger the colour, the less the model expected the token after those before it.
      </p>
    </figure-panel>`;
  }

  #describe(reading: TextReading, index: number): string {
    const loss = reading.losses[index - 1];
    return loss === undefined
      ? `${namedToken(reading, index)}: the first, nothing predicts it`
      : `${namedToken(reading, index)}: loss ${formatLoss(loss)} nats, probability ${formatPercent(Math.exp(-loss))}`;
  }

  #choose(index: number | undefined): void {
    this.chosen = index;
  }

  #onKey(event: KeyboardEvent): void {
    const last = (this.reading?.tokens.length ?? 1) - 1;
    if (event.key === 'Escape') this.#choose(undefined);
    const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10, Home: -last, End: last }[
      event.key
    ];
    if (step === undefined) return;
    event.preventDefault();
    const from = this.chosen ?? (step > 0 && event.key !== 'End' ? -1 : 0);
    this.#choose(Math.max(0, Math.min(last, from + step)));
  }
}
