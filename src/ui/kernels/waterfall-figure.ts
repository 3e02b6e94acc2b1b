// The waterfall from the limit to the measured step: what each second of it is spent on.

import { css, html, LitElement, nothing, svg } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { Waterfall } from '../../contract/validation.ts';
import { formatPercent, formatSeconds, formatSi } from '../../text/numbers.ts';
import { textWidth } from '../../text/plot-layout.ts';
import { rounded } from '../../text/rounding.ts';
import { axisTicks, type Interval, placeOf } from '../../text/ticks.ts';
import { SizeController } from '../figures/size-controller.ts';
import { drawing } from '../figures/style-sets.ts';
import { type WaterfallBar, waterfallBars, waterfallTable } from './waterfall-data.ts';
import '../figures/panel.ts';

/** Pixels. */
const barHeight = 24;
const barGap = 12;
const axisHeight = 24;
const valueWidth = 108;

/** Give it `waterfall`. */
@customElement('waterfall-figure')
export class WaterfallFigure extends LitElement {
  static override readonly styles = drawing(css`
    .name {
      fill: var(--ink);
    }
    .grid {
      stroke: var(--line);
    }
    .link {
      stroke: var(--edge);
      stroke-dasharray: 2px 3px;
    }
    .bar {
      fill: var(--class-1);
    }
    .bandwidthExcess {
      fill: var(--class-2);
    }
    .tileAndOccupancy {
      fill: var(--class-4);
    }
    .launches,
    .hostAndQueue {
      fill: var(--class-3);
    }
    .unexplained {
      fill: var(--bad);
    }
    .measured {
      fill: var(--edge);
    }
    .halo {
      fill: none;
      stroke: var(--ink);
      stroke-width: 1.5px;
    }
  `);

  @property({ attribute: false }) waterfall: Waterfall | undefined;
  /** Index of the bar that is pointed at. */
  @state() private pointed: number | undefined;

  #size = new SizeController(this);

  protected override render() {
    const { waterfall } = this;
    if (waterfall === undefined) return nothing;
    const bars = waterfallBars(waterfall);
    const bar = this.pointed === undefined ? undefined : bars[this.pointed];
    return html`<figure-panel heading="From limit to measured" term="limit" fileName="waterfall" .table=${waterfallTable(bars)}>
      <div>
        ${this.#drawing(bars)}
        <output aria-live="polite">${bar === undefined ? '' : describe(bar)}</output>
      </div>
      <p slot="note">The first two bars are the limit, which no program can pass on this device. ${explanation(waterfall)}</p>
    </figure-panel>`;
  }

  #drawing(bars: readonly WaterfallBar[]) {
    const { width } = this.#size;
    const left = Math.max(...bars.map(({ name }) => textWidth(name))) + 10;
    const right = Math.max(left + 60, width - valueWidth);
    const ends = bars.flatMap(({ from, to }) => [from, to]);
    const domain: Interval = [Math.min(0, ...ends), Math.max(...ends) || 1];
    const scale = { kind: 'linear', domain, range: [left, right] } as const;
    const at = (seconds: number): number => placeOf(scale, seconds) ?? left;
    const bottom = bars.length * (barHeight + barGap);
    const height = bottom + axisHeight;
    const top = (index: number): number => index * (barHeight + barGap) + barGap / 2;
    return html`<svg
      role="img"
      tabindex="0"
      aria-label="Waterfall of one step: ${bars.map(({ name, seconds }) => `${name} ${formatSeconds(seconds)}`).join(', ')}. Arrow keys read its bars."
      viewBox="0 0 ${width} ${height}"
      height=${height}
      @pointermove=${(event: PointerEvent) => this.#onPointer(event, bars.length)}
      @pointerleave=${() => {
        this.pointed = undefined;
      }}
      @keydown=${(event: KeyboardEvent) => this.#onKey(event, bars.length)}
    >
      ${axisTicks('linear', domain, Math.max(2, (right - left) / 80)).map(({ value }) => {
        const x = rounded(at(value), 1);
        return svg`<line class="grid" x1=${x} x2=${x} y1="0" y2=${bottom}></line>
          <text class="middle" x=${x} y=${bottom + 14}>${formatSi(value, 's')}</text>`;
      })}
      ${bars.map((bar, index) => {
        const x = at(Math.min(bar.from, bar.to));
        const wide = Math.max(1, at(Math.max(bar.from, bar.to)) - x);
        const end = at(bar.to);
        const y = top(index);
        return svg`<text class="name end" x=${left - 8} y=${y + barHeight / 2 + 4}>${bar.name}</text>
          <rect class="bar ${bar.id}" x=${rounded(x, 1)} y=${y} width=${rounded(wide, 1)} height=${barHeight} rx="2"></rect>
          ${
            index < bars.length - 1
              ? svg`<line class="link" x1=${rounded(end, 1)} x2=${rounded(end, 1)} y1=${y + barHeight} y2=${y + barHeight + barGap}></line>`
              : nothing
          }
          <text class="name" x=${rounded(Math.max(x + wide, end) + 6, 1)} y=${y + barHeight / 2 + 4}>${formatSeconds(bar.seconds)}, ${formatPercent(bar.share)}</text>
          ${index === this.pointed ? svg`<rect data-screen-only class="halo" x=${x - 2} y=${y - 2} width=${wide + 4} height=${barHeight + 4} rx="3"></rect>` : nothing}`;
      })}
    </svg>`;
  }

  #onPointer(event: PointerEvent, count: number): void {
    const box = (event.currentTarget as SVGSVGElement).getBoundingClientRect();
    const scale = box.width === 0 ? 1 : this.#size.width / box.width;
    const index = Math.floor(((event.clientY - box.top) * scale) / (barHeight + barGap));
    this.pointed = index >= 0 && index < count ? index : undefined;
  }

  #onKey(event: KeyboardEvent, count: number): void {
    const moves: Readonly<Record<string, number>> = {
      ArrowDown: 1,
      ArrowRight: 1,
      ArrowUp: -1,
      ArrowLeft: -1,
    };
    if (event.key === 'Escape') this.pointed = undefined;
    if (!Object.hasOwn(moves, event.key)) return;
    event.preventDefault();
    const move = moves[event.key] ?? 0;
    this.pointed = this.pointed === undefined ? 0 : Math.max(0, Math.min(count - 1, this.pointed + move));
  }
}

function explanation({ unexplained, measured }: Waterfall): string {
  const share = formatPercent(Math.abs(unexplained) / measured);
  return unexplained >= 0
    ? `${share} of the step has no explanation here.`
    : `The step was quicker than expected, by ${share} of its time.`;
}

function describe({ name, seconds, share, note }: WaterfallBar): string {
  return `${name}: ${formatSeconds(seconds)}, ${formatPercent(share)} of the step · ${note}`;
}
