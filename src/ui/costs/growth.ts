// Three log-log plots: work, memory and money as one size of the model grows.
import { css, html, LitElement } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { controlGroup } from '../figures/style-sets.ts';
import { type CurveAxis, costPlots, curveAxes } from './curves.ts';
import { type CostsInputs, initialInputs, sizeFields } from './inputs.ts';
import '../figures/panel.ts';
import '../figures/svg-plot.ts';

@customElement('costs-growth')
export class CostsGrowth extends LitElement {
  static override readonly styles = controlGroup(css`
    .plots {
      display: grid;
      gap: var(--gap);
      grid-template-columns: repeat(auto-fit, minmax(min(100%, 320px), 1fr));
    }
    fieldset {
      border: 0;
      margin: 0 0 10px;
      padding: 0;
      display: flex;
      flex-wrap: wrap;
      gap: 4px 14px;
      font-size: 13px;
    }
    legend {
      float: left;
      padding: 0;
      margin-right: 14px;
      color: var(--muted);
    }
  `);

  @property({ attribute: false }) inputs: CostsInputs = initialInputs;
  @state() private axis: CurveAxis = 'context';

  protected override render() {
    return html`<fieldset>
        <legend>Grow</legend>
        ${curveAxes.map((axis) => {
          const field = sizeFields.find(({ key }) => key === axis);
          return html`<label class="check">
            <input
              type="radio"
              name="axis"
              .checked=${axis === this.axis}
              @change=${() => {
                this.axis = axis;
              }}
            />
            <span>${field?.label.toLowerCase()} ${field?.letter}</span>
          </label>`;
        })}
      </fieldset>
      <div class="plots">
        ${costPlots(this.inputs, this.axis).map(
          (plot) =>
            html`<figure-panel heading=${plot.heading} fileName="costs-${plot.id}-${this.axis}" .table=${plot.table}>
              <svg-plot
                .x=${plot.x}
                .y=${plot.y}
                .series=${plot.series}
                .rules=${plot.rules}
                .plotHeight=${300}
                description=${plot.description}
              ></svg-plot>
            </figure-panel>`,
        )}
      </div>`;
  }
}
