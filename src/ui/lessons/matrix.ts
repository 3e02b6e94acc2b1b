// A matrix as shaded squares, one for each pair of tokens: read out under the mouse and by the arrow keys.

import { css, html, LitElement, nothing, svg } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { LessonFigure } from '../../contract/lessons.ts';
import { rounded } from '../../text/rounding.ts';
import { drawing } from '../figures/style-sets.ts';
import { describeCell, matrixShades } from './data.ts';

type Matrix = Extract<LessonFigure, { kind: 'matrix' }>;

/** Side of a cell and room for the labels, in units of the drawing. */
const cell = 20;
const margin = 26;

@customElement('lesson-matrix')
export class LessonMatrix extends LitElement {
  static override readonly styles = drawing(css`
    svg {
      max-width: 520px;
      margin: 0 auto;
      border-radius: 6px;
    }
    text {
      font-family: var(--mono);
      font-size: 11px;
      text-anchor: middle;
      dominant-baseline: central;
    }
    text.chosen {
      fill: var(--ink);
      font-weight: 700;
    }
    .ground {
      fill: var(--inset);
    }
    .cell {
      fill: var(--train);
    }
    .chosen-cell {
      fill: none;
      stroke: var(--ink);
      stroke-width: 1.5px;
    }
    output {
      text-align: center;
    }
  `);

  @property({ attribute: false }) matrix: Matrix | undefined;
  @state() private place: { readonly row: number; readonly column: number } | undefined;

  protected override render() {
    const { matrix, place } = this;
    if (matrix === undefined) return nothing;
    const { rows, columns, title, rowLabel, columnLabel } = matrix;
    const shades = matrixShades(matrix);
    const [width, height] = [margin + columns.length * cell, margin + rows.length * cell];
    const label = `${title}: each row is a ${rowLabel}, each column what it ${columnLabel}. Arrow keys read the cells.`;
    return html`<svg
        role="img"
        tabindex="0"
        aria-label=${label}
        viewBox="0 0 ${width} ${height}"
        @pointermove=${this.#onPointer}
        @pointerdown=${this.#onPointer}
        @pointerleave=${() => {
          this.place = undefined;
        }}
        @keydown=${this.#onKey}
      >
        ${columns.map(
          (name, column) =>
            svg`<text class=${place?.column === column ? 'chosen' : ''} x=${middle(column)} y=${margin / 2}>${name}</text>`,
        )}
        ${rows.map(
          (name, row) =>
            svg`<text class=${place?.row === row ? 'chosen' : ''} x=${margin / 2} y=${middle(row)}>${name}</text>`,
        )}
        <rect class="ground" x=${margin} y=${margin} width=${width - margin} height=${height - margin} rx="3"></rect>
        ${shades.map((line, row) =>
          line.map((shade, column) =>
            shade === 0
              ? nothing
              : svg`<rect class="cell" x=${margin + column * cell + 0.75} y=${margin + row * cell + 0.75}
                  width=${cell - 1.5} height=${cell - 1.5} rx="2.5" fill-opacity=${rounded(0.12 + 0.88 * shade, 3)}></rect>`,
          ),
        )}
        ${
          place === undefined
            ? nothing
            : svg`<rect class="chosen-cell" data-screen-only x=${margin + place.column * cell} y=${margin + place.row * cell}
                width=${cell} height=${cell} rx="3"></rect>`
        }
      </svg>
      <output aria-live="polite"
        >${place === undefined ? '' : describeCell(matrix, place.row, place.column)}</output
      >`;
  }

  #onPointer(event: PointerEvent): void {
    const { matrix } = this;
    const box = (event.currentTarget as SVGSVGElement).getBoundingClientRect();
    if (matrix === undefined || box.width === 0) return;
    const scale = (margin + matrix.columns.length * cell) / box.width;
    const column = Math.floor(((event.clientX - box.left) * scale - margin) / cell);
    const row = Math.floor(((event.clientY - box.top) * scale - margin) / cell);
    const isInside = row >= 0 && column >= 0 && row < matrix.rows.length && column < matrix.columns.length;
    this.place = isInside ? { row, column } : undefined;
  }

  #onKey(event: KeyboardEvent): void {
    const steps: Readonly<Record<string, readonly [number, number]>> = {
      ArrowUp: [-1, 0],
      ArrowDown: [1, 0],
      ArrowLeft: [0, -1],
      ArrowRight: [0, 1],
    };
    const { matrix } = this;
    if (event.key === 'Escape') this.place = undefined;
    const step = steps[event.key];
    if (step === undefined || matrix === undefined) return;
    event.preventDefault();
    const { row, column } = this.place ?? { row: 0, column: 0 };
    const within = (value: number, count: number) => Math.max(0, Math.min(count - 1, value));
    this.place = this.place
      ? {
          row: within(row + step[0], matrix.rows.length),
          column: within(column + step[1], matrix.columns.length),
        }
      : { row, column };
  }
}

function middle(index: number): number {
  return margin + (index + 0.5) * cell;
}
