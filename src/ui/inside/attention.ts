// Attention of one layer: one head large, all heads small beside their mean distances, and the distances of all layers.

import { css, html, LitElement, nothing, svg } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { TextReading } from '../../contract/inside.ts';
import { formatDigits, formatPercent, formatTick } from '../../text/numbers.ts';
import type { PlotAxis } from '../../text/plot-layout.ts';
import { rounded } from '../../text/rounding.ts';
import type { HeatPlace } from '../figures/heat.ts';
import { type Heat, heatPaths, shadeLevels } from '../figures/heat-paths.ts';
import { pickedFigures, stackStyles } from '../figures/style-sets.ts';
import { attentionTable, headSeries, headsTable, namedToken, pooled } from './data.ts';
import '../figures/panel.ts';
import '../figures/heat.ts';
import '../figures/svg-plot.ts';

/** Cells of a small map and its side in pixels. */
const smallCells = 40;
const smallSide = 80;

/** Give it `reading`, and inside what shall stand beside the map. Sends `choose-layer` (detail: from 0) when the attention of another layer is wanted. */
@customElement('inside-attention')
export class InsideAttention extends LitElement {
  static override readonly styles = pickedFigures(
    stackStyles,
    css`
      @media (min-width: 1080px) {
        :host {
          grid-template-columns: minmax(0, 3fr) minmax(0, 2fr);
        }
      }
      .side {
        display: grid;
        gap: var(--gap);
        grid-template-columns: minmax(0, 1fr);
        min-width: 0;
      }
      inside-heat {
        max-width: 760px;
      }
      .heads {
        display: flex;
        flex-wrap: wrap;
        gap: 6px;
        margin-bottom: 10px;
      }
      .heads button {
        flex-direction: column;
        gap: 3px;
        padding: 5px;
        font-size: 11.5px;
        line-height: 1.25;
        border-color: var(--line);
      }
      .heads button[aria-pressed='true'] {
        border-color: var(--accent);
        box-shadow: inset 0 0 0 1px var(--accent);
      }
      .heads svg {
        display: block;
        border-radius: 3px;
      }
      .ground {
        fill: var(--inset);
      }
      .shade {
        fill: var(--train);
      }
    `,
  );

  @property({ attribute: false }) reading: TextReading | undefined;
  /** Whether another layer may be asked for now. */
  @property({ type: Boolean }) isFree = false;
  @state() private head = 0;

  protected override render() {
    const { reading } = this;
    if (reading === undefined || reading.maps.length === 0) return nothing;
    return html`${this.#map(reading)}
      <div class="side">${this.#distances(reading)}<slot></slot></div>`;
  }

  #map(reading: TextReading) {
    const { tokens, maps, layer, windows } = reading;
    const head = Math.min(this.head, maps.length - 1);
    const map = maps[head] ?? new Float32Array(0);
    const heat: Heat = { rows: tokens, columns: tokens, values: map, maximum: 1 };
    const own = reading.heads.find((one) => one.layer === layer && one.head === head);
    const window = windows[layer];
    const describe = ({ row, column }: HeatPlace): string =>
      column > row
        ? `${namedToken(reading, row)} cannot look ahead at ${namedToken(reading, column)}`
        : `${namedToken(reading, row)} looks at ${namedToken(reading, column)} with ${formatPercent(map[row * tokens.length + column])}`;
    return html`<figure-panel heading="Attention" term="attention" fileName="attention" .table=${attentionTable(reading, head)}>
      <label slot="controls">
        <span class="muted">layer</span>
        <select ?disabled=${!this.isFree} @change=${this.#chooseLayer}>
          ${windows.map(
            (tokensSeen, index) =>
              html`<option ?selected=${index === layer}>${index + 1}${tokensSeen === undefined ? '' : ` (window ${tokensSeen})`}</option>`,
          )}
        </select>
      </label>
      <div>
        <div class="heads" role="group" aria-label="Heads of layer ${layer + 1}">
          ${maps.map((one, index) => this.#small(reading, one, index, index === head))}
        </div>
        <inside-heat
          .heat=${heat}
          .describe=${describe}
          .isSquare=${true}
          .isRoot=${true}
          .description=${`Attention of layer ${layer + 1}, head ${head + 1}: each row is a token, each column one that it looks at.`}
        ></inside-heat>
      </div>
      <p slot="note">
        Layer ${layer + 1}, head ${head + 1}, at step ${reading.step}: in the mean ${formatDigits(own?.distance)} tokens
        back. ${window === undefined ? '' : `This layer sees the last ${window} tokens only. `}
        ${(own?.sinkShare ?? 0) > 0 ? `The sink takes ${formatPercent(own?.sinkShare)}. ` : ''}Rows look at columns; a
        shade is the square root of the weight.
      </p>
    </figure-panel>`;
  }

  #small({ heads, layer, tokens }: TextReading, map: Float32Array, index: number, isChosen: boolean) {
    const heat = pooled(map, tokens.length, smallCells);
    const side = smallSide / heat.rows.length;
    const distance = heads.find((one) => one.layer === layer && one.head === index)?.distance;
    return html`<button
      aria-pressed=${isChosen ? 'true' : 'false'}
      @click=${() => {
        this.head = index;
      }}
    >
      <svg width=${smallSide} height=${smallSide} viewBox="0 0 ${smallSide} ${smallSide}" aria-hidden="true">
        <rect class="ground" width=${smallSide} height=${smallSide}></rect>
        ${heatPaths(heat, { width: side, height: side }, true).map(
          (d, level) =>
            svg`<path class="shade" d=${d} fill-opacity=${rounded(0.06 + (0.94 * (level + 1)) / shadeLevels, 3)}></path>`,
        )}
      </svg>
      <span>Head ${index + 1}<br /><span class="muted">${formatDigits(distance)} back</span></span>
    </button>`;
  }

  #distances(reading: TextReading) {
    const { layers, heads, step } = reading;
    const isWhole = new Set(heads.map(({ layer }) => layer)).size === layers;
    const x: PlotAxis = { label: 'layer', kind: 'linear', domain: [0.5, layers + 0.5], format: wholeOnly };
    const y: PlotAxis = {
      label: 'mean distance, tokens',
      kind: 'linear',
      isFromZero: true,
      format: formatTick,
      formatValue: formatDigits,
    };
    return html`<figure-panel heading="How far heads look" term="head" fileName="attention-distance" .table=${headsTable(reading)}>
      <svg-plot
        .x=${x}
        .y=${y}
        .series=${headSeries(reading)}
        .plotHeight=${320}
        .description=${`Mean attended distance of ${heads.length} heads by layer.`}
      ></svg-plot>
      <p slot="note">
        Mean over this text’s tokens of Σ weight × distance, at step ${step}.
        ${isWhole ? '' : 'This text is long: only the heads of the chosen layer were computed.'}
      </p>
    </figure-panel>`;
  }

  #chooseLayer(event: Event): void {
    const detail = (event.target as HTMLSelectElement).selectedIndex;
    this.dispatchEvent(new CustomEvent<number>('choose-layer', { detail }));
  }
}

function wholeOnly(value: number): string {
  return Number.isInteger(value) ? String(value) : '';
}
