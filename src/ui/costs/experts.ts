// How many experts: the rule of thumb for any two counts of parameters, beside what published routers chose.

import { css, html, LitElement } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { formatCount, formatFigure } from '../../text/numbers.ts';
import { significant } from '../../text/rounding.ts';
import type { FigureTable } from '../../text/table.ts';
import { spread } from '../../text/ticks.ts';
import { expertConvention, expertCount, expertRuleMiss, publishedRouters } from '../../theory/experts.ts';
import { controlGroup } from '../figures/style-sets.ts';
import { initialInputs } from './inputs.ts';
import './field.ts';
import '../figures/panel.ts';

const counts = spread('log', [1e8, 1e13], 201).map((value) => significant(value, 3));

/** Routers as rows. */
export const routersTable: FigureTable = {
  columns: [
    { label: 'Router' },
    { label: 'E, experts per layer', format: formatCount },
    { label: 'K, per token', format: formatCount },
    { label: 'shared', format: String },
    { label: 'E over the rule at c = 12', format: (value) => `${formatFigure(value)} ×` },
    { label: 'Source', room: 'long' },
  ],
  rows: publishedRouters.map((router) => {
    const { model, experts, expertsPerToken, shared, source } = router;
    return [model, experts, expertsPerToken, shared, expertRuleMiss(router), source];
  }),
};

@customElement('costs-experts')
export class CostsExperts extends LitElement {
  static override readonly styles = controlGroup(css`
    .fields {
      display: grid;
      grid-template-columns: repeat(auto-fit, minmax(min(100%, 240px), 1fr));
      gap: 8px 24px;
      align-items: start;
    }
    #count {
      font-size: 15px;
      margin: 8px 0 2px;
    }
  `);

  @property({ attribute: false }) inputs = initialInputs;
  @state() private total = 671e9;
  @state() private active = 37e9;

  protected override render() {
    const { total, active } = this;
    const { low, typical, high } = expertCount(total, active);
    return html`<figure-panel heading="Experts of a mixture" fileName="routers" isTable .table=${routersTable}>
      <div class="fields">
        <costs-field
          label="All parameters"
          .value=${total}
          .stops=${counts}
          .check=${(value: number | undefined) => reason(value, active)}
          @change-value=${({ detail }: CustomEvent<number | undefined>) => this.#change(detail, active)}
        ></costs-field>
        <costs-field
          label="Active a token"
          .value=${active}
          .stops=${counts}
          .check=${(value: number | undefined) => reason(total, value)}
          @change-value=${({ detail }: CustomEvent<number | undefined>) => this.#change(total, detail)}
        ></costs-field>
      </div>
      <p id="count" role="status">
        About <strong>${Math.round(typical)}</strong> experts per layer
        <span class="muted">(c = 12; ${Math.round(low)} to ${Math.round(high)} for c = 8 to 16)</span>
      </p>
      <p slot="note">${expertConvention}.</p>
    </figure-panel>`;
  }

  /** A slider may pass the other one: it takes it along. */
  #change(total: number | undefined, active: number | undefined): void {
    if (total === undefined || active === undefined) return;
    const isTotalNew = total !== this.total;
    this.total = isTotalNew ? total : Math.max(total, active);
    this.active = isTotalNew ? Math.min(total, active) : active;
  }
}

/** The theory's own words on why two counts are impossible. */
function reason(total: number | undefined, active: number | undefined): string | undefined {
  try {
    expertCount(total ?? Number.NaN, active ?? Number.NaN);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
