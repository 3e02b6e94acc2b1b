// A rectangle of values as shades, with names at its sides: read out under the mouse and by the arrow keys.

import { css, html, LitElement, nothing, type PropertyValues, svg } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { textWidth } from '../../text/plot-layout.ts';
import { rounded } from '../../text/rounding.ts';
import { type Heat, heatPaths, shadeLevels } from './heat-paths.ts';
import { SizeController } from './size-controller.ts';
import { drawing } from './style-sets.ts';

/** Which cell. */
export interface HeatPlace {
  readonly row: number;
  readonly column: number;
}

const noHeat: Heat = { rows: [], columns: [], values: [], maximum: 1 };
const longestName = 90; // pixels
const foot = 20;

/**
 * Give it `heat`, `description` (in words) and `describe` (text of a cell). `isSquare` makes cells as high as wide;
 * otherwise rows are `rowHeight` pixels. `isRoot` shades by the square root. Names are left out where they have no room.
 */
@customElement('inside-heat')
export class InsideHeat extends LitElement {
  static override readonly styles = drawing(css`
    svg {
      border-radius: 6px;
      touch-action: pan-y;
    }
    text {
      font-family: var(--mono);
      font-size: 11px;
      dominant-baseline: central;
    }
    .ground {
      fill: var(--inset);
    }
    .shade {
      fill: var(--train);
    }
    .chosen {
      fill: none;
      stroke: var(--ink);
      stroke-width: 1.5px;
    }
  `);

  @property({ attribute: false }) heat: Heat = noHeat;
  @property({ attribute: false }) describe: (place: HeatPlace) => string = () => '';
  @property() description = '';
  @property({ type: Boolean }) isSquare = false;
  @property({ type: Boolean }) isRoot = false;
  @property({ attribute: false }) rowHeight = 18;
  @state() private place: HeatPlace | undefined;

  #paths: readonly string[] = [];
  #size = new SizeController(this);
  #drawnWidth = 0;

  protected override willUpdate(changes: PropertyValues): void {
    const { place, heat } = this;
    if (place && (place.row >= heat.rows.length || place.column >= heat.columns.length))
      this.place = undefined;
    const isResized = this.#size.width !== this.#drawnWidth;
    if (isResized || changes.has('heat') || changes.has('isRoot') || changes.has('rowHeight')) {
      this.#paths = heatPaths(heat, this.#cell, this.isRoot);
      this.#drawnWidth = this.#size.width;
    }
  }

  get #left(): number {
    const widest = this.heat.rows.reduce((most, name) => Math.max(most, textWidth(name)), 0);
    return Math.min(longestName, widest + 10);
  }

  get #cell(): { readonly width: number; readonly height: number } {
    const width = Math.max(1, this.#size.width - this.#left) / Math.max(1, this.heat.columns.length);
    if (!this.isSquare) return { width, height: this.rowHeight };
    const side = Math.min(width, 24);
    return { width: side, height: side };
  }

  protected override render() {
    const { heat, place } = this;
    const { width } = this.#size;
    if (heat.rows.length === 0 || heat.columns.length === 0) return nothing;
    const cell = this.#cell;
    const left = this.#left;
    const [wide, high] = [heat.columns.length * cell.width, heat.rows.length * cell.height];
    return html`<svg
        role="img"
        tabindex="0"
        aria-label="${this.description} Arrow keys read the cells."
        viewBox="0 0 ${width} ${high + foot}"
        height=${high + foot}
        @pointermove=${this.#onPointer}
        @pointerdown=${this.#onPointer}
        @pointerleave=${() => {
          this.place = undefined;
        }}
        @keydown=${this.#onKey}
      >
        <g transform="translate(${left} 0)">
          <rect class="ground" x="0" y="0" width=${wide} height=${high} rx="3"></rect>
          ${this.#paths.map((d, level) =>
            d === ''
              ? nothing
              : svg`<path class="shade" d=${d} fill-opacity=${rounded(0.06 + (0.94 * (level + 1)) / shadeLevels, 3)}></path>`,
          )}
          ${
            place === undefined
              ? nothing
              : svg`<rect class="chosen" data-screen-only x=${place.column * cell.width} y=${place.row * cell.height}
                  width=${cell.width} height=${cell.height}></rect>`
          }
        </g>
        ${this.#names(left, cell, high)}
      </svg>
      <output aria-live="polite">${place === undefined ? '' : this.describe(place)}</output>`;
  }

  #names(left: number, cell: { readonly width: number; readonly height: number }, high: number) {
    const { rows, columns } = this.heat;
    const widest = columns.reduce((most, name) => Math.max(most, textWidth(name)), 0);
    // Names that would run into each other: every second, fifth … of them, and none of single signs.
    const every = Math.ceil((widest + 6) / cell.width);
    const isCounted = columns.every((name) => /^\d+$/.test(name));
    const shown = every === 1 || isCounted ? columns : [];
    return svg`${shown.map((name, column) =>
      column % every === 0
        ? svg`<text class="middle" x=${rounded(left + (column + 0.5) * cell.width, 1)} y=${high + 11}>${name}</text>`
        : nothing,
    )}${
      cell.height < 11
        ? nothing
        : rows.map(
            (name, row) =>
              svg`<text class="end" x=${left - 6} y=${rounded((row + 0.5) * cell.height, 1)}>${name}</text>`,
          )
    }`;
  }

  #onPointer(event: PointerEvent): void {
    const box = (event.currentTarget as SVGSVGElement).getBoundingClientRect();
    if (box.width === 0) return;
    const scale = this.#size.width / box.width;
    const cell = this.#cell;
    const column = Math.floor(((event.clientX - box.left) * scale - this.#left) / cell.width);
    const row = Math.floor(((event.clientY - box.top) * scale) / cell.height);
    const isInside =
      row >= 0 && column >= 0 && row < this.heat.rows.length && column < this.heat.columns.length;
    if (isInside && row === this.place?.row && column === this.place.column) return;
    this.place = isInside ? { row, column } : undefined;
  }

  #onKey(event: KeyboardEvent): void {
    const { rows, columns } = this.heat;
    const steps: Readonly<Record<string, readonly [number, number]>> = {
      ArrowUp: [-1, 0],
      ArrowDown: [1, 0],
      ArrowLeft: [0, -1],
      ArrowRight: [0, 1],
      PageUp: [-10, 0],
      PageDown: [10, 0],
      Home: [0, -columns.length],
      End: [0, columns.length],
    };
    if (event.key === 'Escape') this.place = undefined;
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const { row, column } = this.place ?? { row: -step[0], column: -step[1] };
    const within = (value: number, count: number) => Math.max(0, Math.min(count - 1, value));
    this.place = {
      row: within(row + step[0], rows.length),
      column: within(column + step[1], columns.length),
    };
  }
}
