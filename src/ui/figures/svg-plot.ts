// A plot as SVG: lines and points on linear or logarithmic axes, read out under the mouse and by the arrow keys.

import { css, html, LitElement, nothing, type PropertyValues, svg } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import {
  describePlace,
  layOutPlot,
  linePath,
  movePlace,
  nearestPlace,
  type PlotAxis,
  type PlotLayout,
  type PlotPlace,
  type PlotPoint,
  type PlotRule,
  type PlotSeries,
  type Sign,
  textWidth,
} from '../../text/plot-layout.ts';
import { rounded } from '../../text/rounding.ts';
import { axisTicks, placeOf } from '../../text/ticks.ts';
import { SizeController } from './size-controller.ts';
import { drawing } from './style-sets.ts';

/** Classes `tone-…` that colour fill, stroke and text by a series' tone. */
export const toneStyles = css`
  .tone-class-1 {
    --tone: var(--class-1);
  }
  .tone-class-2 {
    --tone: var(--class-2);
  }
  .tone-class-3 {
    --tone: var(--class-3);
  }
  .tone-class-4 {
    --tone: var(--class-4);
  }
  .tone-class-5 {
    --tone: var(--class-5);
  }
  .tone-pale-3 {
    --tone: color-mix(in srgb, var(--class-3) 50%, var(--panel));
  }
  .tone-pale-4 {
    --tone: color-mix(in srgb, var(--class-4) 55%, var(--panel));
  }
  .tone-train {
    --tone: var(--train);
  }
  .tone-validation {
    --tone: var(--validation);
  }
  .tone-predicted {
    --tone: var(--predicted);
  }
  .tone-floor {
    --tone: var(--floor);
  }
  .tone-ink {
    --tone: var(--ink);
  }
`;

const noAxis: PlotAxis = { label: '', kind: 'linear', format: String };

/**
 * Give it `x`, `y`, `series`, `description` (in words, for those who do not see it) and, if wanted, `rules` and
 * `plotHeight` (pixels). Sends `point-at` (detail: PlotPlace or undefined) when another point is pointed at and
 * `pick-point` (detail: PlotPlace) on a click or Enter.
 */
@customElement('svg-plot')
export class SvgPlot extends LitElement {
  static override readonly styles = drawing(
    toneStyles,
    css`
      .plot {
        border-radius: 6px;
        touch-action: pan-y;
        overflow: hidden;
      }
      .grid {
        stroke: var(--line);
        stroke-width: 1px;
      }
      .minor {
        opacity: 0.45;
      }
      .frame {
        fill: none;
        stroke: var(--line);
      }
      .rule {
        stroke: var(--edge);
        stroke-dasharray: 3px 3px;
      }
      .line {
        fill: none;
        stroke: var(--tone);
        stroke-width: 2px;
        stroke-linejoin: round;
      }
      .dashed {
        stroke-dasharray: 6px 4px;
      }
      .sign {
        fill: var(--tone);
        stroke: var(--panel);
        stroke-width: 1px;
      }
      .sign.ring {
        fill: none;
        stroke: var(--tone);
        stroke-width: 2px;
      }
      .range {
        stroke: var(--tone);
        stroke-width: 1.5px;
        opacity: 0.7;
      }
      .label,
      .name {
        fill: var(--ink);
      }
      .label {
        paint-order: stroke;
        stroke: var(--panel);
        stroke-width: 3px;
      }
      .halo {
        fill: none;
        stroke: var(--ink);
        stroke-width: 1.5px;
      }
    `,
  );

  @property({ attribute: false }) x: PlotAxis = noAxis;
  @property({ attribute: false }) y: PlotAxis = noAxis;
  @property({ attribute: false }) series: readonly PlotSeries[] = [];
  @property({ attribute: false }) rules: readonly PlotRule[] = [];
  @property({ attribute: false }) plotHeight = 280;
  /** In words, for those who do not see it. */
  @property() description = '';
  @state() private place: PlotPlace | undefined;

  #layout: PlotLayout | undefined;
  #size = new SizeController(this);

  protected override willUpdate(changes: PropertyValues<this>): void {
    if (!changes.has('series') || this.place === undefined) return;
    const { series, point } = this.place;
    if (this.series[series]?.points[point] === undefined) this.place = undefined;
  }

