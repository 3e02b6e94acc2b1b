// The loss chart with its choices: axis, logarithms, smoothing, table of data, export.
import { css, html, LitElement, nothing, type PropertyValues } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { formatLoss, unknown } from '../../text/numbers.ts';
import { checkBox } from '../figures/check-box.ts';
import { workPanel } from '../figures/style-sets.ts';
import { pickerStyles } from '../figures/styles.ts';
import { downloadPng, downloadSvg, findDrawing } from '../figures/svg-export.ts';
import { emit } from '../state/events.ts';
import { downloadText } from '../state/files.ts';
import type { AxisName, RunSeries } from '../state/series.ts';
import { noSeries } from '../state/state.ts';
import { type ChartColumns, type ChartOptions, chartColumns, thinOut } from './chart-data.ts';
import { curveCsv } from './exports.ts';
import type { Ghost } from './ghosts.ts';
import { lossDrawing } from './loss-drawing.ts';
import { axisLabels, formatAxisValue } from './plot-options.ts';
import './loss-plot.ts';
import { dataTable, numbers } from '../figures/data-table.ts';

/** One list, so that nothing is drawn anew for it. */
const noGhosts: readonly Ghost[] = [];
/** Rows of the table on the page; the file has all. */
const tableRows = 200;
const axes: readonly AxisName[] = ['step', 'tokens', 'flops', 'seconds'];

@customElement('loss-chart')
export class LossChart extends LitElement {
  static override readonly styles = workPanel(
    pickerStyles,
    css`
      .head {
        gap: 6px 14px;
        font-size: 13px;
      }
      input[type='range'] {
        width: 84px;
      }
      .legend {
        display: flex;
        flex-wrap: wrap;
        gap: 2px 16px;
        font-size: 12.5px;
        min-height: 20px;
      }
      .foot {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 2px 16px;
        font-size: 12.5px;
      }
      .foot .legend {
        flex: 1;
        min-width: 260px;
      }
      .files {
        display: inline-flex;
        align-items: center;
        gap: 4px;
        white-space: nowrap;
      }
      .export {
        position: absolute;
        left: -9999px;
        width: 900px;
      }
      .legend .place {
        margin-left: auto;
        color: var(--muted);
      }
      .train {
        color: var(--train);
      }
      .validation {
        color: var(--validation);
      }
      .legend b {
        font-weight: 500;
        color: var(--ink);
      }
      .scroll {
        max-height: 320px;
        margin-top: 10px;
      }
      thead th {
        position: sticky;
        top: 0;
        background: var(--panel);
      }
    `,
  );

  @property({ attribute: false }) series: RunSeries = noSeries;
  /** Earlier runs, drawn behind the curve; undefined where there are none to ask for. */
  @property({ attribute: false }) ghosts: readonly Ghost[] | undefined;
  @property({ type: Boolean }) isGhosted = false;
  /** Name of the exported file, without its ending. */
  @property() fileName = 'run';
  @state() private options: ChartOptions = { axis: 'step', logX: false, logY: false, smoothing: 0.8 };
  @state() private isTableShown = false;
  @state() private pointedAt: number | undefined;

  #columns: ChartColumns = { x: [], raw: [], smooth: [], validation: [] };

  protected override willUpdate(changes: PropertyValues): void {
    if (changes.has('series') || changes.has('options'))
      this.#columns = chartColumns(this.series, this.options);
  }

  protected override render() {
    const columns = this.#columns;
    const { axis, logX, logY, smoothing } = this.options;
    return html`<section class="panel" aria-labelledby="title">
      <div class="head">
        <h2 id="title">Loss</h2>
        <label>
          <span class="muted">by</span>
          <select
            aria-label="Horizontal axis"
            @change=${(event: Event) => this.#change({ axis: axes[(event.target as HTMLSelectElement).selectedIndex] ?? axis })}
          >
            ${axes.map((name) => html`<option ?selected=${name === axis}>${axisLabels[name]}</option>`)}
          </select>
        </label>
        ${checkBox('log x', logX, (value) => this.#change({ logX: value }))}
        ${checkBox('log y', logY, (value) => this.#change({ logY: value }))}
        <label>
          <span class="muted">smooth</span>
          <input
            type="range"
            min="0"
            max="0.99"
            step="0.01"
            .value=${String(smoothing)}
            @input=${(event: Event) => this.#change({ smoothing: (event.target as HTMLInputElement).valueAsNumber })}
          />
        </label>
        ${
          this.ghosts === undefined
            ? nothing
            : checkBox('earlier runs', this.isGhosted, (value) =>
                emit(this, 'show-ghosts', { isShown: value }),
              )
        }
      </div>
      <loss-plot
        .columns=${columns}
        .options=${this.options}
        .floors=${this.series.floors}
        .ghosts=${this.#shownGhosts}
        .description=${this.#describe(columns)}
        @point-at=${(event: CustomEvent<number | undefined>) => {
          this.pointedAt = event.detail;
        }}
      ></loss-plot>
      <div class="foot">${this.#legend(columns)} ${this.#files(columns)}</div>
      ${this.isTableShown ? this.#table(columns) : nothing}
    </section>`;
  }

