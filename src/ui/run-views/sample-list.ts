// What the model wrote by itself while it was trained, newest first.
import { css, html, LitElement } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { formatCount } from '../../text/numbers.ts';
import { baseStyles, panelStyles } from '../figures/styles.ts';
import type { Sample } from '../state/state.ts';

@customElement('sample-list')
export class SampleList extends LitElement {
  static override readonly styles = [
    baseStyles,
    panelStyles,
    css`
      ol {
        display: grid;
        gap: 8px;
        max-height: 300px;
        overflow: auto;
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
  ];

  @property({ attribute: false }) samples: readonly Sample[] = [];

  protected override render() {
    return html`<section class="panel" aria-labelledby="title">
      <div class="head"><h2 id="title">It writes</h2></div>
      ${
        this.samples.length === 0
          ? html`<p class="muted">Samples appear here while it learns.</p>`
          : html`<ol tabindex="0" aria-labelledby="title">
              ${this.samples.map(
                ({ step, text }) =>
                  html`<li><span class="step">step ${formatCount(step)}</span><span class="text">${text}</span></li>`,
              )}
            </ol>`
      }
    </section>`;
  }
}
