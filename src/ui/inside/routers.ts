// The routers over the run: load of every expert, balance, entropy and drops, and which router collapsed by which rule.

import { css, html, LitElement, nothing } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { ExpertHistory } from '../../contract/inside.ts';
import { formatCount, formatDigits, formatPercent, formatTick } from '../../text/numbers.ts';
import type { PlotAxis } from '../../text/plot-layout.ts';
import { significant } from '../../text/rounding.ts';
import type { HeatPlace } from '../figures/heat.ts';
import { pickedFigures, stackStyles } from '../figures/style-sets.ts';
import { loadHeat, type RouterFigure, routerFigures, routerSeries, routerTable } from './data.ts';
import '../figures/panel.ts';
import '../figures/heat.ts';
import '../figures/svg-plot.ts';

const figures = Object.keys(routerFigures) as readonly RouterFigure[];

/** Give it `history`. */
@customElement('inside-routers')
export class InsideRouters extends LitElement {
  static override readonly styles = pickedFigures(
    stackStyles,
    css`
      @media (min-width: 1080px) {
        :host {
          grid-template-columns: minmax(0, 1fr) minmax(0, 1fr);
        }
      }
      select {
        max-width: 200px;
      }
      p + p {
        margin-top: 4px;
      }
    `,
  );

  @property({ attribute: false }) history: ExpertHistory | undefined;
  @state() private index = 0;
  @state() private figure: RouterFigure = 'balance';

  protected override render() {
    const { history } = this;
    if (history === undefined || history.samples.length === 0) return nothing;
    return html`${this.#load(history)} ${this.#curves(history)}`;
  }

  #load(history: ExpertHistory) {
    const { samples, experts, perToken, collapsed, rule } = history;
    const layers = samples[0]?.layers.map(({ layer }) => layer) ?? [];
    const layer = layers[this.index] ?? layers[0] ?? 0;
    const heat = loadHeat(history, layer);
    const fair = perToken / experts;
    const describe = ({ row, column }: HeatPlace): string => {
      const share = heat.values[row * samples.length + column];
      const { from, step } = samples[column];
      return `steps ${formatCount(from + 1)} to ${formatCount(step)}: expert ${row + 1} took ${formatPercent(share)} of the tokens (fair: ${formatPercent(fair)})`;
    };
    return html`<figure-panel heading="Load of the experts" term="router" fileName="expert-load" .table=${routerTable(history)}>
      <label slot="controls">
        <span class="muted">layer</span>
        <select
          @change=${(event: Event) => {
            this.index = (event.target as HTMLSelectElement).selectedIndex;
          }}
        >
          ${layers.map((one) => html`<option ?selected=${one === layer}>${one + 1}</option>`)}
        </select>
      </label>
      <inside-heat
        .heat=${heat}
        .describe=${describe}
        .description=${`Layer ${layer + 1}: rows are ${experts} experts, columns ${samples.length} stretches of steps.`}
      ></inside-heat>
      <div slot="note">
        <div role="status">
          ${
            collapsed.length === 0
              ? html`<p class="good">No router has collapsed over its newest steps.</p>`
              : collapsed.map(({ why }) => html`<p class="bad"><strong>Router collapsed.</strong> ${why}</p>`)
          }
        </div>
        <p>${rule}</p>
        <p>
          A shade is the part of the tokens that took the expert, the full one ${formatPercent(heat.maximum)}; each would have
          ${formatPercent(fair)} of them. From left to right: up to step ${heat.columns.at(-1)}.
        </p>
      </div>
    </figure-panel>`;
  }

  #curves(history: ExpertHistory) {
    const { label, format } = routerFigures[this.figure];
    const x: PlotAxis = { label: 'step', kind: 'linear', format: formatTick };
    const y: PlotAxis = {
      label,
      kind: 'linear',
      format:
        format === formatPercent ? (value) => `${formatTick(significant(100 * value, 6))} %` : formatTick,
      formatValue: format,
    };
    const isBalance = this.figure === 'balance';
    return html`<figure-panel heading="Routers over the run" fileName="routers">
      <label slot="controls">
        <select
          aria-label="Figure"
          @change=${(event: Event) => {
            this.figure = figures[(event.target as HTMLSelectElement).selectedIndex] ?? 'balance';
          }}
        >
          ${figures.map((name) => html`<option ?selected=${name === this.figure}>${routerFigures[name].label}</option>`)}
        </select>
      </label>
      <svg-plot
        .x=${x}
        .y=${y}
        .series=${routerSeries(history, this.figure)}
        .description=${`${label} of each router over the steps of the run.`}
      ></svg-plot>
      <p slot="note">
        ${
          isBalance
            ? `1 is balanced, ${history.experts} is one expert for all. ${history.balanceLoss > 0 ? `The balance loss is ${formatDigits(history.balanceLoss)} times this.` : 'The run has no balance loss.'}`
            : nothing
        }
        The numbers stand in the table of the load.
      </p>
    </figure-panel>`;
  }
}
