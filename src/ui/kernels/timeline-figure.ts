// One step on a time axis: the drawing, its legend, and the row behind the slice that was picked.
import { css, html, LitElement, nothing, type PropertyValues } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import type { KernelTable } from '../../contract/kernels.ts';
import { formatBytes, formatRatio, formatSeconds, formatSi, formatSpread } from '../../text/numbers.ts';
import { baseStyles, controlStyles, readoutStyles } from '../figures/styles.ts';
import { termClass, termStyles } from '../figures/term-styles.ts';
import {
  hasSource,
  type Timeline,
  type TimelineSlice,
  type TimelineSource,
  timelineOf,
  timelineTable,
} from './timeline-data.ts';
import type { TimelineStrip } from './timeline-strip.ts';
import '../figures/panel.ts';
import './timeline-strip.ts';

/** Give it `table`. */
@customElement('timeline-figure')
export class TimelineFigure extends LitElement {
  static override readonly styles = [
    baseStyles,
    controlStyles,
    readoutStyles,
    termStyles,
    css`
      .legend {
        display: flex;
        flex-wrap: wrap;
        gap: 2px 12px;
        font-size: 12px;
        margin-top: 4px;
      }
      .legend .key {
        background: color-mix(in srgb, var(--tone) 42%, var(--panel));
        border: 1px solid var(--tone);
      }
      .controls {
        display: inline-flex;
        flex-wrap: wrap;
        gap: 4px;
        align-items: center;
        font-size: 13px;
      }
      .controls button {
        min-width: 30px;
      }
      .controls select {
        width: auto;
        min-height: 26px;
        padding: 1px 4px;
        border-color: var(--line);
      }
      dl.row {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(150px, 1fr));
        gap: 6px 14px;
        margin-top: 8px;
        padding: 10px 12px;
        background: var(--inset);
        border-radius: 7px;
      }
      dl.row dt {
        font-size: 12px;
        color: var(--muted);
      }
      dl.row dd {
        overflow-wrap: anywhere;
      }
      dl.row .wide {
        grid-column: span 2;
      }
    `,
  ];

  @property({ attribute: false }) table: KernelTable | undefined;
  @state() private source: TimelineSource = 'measured';
  /** Index of the slice whose row is shown. */
  @state() private chosen: number | undefined;
  @query('timeline-strip') private readonly strip: TimelineStrip | undefined;

  #timeline: Timeline = { slices: [], layers: [], lanes: [], seconds: 0 };

  protected override willUpdate(changes: PropertyValues): void {
    const { table } = this;
    if (table === undefined || !(changes.has('table') || changes.has('source'))) return;
    if (changes.has('table') && !hasSource(table, this.source))
      this.source = hasSource(table, 'measured') ? 'measured' : 'predicted';
    this.#timeline = timelineOf(table, this.source);
  }

  protected override render() {
    const { table } = this;
    if (table === undefined) return nothing;
    const chosen = this.chosen === undefined ? undefined : this.#timeline.slices[this.chosen];
    return html`<figure-panel heading="Timeline" fileName="timeline" .table=${timelineTable(this.#timeline)}>
      <span slot="controls" class="controls">${this.#controls(table)}</span>
      <div>
        <timeline-strip
          .timeline=${this.#timeline}
          @pick-slice=${(event: CustomEvent<number | undefined>) => {
            this.chosen = event.detail;
          }}
        ></timeline-strip>
        ${this.#legend()} ${chosen === undefined ? nothing : this.#row(chosen)}
      </div>
      <p slot="note">
        ${this.source === 'measured' ? `Each dispatch timed alone, set one after another (${table.method}).` : 'Predicted times, one after another.'}
        ${(table.accumulation ?? 1) > 1 ? `One micro-batch of ${table.accumulation}, then the update.` : nothing}
        Arrow keys go from dispatch to dispatch, Enter shows the row, + and − zoom, A and D move, 0 shows all; Ctrl and the
        wheel zoom too.
      </p>
    </figure-panel>`;
  }

  #controls(table: KernelTable) {
    const hasBoth = hasSource(table, 'measured') && hasSource(table, 'predicted');
    return html`${
      hasBoth
        ? html`<select
            aria-label="Times"
            @change=${(event: Event) => {
              this.source =
                (event.target as HTMLSelectElement).selectedIndex === 0 ? 'measured' : 'predicted';
            }}
          >
            <option ?selected=${this.source === 'measured'}>measured</option>
            <option ?selected=${this.source === 'predicted'}>predicted</option>
          </select>`
        : nothing
    }
      <button class="plain" aria-label="Zoom in" @click=${() => this.strip?.zoomIn()}>+</button>
      <button class="plain" aria-label="Zoom out" @click=${() => this.strip?.zoomOut()}>−</button>
      <button class="plain" @click=${() => this.strip?.showAll()}>All</button>`;
  }

  #legend() {
    const terms = [...new Set(this.#timeline.slices.map(({ row }) => row.term ?? 'other'))];
    return html`<ul class="legend">
      ${terms.map((term) => html`<li class=${termClass(term)}><span class="key"></span>${term}</li>`)}
    </ul>`;
  }

  #row({ row, start }: TimelineSlice) {
    const { predictedSeconds, measuredSeconds, limitSeconds } = row;
    const ratio =
      predictedSeconds && measuredSeconds !== undefined ? measuredSeconds / predictedSeconds : undefined;
    const pairs: readonly (readonly [string, string])[] = [
      ['dispatch', `${row.index} ${row.label}`],
      ['kernel', row.kernel],
      ['shape', row.shape],
      ['starts at', formatSeconds(start)],
      ['work', formatSi(row.usefulFlops, 'FLOP')],
      ['moved', formatBytes(row.bytes)],
      ['limit', formatSeconds(limitSeconds)],
      ['predicted', formatSeconds(predictedSeconds)],
      ['measured', `${formatSeconds(measuredSeconds)} ${formatSpread(row.measuredSpread)}`],
      ['measured over predicted', formatRatio(ratio)],
      ['bound by', row.boundBy],
    ];
    return html`<dl class="row" aria-label="The chosen dispatch">
      ${pairs.map(
        ([name, value]) =>
          html`<div class=${name === 'shape' ? 'wide' : ''}><dt>${name}</dt><dd>${value}</dd></div>`,
      )}
    </dl>`;
  }
}