  get #shownGhosts(): readonly Ghost[] {
    return this.isGhosted ? (this.ghosts ?? noGhosts) : noGhosts;
  }

  #legend(columns: ChartColumns) {
    const index = Math.min(this.pointedAt ?? columns.x.length - 1, columns.x.length - 1);
    const x = columns.x[index];
    const validation = columns.validation.slice(0, index + 1).findLast((value) => value !== null);
    return html`<div class="legend">
      <span class="train"><span class="key"></span>training <b>${formatLoss(columns.smooth[index] ?? undefined)}</b></span>
      <span class="muted">raw <b>${formatLoss(columns.raw[index] ?? undefined)}</b></span>
      <span class="validation"><span class="key"></span>validation <b>${formatLoss(validation ?? undefined)}</b></span>
      <span class="place">
        ${x === undefined ? '' : `${axisLabels[this.options.axis]} ${formatAxisValue(this.options.axis, x)}`}
        ${this.series.stride > 1 ? ` · each point is ${this.series.stride} steps` : ''}
      </span>
    </div>`;
  }

  /** The curve in other forms. */
  #files({ x }: ChartColumns) {
    const isEmpty = x.length === 0;
    return html`<span class="files">
      ${checkBox('table', this.isTableShown, (value) => {
        this.isTableShown = value;
      })}
      ${(['SVG', 'PNG'] as const).map(
        (kind) =>
          html`<button
            class="plain"
            ?disabled=${isEmpty}
            aria-label="Save the loss as ${kind}"
            @click=${() => void this.#saveDrawing(kind === 'SVG' ? downloadSvg : downloadPng)}
          >
            ${kind}
          </button>`,
      )}
      <button class="plain" ?disabled=${isEmpty} @click=${this.#export}>CSV</button>
    </span>`;
  }

  #table(columns: ChartColumns) {
    const rows = thinOut([...columns.x.keys()], tableRows);
    const cell = (value: number | null | undefined) => formatLoss(value ?? undefined);
    return dataTable(
      'Losses as a table',
      [axisLabels[this.options.axis], 'Training', 'Smoothed', 'Validation'].map(numbers),
      rows.map((row) => [
        formatAxisValue(this.options.axis, columns.x[row] ?? 0),
        cell(columns.raw[row]),
        cell(columns.smooth[row]),
        cell(columns.validation[row]),
      ]),
    );
  }

  #describe(columns: ChartColumns): string {
    const first = columns.raw.find((value) => value !== null);
    const last = columns.raw.findLast((value) => value !== null);
    const validation = columns.validation.findLast((value) => value !== null);
    if (first === undefined || last === undefined) return 'Loss curve: no points yet.';
    const words = validation === undefined ? unknown : formatLoss(validation ?? undefined);
    const earlier = this.#shownGhosts.map(({ title }) => title);
    return [
      `Loss curve: training loss from ${formatLoss(first ?? undefined)} to ${formatLoss(last ?? undefined)}, validation loss ${words}.`,
      ...(earlier.length === 0 ? [] : [`Behind it earlier runs: ${earlier.join('; ')}.`]),
      'Arrow keys move along it.',
    ].join(' ');
  }

  #change(change: Partial<ChartOptions>): void {
    this.options = { ...this.options, ...change };
  }

  /** Draws the curve as the figures are drawn, for as long as it takes to write it down. */
  async #saveDrawing(save: typeof downloadSvg | typeof downloadPng): Promise<void> {
    const { SvgPlot } = await import('../figures/svg-plot.ts');
    const plot = new SvgPlot();
    Object.assign(plot, lossDrawing(this.#columns, this.options, this.series.floors, this.#shownGhosts));
    plot.className = 'export';
    this.renderRoot.append(plot);
    try {
      await plot.updateComplete;
      const drawing = findDrawing(plot);
      if (drawing !== undefined) await save(drawing, this.fileName, 'Loss');
    } finally {
      plot.remove();
    }
  }

  #export(): void {
    downloadText(`${this.fileName}.csv`, curveCsv(this.series), 'text/csv');
  }
}
