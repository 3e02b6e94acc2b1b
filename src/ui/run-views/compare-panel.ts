// Several runs side by side: their curves over each other, their differences, and what was predicted of each.
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { ComparedRun, RunRecord } from '../../contract/records.ts';
import { formatLoss, formatTick } from '../../text/numbers.ts';
import { checkBox } from '../figures/check-box.ts';
import { stackStyles, workPanel } from '../figures/style-sets.ts';
import { pickerStyles } from '../figures/styles.ts';
import { toneStyles } from '../figures/svg-plot.ts';
import type { AxisName } from '../state/series.ts';
import { compareSeries, compareTones, describeCurves, figureTable, lossTable } from './compare-data.ts';
import { axisLabels, formatAxisValue } from './plot-options.ts';
import '../figures/panel.ts';
import '../figures/svg-plot.ts';

const axes: readonly AxisName[] = ['step', 'tokens', 'flops', 'seconds'];

/** Sends `save-report` when the reader wants all of it as a file. */
@customElement('compare-panel')
export class ComparePanel extends LitElement {
  static override readonly styles = workPanel(
    pickerStyles,
    toneStyles,
    stackStyles,
    css`
      .controls {
        display: inline-flex;
        flex-wrap: wrap;
        gap: 4px 12px;
        align-items: center;
      }
      li {
        display: grid;
        grid-template-columns: auto minmax(0, 1fr);
        gap: 2px 4px;
        padding: 5px 0;
        border-top: 1px solid var(--line);
        overflow-wrap: anywhere;
      }
      li:first-child {
        border-top: 0;
      }
      .key {
        margin-top: 6px;
        color: var(--tone);
      }
    `,
  );

  @property({ attribute: false }) records: readonly RunRecord[] = [];
  /** A run that is not over: its curve is drawn with the others, and nothing else is said of it. */
  @property({ attribute: false }) live: Pick<RunRecord, 'title' | 'steps' | 'evaluations'> | undefined;
  @property({ attribute: false }) compared: readonly ComparedRun[] = [];
  @state() private axis: AxisName = 'step';
  @state() private logX = false;
  @state() private logY = false;

  protected override render() {
    const { axis, logX, logY } = this;
    const records = this.live === undefined ? this.records : [...this.records, this.live];
    if (records.length === 0) return nothing;
    const format = (value: number): string => formatAxisValue(axis, value);
    const x = {
      label: axisLabels[axis],
      kind: logX ? 'log' : 'linear',
      format: formatTick,
      formatValue: format,
    };
    const y = {
      label: 'loss, nats per token',
      kind: logY ? 'log' : 'linear',
      format: formatTick,
      formatValue: formatLoss,
    };
    return html`<figure-panel heading="Losses" fileName="runs" .table=${lossTable(records, axis)}>
        <span slot="controls" class="controls">
          <label>
            <span class="muted">by</span>
            <select
              aria-label="Horizontal axis of the comparison"
              @change=${(event: Event) => {
                this.axis = axes[(event.target as HTMLSelectElement).selectedIndex] ?? 'step';
              }}
            >
              ${axes.map((name) => html`<option ?selected=${name === axis}>${axisLabels[name]}</option>`)}
            </select>
          </label>
          ${checkBox('log x', logX, (value) => {
            this.logX = value;
          })}
          ${checkBox('log y', logY, (value) => {
            this.logY = value;
          })}
        </span>
        <svg-plot
          .x=${x}
          .y=${y}
          .series=${compareSeries(records, axis)}
          .plotHeight=${340}
          description=${describeCurves(records, axis)}
        ></svg-plot>
        <span slot="note">Lines: training, neighbouring steps averaged. Dashed with rings: validation.</span>
      </figure-panel>
      ${this.records.length === 0 ? nothing : this.#details()}`;
  }

  #details() {
    return html`${this.#differences()}
      <figure-panel heading="Predicted and measured" fileName="runs-predicted" isTable .table=${figureTable(this.compared)}>
        <span slot="note">Seconds per step are the median of the recorded steps.</span>
      </figure-panel>`;
  }

  #differences() {
    return html`<section class="panel" aria-labelledby="differences">
      <div class="head">
        <h2 id="differences">Differences</h2>
        <button @click=${() => this.dispatchEvent(new CustomEvent('save-report'))}>Save as a report</button>
      </div>
      <ol>
        ${this.compared.map(
          ({ title, differences, device }, index) =>
            html`<li class="tone-${compareTones[index % compareTones.length]}">
              <span class="key" aria-hidden="true"></span>
              <span>
                ${index + 1}. ${title}:
                <b>${index === 0 ? 'what the others are compared with' : differences}</b>
                <span class="small muted">${device}</span>
              </span>
            </li>`,
        )}
      </ol>
    </section>`;
  }
}