  protected override render() {
    const { plotHeight: height, series, rules } = this;
    const { width } = this.#size;
    const layout = layOutPlot({ width, height }, this, series, rules);
    this.#layout = layout;
    const { left, top, right, bottom } = layout.frame;
    return html`<svg
        class="plot"
        role="img"
        tabindex="0"
        aria-label="${this.description} Arrow keys read its points."
        viewBox="0 0 ${width} ${height}"
        height=${height}
        @pointermove=${this.#onPointer}
        @pointerdown=${this.#onPointer}
        @pointerleave=${() => this.#point(undefined)}
        @click=${this.#pick}
        @keydown=${this.#onKey}
      >
        ${this.#axes(layout)}
        <svg
          x=${left}
          y=${top}
          width=${right - left}
          height=${bottom - top}
          viewBox="${left} ${top} ${right - left} ${bottom - top}"
        >
          ${rules.map((rule) => drawRule(rule, layout))} ${series.map((one) => drawLine(one, layout))}
        </svg>
        ${series.map((one) => drawPoints(one, layout))} ${drawLegend(layout)} ${this.#halo(layout)}
      </svg>
      <output aria-live="polite">${this.place === undefined ? '' : describePlace(series, this, this.place)}</output>`;
  }

  #axes({ frame, x, y }: PlotLayout) {
    const { left, top, right, bottom } = frame;
    const columns = axisTicks(x.kind, x.domain, Math.max(2, Math.floor((right - left) / 48)));
    const rows = axisTicks(y.kind, y.domain, Math.max(2, Math.floor((bottom - top) / 34)));
    const grade = (isLabelled: boolean): string => (isLabelled ? 'grid' : 'grid minor');
    return svg`<g>
      ${columns.map(({ value, isLabelled }) => {
        const at = rounded(placeOf(x, value) ?? 0, 1);
        return svg`<line class=${grade(isLabelled)} x1=${at} x2=${at} y1=${top} y2=${bottom}></line>${
          isLabelled
            ? svg`<text class="middle" x=${at} y=${bottom + 15}>${this.x.format(value)}</text>`
            : nothing
        }`;
      })}
      ${rows.map(({ value, isLabelled }) => {
        const at = placeOf(y, value) ?? 0;
        return svg`<line class=${grade(isLabelled)} x1=${left} x2=${right} y1=${rounded(at, 1)} y2=${rounded(at, 1)}></line>${
          isLabelled
            ? svg`<text class="end" x=${left - 6} y=${rounded(at + 4, 1)}>${this.y.format(value)}</text>`
            : nothing
        }`;
      })}
      <rect class="frame" x=${left} y=${top} width=${right - left} height=${bottom - top}></rect>
      <text class="end" x=${right} y=${bottom + 32}>${this.x.label}</text>
      <text x="0" y=${top - 8}>${this.y.label}</text>
    </g>`;
  }

  #halo({ x, y }: PlotLayout) {
    const point = this.place && this.series[this.place.series]?.points[this.place.point];
    const left = point && placeOf(x, point.x);
    const top = point && placeOf(y, point.y);
    if (left === undefined || top === undefined) return nothing;
    return svg`<circle class="halo" data-screen-only cx=${left} cy=${top} r="7.5"></circle>`;
  }

  #onPointer(event: PointerEvent): void {
    const drawing = event.currentTarget as SVGSVGElement;
    const box = drawing.getBoundingClientRect();
    if (this.#layout === undefined || box.width === 0) return;
    const scale = this.#size.width / box.width;
    const position = { x: (event.clientX - box.left) * scale, y: (event.clientY - box.top) * scale };
    this.#point(nearestPlace(this.series, this.#layout, position));
  }

  #onKey(event: KeyboardEvent): void {
    if (event.key === 'Enter') this.#pick();
    if (event.key === 'Escape') this.#point(undefined);
    const place = movePlace(this.series, this.place, event.key);
    if (place === undefined) return;
    event.preventDefault();
    this.#point(place);
  }

  #point(place: PlotPlace | undefined): void {
    const isSame = place?.series === this.place?.series && place?.point === this.place?.point;
    if (isSame) return;
    this.place = place;
    this.dispatchEvent(new CustomEvent<PlotPlace | undefined>('point-at', { detail: place }));
  }

  #pick(): void {
    if (this.place !== undefined) {
      this.dispatchEvent(new CustomEvent<PlotPlace>('pick-point', { detail: this.place }));
    }
  }
}

