// Horizontal bars as SVG, whole or in parts, each with its name before and its figure behind it.

import { css, html, LitElement, nothing, svg } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { type Tone, textWidth } from '../../text/plot-layout.ts';
import { rounded } from '../../text/rounding.ts';
import { SizeController } from './size-controller.ts';
import { drawing } from './style-sets.ts';
import { toneStyles } from './svg-plot.ts';

/** A stretch of a bar. */
export interface BarStretch {
  readonly name: string;
  readonly value: number;
  readonly tone: Tone;
}

/** One bar. */
export interface Bar {
  readonly label: string;
  readonly stretches: readonly BarStretch[];
  /** The figure behind the bar. */
  readonly text: string;
}

const rowHeight = 24;
const barHeight = 15;
const legendHeight = 18;

/** Give it `bars` and `description`; with `isShare` every bar has the same length and shows shares. */
@customElement('svg-bars')
export class SvgBars extends LitElement {
  static override readonly styles = drawing(
    toneStyles,
    css`
      text:not(.figure) {
        fill: var(--ink);
      }
      rect {
        fill: var(--tone);
        stroke: var(--panel);
        stroke-width: 1px;
      }
    `,
  );

  @property({ attribute: false }) bars: readonly Bar[] = [];
  @property({ type: Boolean }) isShare = false;
  /** In words, for those who do not see it. */
  @property() description = '';

  #size = new SizeController(this);

  protected override render() {
    const { bars } = this;
    const { width } = this.#size;
    const widest = (texts: readonly string[]): number =>
      texts.reduce((most, text) => Math.max(most, textWidth(text)), 0);
    // On a narrow page a bar keeps a third of the width, whatever the names are.
    const left = Math.min(widest(bars.map(({ label }) => label)) + 10, width * 0.42);
    const right = width - Math.min(widest(bars.map(({ text }) => text)) + 10, width * 0.25);
    const sums = bars.map(({ stretches }) => stretches.reduce((sum, { value }) => sum + value, 0));
    const most = Math.max(...sums, Number.MIN_VALUE);
    const { keys, lines } = this.#legend();
    const top = lines * legendHeight;
    const height = top + bars.length * rowHeight;
    return html`<svg
      role="img"
      aria-label=${this.description}
      viewBox="0 0 ${width} ${height}"
      height=${height}
    >
      ${keys}
      ${bars.map(({ label, text, stretches }, index) => {
        const y = top + index * rowHeight;
        const scale = (right - left) / ((this.isShare ? sums[index] : most) || 1);
        let x = left;
        const end = left + (sums[index] ?? 0) * scale;
        return svg`<text class="end" x=${left - 8} y=${y + 16}>${label}</text>
          ${stretches.map(({ name, value, tone }) => {
            const from = x;
            x += value * scale;
            return value > 0
              ? svg`<rect class="tone-${tone}" x=${rounded(from, 1)} y=${y + 4} width=${rounded(Math.max(1, x - from), 1)} height=${barHeight}><title>${name}</title></rect>`
              : nothing;
          })}
          <text class="figure" x=${end + 7} y=${y + 16}>${text}</text>`;
      })}
    </svg>`;
  }

  /** Names of the stretches, once each; none when every bar is of one piece. */
  #legend() {
    const pieces = new Map(
      this.bars.flatMap(({ stretches }) => stretches.map(({ name, tone }) => [name, tone] as const)),
    );
    if (!this.bars.some(({ stretches }) => stretches.length > 1)) return { keys: nothing, lines: 0 };
    let x = 0;
    let line = 0;
    const keys = [...pieces].map(([name, tone]) => {
      const wide = 18 + textWidth(name) + 14;
      if (x > 0 && x + wide > this.#size.width) {
        x = 0;
        line += 1;
      }
      const at = x;
      x += wide;
      const y = line * legendHeight;
      return svg`<rect class="tone-${tone}" x=${at} y=${y + 2} width="11" height="11"></rect>
        <text x=${at + 16} y=${y + 12}>${name}</text>`;
    });
    return { keys, lines: line + 1 };
  }
}
