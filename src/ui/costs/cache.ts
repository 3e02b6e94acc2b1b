// Key and value caches as bars: kinds of attention at the model's sizes, and the published models.
import { css, html, LitElement } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { formatCount } from '../../text/numbers.ts';
import { controlGroup } from '../figures/style-sets.ts';
import { pickerStyles } from '../figures/styles.ts';
import {
  attentionCaches,
  type CacheMeasure,
  cacheBars,
  cachesTable,
  type NamedCache,
  publishedCaches,
} from './caches.ts';
import { initialInputs } from './inputs.ts';
import '../figures/panel.ts';
import '../figures/svg-bars.ts';

@customElement('costs-cache')
export class CostsCache extends LitElement {
  static override readonly styles = controlGroup(
    css`
    .pair {
      display: grid;
      gap: var(--gap);
      grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr));
      align-items: start;
    }
    label {
      margin-bottom: 8px;
    }
  `,
    pickerStyles,
  );

  @property({ attribute: false }) inputs = initialInputs;
  @state() private measure: CacheMeasure = 'token';

  protected override render() {
    const { inputs } = this;
    const { context } = inputs.model;
    return html`<label>
        <span class="muted">Bars show the bytes of</span>
        <select
          @change=${(event: Event) => {
            this.measure = (event.target as HTMLSelectElement).selectedIndex === 0 ? 'token' : 'context';
          }}
        >
          <option ?selected=${this.measure === 'token'}>a token</option>
          <option ?selected=${this.measure === 'context'}>${formatCount(context)} tokens</option>
        </select>
      </label>
      <div class="pair">
      ${this.#figure('Cache by kind of attention', 'cache-kinds', attentionCaches(inputs))}
      ${this.#figure('Caches of published models', 'cache-models', publishedCaches(inputs))}
    </div>`;
  }

  #figure(heading: string, fileName: string, caches: readonly NamedCache[]) {
    const { measure, inputs } = this;
    const bars = cacheBars(caches, measure);
    const { context } = inputs.model;
    const of = measure === 'token' ? 'a token' : `${formatCount(context)} tokens`;
    return html`<figure-panel heading=${heading} fileName=${fileName} .table=${cachesTable(caches, inputs.model)}>
      <svg-bars
        .bars=${bars}
        description="${heading}, bytes of ${of}: ${bars.map(({ label, text }) => `${label} ${text}`).join(', ')}."
      ></svg-bars>
      <p slot="note">
        Bytes of ${of}, ${inputs.bytesPerValue} a value; keys and values of one sequence, all layers; latent attention with its
        decoupled key unless said. Windows save nothing of a token while
        they still hold it: see the whole context.
      </p>
    </figure-panel>`;
  }
}
