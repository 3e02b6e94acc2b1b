// The drawing of a timeline: slices in lanes, to zoom and to point at by mouse and keys.

import { css, html, LitElement, nothing, type PropertyValues, svg } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { formatSeconds, formatSi } from '../../text/numbers.ts';
import { textWidth } from '../../text/plot-layout.ts';
import { rounded } from '../../text/rounding.ts';
import { axisTicks, type Interval, placeOf, valueAt } from '../../text/ticks.ts';
import { SizeController } from '../figures/size-controller.ts';
import { drawing } from '../figures/style-sets.ts';
import { termClass, termStyles } from '../figures/term-styles.ts';
import { phaseName } from '../run-views/kernel-data.ts';
import { revealing, shifted, type Timeline, type TimelineSlice, zoomed } from './timeline-data.ts';

/** Pixels. */
const gutter = 72;
const layerHeight = 18;
const laneHeight = 32;
const axisHeight = 24;
/** Half of the widest tick label: nearer to the edge than this it ends at its tick. Pixels. */
const halfLabel = 28;
const zoomStep = 0.6;

/** Give it `timeline`. Sends `pick-slice` (detail: index of the slice, or undefined) on a click, Enter or Escape. */
@customElement('timeline-strip')
export class TimelineStrip extends LitElement {
  static override readonly styles = drawing(
    termStyles,
    css`
      svg {
        touch-action: pan-y;
        border-radius: 6px;
        cursor: default;
      }
      svg.zoomed {
        cursor: grab;
      }
      .lane {
        fill: var(--inset);
      }
      .grid {
        stroke: var(--line);
      }
      .slice {
        fill: color-mix(in srgb, var(--tone) 42%, var(--panel));
        stroke: var(--tone);
        stroke-width: 0.6px;
      }
      .layer {
        fill: var(--panel);
        stroke: var(--edge);
        stroke-width: 0.8px;
      }
      .within {
        fill: var(--ink);
      }
      .chosen {
        fill: none;
        stroke: var(--ink);
        stroke-width: 2px;
      }
    `,
  );

  @property({ attribute: false }) timeline: Timeline = { slices: [], layers: [], lanes: [], seconds: 0 };
  @state() private view: Interval = [0, 0];
  /** Index of the slice that is pointed at. */
  @state() private pointed: number | undefined;
  /** Index of the slice that was picked. */
  @state() private chosen: number | undefined;

  #drag: { readonly x: number; readonly view: Interval; isMoved: boolean } | undefined;
  #size = new SizeController(this, { first: 700 });

  protected override willUpdate(changes: PropertyValues<this>): void {
    if (!changes.has('timeline')) return;
    this.showAll();
    const before = changes.get('timeline');
    if (before?.slices.length === this.timeline.slices.length) return;
    this.pointed = undefined;
    this.#pick(undefined);
  }

  protected override render() {
    const { slices } = this.timeline;
    const shown = this.pointed ?? this.chosen;
    const slice = shown === undefined ? undefined : slices[shown];
    return html`${this.#drawing()}<output aria-live="polite">${slice === undefined ? '' : describe(slice)}</output>`;
  }

  zoomIn(): void {
    this.#zoom(zoomStep);
  }

  zoomOut(): void {
    this.#zoom(1 / zoomStep);
  }

  /** The whole step again. */
  showAll(): void {
    this.view = [0, this.timeline.seconds];
  }