function drawRule({ axis, value, label }: PlotRule, { frame, x, y }: PlotLayout) {
  const at = placeOf(axis === 'x' ? x : y, value);
  if (at === undefined) return nothing;
  const { left, top, right, bottom } = frame;
  // The label stands on that side of an upright rule where there is room for it.
  const isLate = at + textWidth(label) + 6 > right;
  return axis === 'x'
    ? svg`<line class="rule" x1=${at} x2=${at} y1=${top} y2=${bottom}></line>
        <text class=${isLate ? 'label end' : 'label'} x=${at + (isLate ? -5 : 5)} y=${top + 13}>${label}</text>`
    : svg`<line class="rule" x1=${left} x2=${right} y1=${at} y2=${at}></line>
        <text class="label end" x=${right - 5} y=${at - 5}>${label}</text>`;
}

function drawLine(series: PlotSeries, layout: PlotLayout) {
  if (series.kind === 'points') return nothing;
  const className = `line tone-${series.tone} ${series.isDashed === true ? 'dashed' : ''}`;
  return svg`<path class=${className} d=${linePath(series, layout)}></path>`;
}

function drawPoints(series: PlotSeries, layout: PlotLayout) {
  if (series.kind === 'line') return nothing;
  return svg`<g class="tone-${series.tone}">${series.points.map((point) => drawPoint(point, series, layout))}</g>`;
}

function drawPoint(point: PlotPoint, { sign, radius = 4 }: PlotSeries, { frame, x, y }: PlotLayout) {
  const left = placeOf(x, point.x);
  const top = placeOf(y, point.y);
  if (left === undefined || top === undefined) return nothing;
  if (left < frame.left - 1 || left > frame.right + 1 || top < frame.top - 1 || top > frame.bottom + 1)
    return nothing;
  const [low, high] = (point.range ?? []).map((end) => placeOf(y, end) ?? frame.bottom);
  const isLate = point.label !== undefined && left + radius + 4 + textWidth(point.label) > frame.right;
  return svg`${
    low === undefined || high === undefined
      ? nothing
      : svg`<line class="range" x1=${left} x2=${left} y1=${Math.min(low, frame.bottom)} y2=${Math.max(high, frame.top)}></line>`
  }${drawSign(sign ?? 'circle', left, top, radius)}${
    point.label === undefined
      ? nothing
      : svg`<text class=${isLate ? 'label end' : 'label'} x=${left + (isLate ? -1 : 1) * (radius + 4)} y=${top + 4}>${point.label}</text>`
  }`;
}

function drawSign(sign: Sign, x: number, y: number, radius: number) {
  switch (sign) {
    case 'circle':
      return svg`<circle class="sign" cx=${x} cy=${y} r=${radius}></circle>`;
    case 'ring':
      return svg`<circle class="sign ring" cx=${x} cy=${y} r=${radius}></circle>`;
    case 'square':
      return svg`<rect class="sign" x=${x - radius} y=${y - radius} width=${2 * radius} height=${2 * radius}></rect>`;
    case 'diamond': {
      const far = radius * 1.3;
      return svg`<path class="sign" d="M${x} ${y - far}L${x + far} ${y}L${x} ${y + far}L${x - far} ${y}Z"></path>`;
    }
    default:
      return sign satisfies never;
  }
}

function drawLegend({ legend }: PlotLayout) {
  return legend.map(
    ({ series, x, y }) => svg`<g class="tone-${series.tone}">
      ${
        series.kind === 'points'
          ? nothing
          : svg`<line class="line ${series.isDashed === true ? 'dashed' : ''}" x1=${x} x2=${x + 16} y1=${y - 4} y2=${y - 4}></line>`
      }
      ${series.kind === 'line' ? nothing : drawSign(series.sign ?? 'circle', x + 8, y - 4, Math.min(4.5, series.radius ?? 4))}
      <text class="name" x=${x + 22} y=${y}>${series.name}</text>
    </g>`,
  );
}
