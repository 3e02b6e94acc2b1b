// The roofline: kernels of a step as points under the measured roof of this device, and where they were before.
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { CalibrationReport } from '../../contract/device.ts';
import type { KernelTable } from '../../contract/kernels.ts';
import { formatDigits, formatPercent, formatSeconds, formatSi, formatTick } from '../../text/numbers.ts';
import type { PlotAxis } from '../../text/plot-layout.ts';
import { pickedFigures } from '../figures/style-sets.ts';
import {
  hasPlace,
  isMeasured,
  pointSeries,
  type RooflineGrouping,
  rooflinePoints,
  rooflineTable,
  roofSeries,
} from './roofline-data.ts';
import '../figures/panel.ts';
import '../figures/svg-plot.ts';

const groupings: readonly RooflineGrouping[] = ['kernel', 'term', 'dispatch'];

const intensityAxis: PlotAxis = {
  label: 'intensity, FLOP per byte',
  kind: 'log',
  format: formatTick,
  formatValue: formatDigits,
};
const speedAxis: PlotAxis = {
  label: 'FLOP/s',
  kind: 'log',
  format: formatTick,
  formatValue: (value) => formatSi(value, ''),
};

/** Give it `table`, and if they are there `calibration` (the roof), `earlier` (a table of before) and `earlierName`. */
@customElement('roofline-figure')
export class RooflineFigure extends LitElement {
  static override readonly styles = pickedFigures(css`
    .controls {
      display: inline-flex;
      flex-wrap: wrap;
      gap: 4px 12px;
      align-items: center;
      font-size: 13px;
    }
  `);

  @property({ attribute: false }) table: KernelTable | undefined;
  @property({ attribute: false }) calibration: CalibrationReport | undefined;
  @property({ attribute: false }) earlier: KernelTable | undefined;
  /** What was different then, in words. */
  @property({ attribute: false }) earlierName = '';
  @state() private grouping: RooflineGrouping = 'kernel';
  @state() private isCompared = true;

  protected override render() {
    const { table, calibration, grouping } = this;
    if (table === undefined) return nothing;
    const points = rooflinePoints(table, grouping);
    const before = this.earlier && this.isCompared ? rooflinePoints(this.earlier, grouping) : [];
    const roofs = calibration === undefined ? [] : roofSeries(calibration, [...points, ...before]);
    const unplaced = points.filter((point) => !hasPlace(point)).length;
    return html`<figure-panel heading="Roofline" term="roofline" fileName="roofline" .table=${rooflineTable(points, before)}>
      <span slot="controls" class="controls">
        <label>
          <span class="muted">a point is a</span>
          <select
            @change=${(event: Event) => {
              this.grouping = groupings[(event.target as HTMLSelectElement).selectedIndex] ?? 'kernel';
            }}
          >
            ${groupings.map((name) => html`<option ?selected=${name === grouping}>${name}</option>`)}
          </select>
        </label>
        ${
          this.earlier === undefined
            ? nothing
            : html`<label class="check">
                <input
                  type="checkbox"
                  .checked=${this.isCompared}
                  @change=${(event: Event) => {
                    this.isCompared = (event.target as HTMLInputElement).checked;
                  }}
                />
                <span class="muted">the profile before</span>
              </label>`
        }
      </span>
      <svg-plot
        .x=${intensityAxis}
        .y=${speedAxis}
        .series=${[...roofs, ...pointSeries(points, before)]}
        .plotHeight=${380}
        .description=${this.#description(points.length)}
      ></svg-plot>
      <p slot="note">
        ${
          isMeasured(table)
            ? 'Each point is useful arithmetic over measured time. The roof over it is that of its own working set; a point above the roof says that calibration underrates this device.'
            : 'Predicted, not measured: press Profile to see what the kernels do.'
        }
        ${unplaced === 0 ? nothing : `${unplaced} without arithmetic have no place here; they are in the table.`}
        ${this.#comparison()}
      </p>
    </figure-panel>`;
  }

  #description(count: number): string {
    const roof =
      this.calibration === undefined ? 'without a roof, the device is not calibrated' : 'under the roof';
    return `Roofline: ${count} points of speed over arithmetic intensity, ${roof}.`;
  }

  /** Whole steps of both profiles, in words. */
  #comparison(): string {
    const { earlier: before, table } = this;
    if (before === undefined || table === undefined || !this.isCompared) return '';
    const sum = (of: KernelTable): number =>
      rooflinePoints(of, 'kernel').reduce((total, { seconds }) => total + seconds, 0);
    const [old, now] = [sum(before), sum(table)];
    const name = this.earlierName === '' ? 'the profile before' : `the profile before (${this.earlierName})`;
    return `Kernels took ${formatSeconds(old)} in ${name} and ${formatSeconds(now)} now: ${formatPercent(now / old)}.`;
  }
}