  #zoom(factor: number, about = (this.view[0] + this.view[1]) / 2): void {
    this.view = zoomed(this.view, this.timeline.seconds, factor, about);
  }

  #pick(index: number | undefined): void {
    if (index === this.chosen) return;
    this.chosen = index;
    this.dispatchEvent(new CustomEvent<number | undefined>('pick-slice', { detail: index }));
  }

  #scale(): { readonly kind: 'linear'; readonly domain: Interval; readonly range: Interval } {
    return { kind: 'linear', domain: this.view, range: [gutter, this.#size.width - 4] };
  }

  #top(lane: string): number {
    return layerHeight + 6 + this.timeline.lanes.indexOf(lane) * (laneHeight + 4);
  }

  #drawing() {
    const { slices, layers, lanes, seconds } = this.timeline;
    const { width } = this.#size;
    const scale = this.#scale();
    const [left, right] = scale.range;
    const bottom = layerHeight + 6 + lanes.length * (laneHeight + 4);
    const height = bottom + axisHeight;
    const [low, high] = this.view;
    const isZoomed = high - low < seconds * 0.999;
    const inView = <T extends { readonly start: number; readonly end: number }>({ start, end }: T): boolean =>
      end >= low && start <= high;
    return html`<svg
      class=${isZoomed ? 'zoomed' : ''}
      role="img"
      tabindex="0"
      aria-label="Timeline of one step: ${slices.length} dispatches in ${formatSeconds(seconds)}. Arrow keys read them."
      viewBox="0 0 ${width} ${height}"
      height=${height}
      @pointermove=${this.#onMove}
      @pointerdown=${this.#onDown}
      @pointerup=${this.#onUp}
      @pointerleave=${this.#onLeave}
      @wheel=${this.#onWheel}
      @keydown=${this.#onKey}
    >
      <text class="end" x=${gutter - 8} y=${layerHeight - 5}>layers</text>
      ${lanes.map(
        (
          lane,
        ) => svg`<rect class="lane" x=${left} y=${this.#top(lane)} width=${right - left} height=${laneHeight}></rect>
          <text class="end" x=${gutter - 8} y=${this.#top(lane) + laneHeight / 2 + 4}>${phaseName(lane)}</text>`,
      )}
      ${axisTicks('linear', this.view, Math.max(2, (right - left) / 90)).map(({ value }) => {
        const x = rounded(placeOf(scale, value) ?? 0, 1);
        return svg`<line class="grid" x1=${x} x2=${x} y1="0" y2=${bottom}></line>
          <text class=${right - x < halfLabel ? 'end' : 'middle'} x=${x} y=${bottom + 14}>${formatSi(value, 's')}</text>`;
      })}
      <svg x=${left} y="0" width=${right - left} height=${bottom} viewBox="${left} 0 ${right - left} ${bottom}">
        ${layers.filter(inView).map((span) => this.#box(span, 0, layerHeight, 'layer', '', span.name))}
        ${slices
          .filter(inView)
          .map((slice) =>
            this.#box(
              slice,
              this.#top(slice.lane),
              laneHeight,
              'slice',
              termClass(slice.row.term),
              slice.row.term ?? slice.row.kernel,
            ),
          )}
        ${[this.chosen, this.pointed].map((index) => this.#mark(index))}
      </svg>
    </svg>`;
  }

  /** A slice or span, with its name where there is room. */
  #box(
    { start, end }: { readonly start: number; readonly end: number },
    top: number,
    height: number,
    className: string,
    groupClass: string,
    name: string,
  ) {
    const scale = this.#scale();
    const x = placeOf(scale, start) ?? 0;
    const wide = Math.max(0.5, (placeOf(scale, end) ?? 0) - x);
    // A slice that begins left of the view has its name where it can be read.
    const from = Math.max(x, gutter);
    const fits = x + wide - from > textWidth(name) + 4;
    return svg`<g class=${groupClass}>
      <rect class=${className} x=${rounded(x, 2)} y=${top} width=${rounded(wide, 2)} height=${height} rx="1.5"></rect>
      ${fits ? svg`<text class="within" x=${rounded(from + 3, 1)} y=${top + height / 2 + 4}>${name}</text>` : nothing}
    </g>`;
  }

  #mark(index: number | undefined) {
    const slice = index === undefined ? undefined : this.timeline.slices[index];
    if (slice === undefined) return nothing;
    const scale = this.#scale();
    const x = placeOf(scale, slice.start) ?? 0;
    const wide = Math.max(2, (placeOf(scale, slice.end) ?? 0) - x);
    return svg`<rect data-screen-only class="chosen" x=${x} y=${this.#top(slice.lane) + 1} width=${wide} height=${laneHeight - 2}></rect>`;
  }

  /** Where a pointer is: seconds and pixels of the drawing. */
  #placeOf(event: MouseEvent): { readonly x: number; readonly y: number; readonly seconds: number } {
    const box = (event.currentTarget as SVGSVGElement).getBoundingClientRect();
    const factor = box.width === 0 ? 1 : this.#size.width / box.width;
    const x = (event.clientX - box.left) * factor;
    return { x, y: (event.clientY - box.top) * factor, seconds: valueAt(this.#scale(), x) };
  }

  #sliceAt(event: MouseEvent): number | undefined {
    const { x, y, seconds } = this.#placeOf(event);
    if (x < gutter) return undefined;
    // A pixel to both sides: narrow slices can be hit, too.
    const near = (this.view[1] - this.view[0]) / Math.max(1, this.#size.width - gutter);
    let best: number | undefined;
    let least = Number.POSITIVE_INFINITY;
    this.timeline.slices.forEach(({ start, end, lane }, index) => {
      const top = this.#top(lane);
      if (y < top || y > top + laneHeight) return;
      const distance = Math.max(start - seconds, seconds - end, 0);
      if (distance > near || distance >= least) return;
      least = distance;
      best = index;
    });
    return best;
  }

  #onMove(event: PointerEvent): void {
    const drag = this.#drag;
    if (drag !== undefined && (drag.isMoved || Math.abs(event.clientX - drag.x) > 3)) {
      drag.isMoved = true;
      const perPixel = (drag.view[1] - drag.view[0]) / Math.max(1, this.#size.width - gutter);
      this.view = shifted(drag.view, this.timeline.seconds, (drag.x - event.clientX) * perPixel);
      return;
    }
    this.pointed = this.#sliceAt(event);
  }

  #onDown(event: PointerEvent): void {
    if (event.button !== 0) return;
    this.#drag = { x: event.clientX, view: this.view, isMoved: false };
  }

  #onUp(event: PointerEvent): void {
    const wasMoved = this.#drag?.isMoved === true;
    this.#drag = undefined;
    if (!wasMoved) this.#pick(this.#sliceAt(event) ?? this.chosen);
  }

  #onLeave(): void {
    this.#drag = undefined;
    this.pointed = undefined;
  }

  #onWheel(event: WheelEvent): void {
    // Without Ctrl the wheel scrolls the page; a pinch on a touchpad comes with it.
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    this.#zoom(event.deltaY > 0 ? 1.2 : 1 / 1.2, this.#placeOf(event).seconds);
  }

  #onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { slices, seconds } = this.timeline;
    const quarter = (this.view[1] - this.view[0]) / 4;
    const current = this.pointed ?? this.chosen;
    const go = (index: number): void => {
      this.pointed = Math.max(0, Math.min(slices.length - 1, index));
      const slice = slices[this.pointed];
      if (slice !== undefined) this.view = revealing(this.view, seconds, slice);
    };
    const about = current === undefined ? undefined : slices[current]?.start;
    const actions: Readonly<Record<string, () => void>> = {
      ArrowRight: () => go(current === undefined ? 0 : current + 1),
      ArrowLeft: () => go(current === undefined ? slices.length - 1 : current - 1),
      Home: () => go(0),
      End: () => go(slices.length - 1),
      Enter: () => {
        this.#pick(this.pointed ?? this.chosen);
      },
      Escape: () => {
        this.pointed = undefined;
        this.#pick(undefined);
      },
      '+': () => this.#zoom(zoomStep, about),
      '=': () => this.#zoom(zoomStep, about),
      w: () => this.#zoom(zoomStep, about),
      '-': () => this.#zoom(1 / zoomStep, about),
      s: () => this.#zoom(1 / zoomStep, about),
      a: () => {
        this.view = shifted(this.view, seconds, -quarter);
      },
      d: () => {
        this.view = shifted(this.view, seconds, quarter);
      },
      '0': () => this.showAll(),
    };
    if (!Object.hasOwn(actions, event.key)) return;
    event.preventDefault();
    actions[event.key]?.();
  }
}

function describe({ row, start, end }: TimelineSlice): string {
  const place =
    row.layer === undefined ? phaseName(row.phase) : `${phaseName(row.phase)}, layer ${row.layer}`;
  return `${row.label} · ${row.kernel} · ${place} · ${formatSeconds(end - start)} from ${formatSeconds(start)} · bound by ${row.boundBy}`;
}
