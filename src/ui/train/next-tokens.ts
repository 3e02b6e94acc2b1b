// What the model would write next: its likeliest tokens as bars, which the dials of the sampler move, each to be chosen by a press.
import { css, html, LitElement, nothing, type PropertyValues } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { NextTokens } from '../../contract/sampling.ts';
import { formatCount, formatPercent } from '../../text/numbers.ts';
import { ranked } from '../../text/ranked.ts';
import { stackedBar } from '../figures/bars.ts';
import { workPanel } from '../figures/style-sets.ts';
import { emit } from '../state/events.ts';
import { type Dials, drawnProbabilities } from './next-token-data.ts';
import '../figures/glossary-term.ts';

/** The model alone, before any dial. */
const untouched: Dials = { temperature: 1, topK: 0, topP: 1 };

/** Give it `next` and `dials`; it answers with `choose-token`. */
@customElement('next-tokens')
export class NextTokensElement extends LitElement {
  static override readonly styles = workPanel(css`
    :host {
      display: block;
      margin-top: 10px;
    }
    table {
      width: 100%;
    }
    caption {
      text-align: left;
      font-size: 12.5px;
      color: var(--muted);
      padding-bottom: 4px;
    }
    td.bar {
      width: 60%;
    }
    svg.bar {
      height: 14px;
    }
    .drawn {
      fill: var(--train);
    }
    line.model {
      stroke: var(--predicted);
      stroke-width: 2.5;
    }
    td button {
      font: 13px var(--mono);
      min-height: 24px;
      padding: 0 8px;
      white-space: pre;
      max-width: 12em;
      overflow: hidden;
      text-overflow: ellipsis;
    }
    .out {
      opacity: 0.55;
    }
    :host([isPast]) svg.bar {
      opacity: 0.35;
    }
  `);

  @property({ attribute: false }) next: NextTokens | undefined;
  @property({ attribute: false }) dials: Dials = untouched;
  @property({ type: Boolean }) isReady = false;
  /** The text has changed since: no token follows it by this table. */
  @property({ type: Boolean, reflect: true }) isPast = false;
  #order: Uint32Array = new Uint32Array(0);

  protected override willUpdate(changes: PropertyValues<this>): void {
    if (changes.has('next') && this.next !== undefined) this.#order = ranked(this.next.logits);
  }

  protected override render() {
    const { next, dials } = this;
    if (next === undefined) return nothing;
    const { likeliest, logits } = next;
    const drawn = drawnProbabilities(logits, this.#order, dials, likeliest.length);
    const model = drawnProbabilities(logits, this.#order, untouched, likeliest.length);
    const rest = Math.max(0, 1 - drawn.reduce((sum, share) => sum + share, 0));
    return html`<table>
        <caption>
          ${next.step === 0 ? 'Before the first step' : `After step ${formatCount(next.step)}`}, the likeliest of ${formatCount(logits.length)}
          <glossary-term term="token">tokens</glossary-term> after your text${this.isPast ? ' as it was. It has changed: ask again what comes next.' : '.'}
          Bars: how often each is drawn with these dials; lines: how sure the model is without them.
          ${this.isPast ? '' : 'Press one to write it.'}
        </caption>
        <thead>
          <tr>
            <th scope="col">Token</th>
            <th scope="col"><span class="sr">Bar</span></th>
            <th scope="col" class="number">drawn</th>
            <th scope="col" class="number">model</th>
          </tr>
        </thead>
        <tbody>
          ${likeliest.map(({ name, text }, rank) => {
            const [share = 0, sure = 0] = [drawn[rank], model[rank]];
            return html`<tr class=${share === 0 ? 'out' : ''}>
              <td>
                <button
                  type="button"
                  aria-label="Write ${name}"
                  ?disabled=${!this.isReady}
                  aria-disabled=${this.isPast ? 'true' : 'false'}
                  @click=${() => this.#choose(text)}
                >${name}</button>
              </td>
              <td class="bar" aria-hidden="true">
                ${stackedBar(name, [{ name, share, className: 'drawn' }], [{ share: sure, className: 'model' }])}
              </td>
              <td class="number">${formatPercent(share)}</td>
              <td class="number muted">${formatPercent(sure)}</td>
            </tr>`;
          })}
        </tbody>
      </table>
      <p class="small muted" role="status">
        ${rest < 0.0005 ? 'No other token can be drawn.' : `All others together: ${formatPercent(rest)}.`}
      </p>`;
  }

  /** A button keeps the keyboard while the next table is on its way; meanwhile it writes nothing. */
  #choose(text: string): void {
    if (!this.isPast) emit(this, 'choose-token', { text });
  }
}
