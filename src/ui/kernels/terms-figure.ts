// Formula, plan and measurement of every term side by side, for each kind of work.
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { TermReport } from '../../contract/terms.ts';
import { pickedFigures } from '../figures/style-sets.ts';
import { formulaLetters, isTimed, reasonsOf, termsTable, workNames } from './terms-data.ts';
import '../figures/panel.ts';

/** Give it `report`. */
@customElement('terms-figure')
export class TermsFigure extends LitElement {
  static override readonly styles = pickedFigures(css`
    .controls {
      font-size: 13px;
    }
    dl {
      display: grid;
      grid-template-columns: max-content minmax(0, 1fr);
      gap: 2px 12px;
      margin-top: 6px;
    }
    summary {
      cursor: pointer;
    }
  `);

  @property({ attribute: false }) report: TermReport | undefined;
  @state() private index = 0;

  protected override render() {
    const { report } = this;
    const table = report?.tables[this.index] ?? report?.tables[0];
    if (report === undefined || table === undefined) return nothing;
    return html`<figure-panel
      heading="Formula, plan, measurement"
      fileName="terms-${table.work}"
      .table=${termsTable(table)}
      .isTable=${true}
    >
      <label slot="controls" class="controls">
        <span class="muted">of</span>
        <select
          @change=${(event: Event) => {
            this.index = (event.target as HTMLSelectElement).selectedIndex;
          }}
        >
          ${report.tables.map(({ work }, index) => html`<option ?selected=${index === this.index}>${workNames[work]}</option>`)}
        </select>
      </label>
      <div slot="note">
        <p>
          ${table.title}. ${report.convention}
          ${isTimed(table) ? `Times: ${table.method ?? ''}.` : 'Not measured for this work.'}
        </p>
        <p>Letters: ${formulaLetters}.</p>
        <details>
          <summary>What the differences mean</summary>
          <dl>
            ${reasonsOf(table).map(({ name, note }) => html`<dt>${name}</dt><dd>${note}</dd>`)}
          </dl>
        </details>
      </div>
    </figure-panel>`;
  }
}
