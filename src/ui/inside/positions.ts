// Mean loss at every position of the context, on held-out text.
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { PositionLosses } from '../../contract/inside.ts';
import { formatCount, formatLoss, formatTick } from '../../text/numbers.ts';
import type { PlotAxis, PlotSeries } from '../../text/plot-layout.ts';
import { controlGroup } from '../figures/style-sets.ts';
import { positionTable } from './data.ts';
import '../figures/panel.ts';
import '../figures/svg-plot.ts';

/** Give it `losses`. */
@customElement('inside-positions')
export class InsidePositions extends LitElement {
  static override readonly styles = controlGroup(css`
    label {
      font-size: 13px;
    }
  `);

  @property({ attribute: false }) losses: PositionLosses | undefined;
  @state() private isLog = false;

  protected override render() {
    const { losses } = this;
    if (losses === undefined) return nothing;
    const { step, windows, loss, means } = losses;
    const x: PlotAxis = {
      label: 'position',
      kind: this.isLog ? 'log' : 'linear',
      format: formatTick,
    };
    const y: PlotAxis = {
      label: 'mean loss, nats',
      kind: 'linear',
      format: formatTick,
      formatValue: formatLoss,
    };
    const points = means.flatMap((mean, index) => (mean === undefined ? [] : [{ x: index + 1, y: mean }]));
    const series: readonly PlotSeries[] = [
      { id: 'loss', name: 'loss', tone: 'validation', kind: points.length > 1 ? 'line' : 'points', points },
    ];
    return html`<figure-panel heading="Loss by position" term="context" fileName="position-losses" .table=${positionTable(losses)}>
      <label slot="controls" class="check">
        <input
          type="checkbox"
          .checked=${this.isLog}
          @change=${(event: Event) => {
            this.isLog = (event.target as HTMLInputElement).checked;
          }}
        />
        <span class="muted">log x</span>
      </label>
      <svg-plot
        .x=${x}
        .y=${y}
        .series=${series}
        .rules=${[{ axis: 'y', value: loss, label: `mean ${formatLoss(loss)}` }]}
        .description=${`Mean loss at ${points.length} positions of the context.`}
      ></svg-plot>
      <p slot="note">
        ${formatCount(windows)} windows of held-out text, the batches of the run’s evaluation, at step ${formatCount(step)}. The
        more tokens stand before one, the more there is to predict it from.
      </p>
    </figure-panel>`;
  }
}
