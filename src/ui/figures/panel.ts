// A framed figure: heading, the drawing, its table for those who read it so, and both as files.
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { Term } from '../../text/glossary.ts';
import { type FigureTable, figureCsv } from '../../text/table.ts';
import { downloadText } from '../state/files.ts';
import { workPanel } from './style-sets.ts';
import { downloadPng, downloadSvg, findDrawing } from './svg-export.ts';
import './glossary-term.ts';

/**
 * `<figure-panel heading="…" fileName="…" .table=${…}>` around any figure. Slots: the figure itself, `controls` (in the
 * head line) and `note` (below). "table" shows the numbers, "CSV" saves them, "SVG" and "PNG" save the first drawing inside.
 * With `isTable` the table is the figure: it is always shown and there is no drawing.
 */
@customElement('figure-panel')
export class FigurePanel extends LitElement {
  static override readonly styles = workPanel(css`
    :host {
      min-width: 0;
    }
    .scroll {
      margin-top: 8px;
    }
    .scroll.limited {
      max-height: 600px;
    }
    .head {
      font-size: 13px;
    }
    .tools {
      display: flex;
      align-items: center;
      gap: 4px;
    }
    thead th {
      position: sticky;
      top: 0;
      background: var(--panel);
      white-space: normal;
      vertical-align: bottom;
    }
    tbody th,
    tbody td:not(.number) {
      white-space: normal;
      min-width: 5em;
      max-width: 24em;
    }
    tbody th {
      color: var(--ink);
      min-width: 9em;
    }
    tbody td.medium:not(.number) {
      min-width: 11em;
    }
    tbody td.long:not(.number) {
      min-width: 22em;
    }
    .note {
      margin-top: 8px;
      font-size: 12px;
      color: var(--muted);
    }
  `);

  @property() heading = '';
  /** The word of the glossary that the heading is, if it is one. */
  @property() term: Term | '' = '';
  /** Name of the files without their ending. */
  @property() fileName = 'figure';
  @property({ attribute: false }) table: FigureTable | undefined;
  @property({ type: Boolean }) isTable = false;
  /** False for a figure of text, which is no drawing to save. */
  @property({ attribute: false }) hasDrawing = true;
  /** Whether the table stands below the drawing; the reader may change it. */
  @property({ type: Boolean }) isTableShown = false;

  protected override render() {
    const { table } = this;
    return html`<section class="panel" aria-labelledby="title">
      <div class="head">
        <h2 id="title"><glossary-term .term=${this.term}>${this.heading}</glossary-term></h2>
        <slot name="controls"></slot>
        <div class="tools">${
          table === undefined || this.isTable
            ? nothing
            : html`<label class="check">
              <input
                type="checkbox"
                .checked=${this.isTableShown}
                @change=${(event: Event) => {
                  this.isTableShown = (event.target as HTMLInputElement).checked;
                }}
              />
              <span class="muted">table</span>
            </label>`
        }
        ${
          this.isTable || !this.hasDrawing
            ? nothing
            : html`<button class="plain" aria-label="Save “${this.heading}” as SVG" @click=${() => this.#saveDrawing(downloadSvg)}>SVG</button>
              <button class="plain" aria-label="Save “${this.heading}” as PNG" @click=${() => this.#saveDrawing(downloadPng)}>PNG</button>`
        }
        ${
          table === undefined
            ? nothing
            : html`<button class="plain" aria-label="Save “${this.heading}” as CSV" @click=${this.#saveTable}>CSV</button>`
        }</div>
      </div>
      <slot></slot>
      ${table !== undefined && (this.isTable || this.isTableShown) ? this.#rows(table) : nothing}
      <div class="note"><slot name="note"></slot></div>
    </section>`;
  }

  #rows({ columns, rows }: FigureTable) {
    const isNumber = columns.map((_, index) => rows.some((row) => typeof row[index] === 'number'));
    return html`<div class="scroll ${this.isTable ? '' : 'limited'}" tabindex="0" role="region" aria-label="${this.heading} as a table">
      <table>
        <thead>
          <tr>
            ${columns.map(
              ({ label, term = '' }, index) =>
                html`<th scope="col" class=${isNumber[index] ? 'number' : ''}><glossary-term .term=${term}>${label}</glossary-term></th>`,
            )}
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            (row, at) =>
              html`<tr>
                ${columns.map(({ format, room = 'short' }, index) => {
                  const cell = row[index];
                  const text = typeof cell === 'number' ? (format ?? String)(cell, at) : (cell ?? '');
                  const name = isNumber[index] ? 'number' : room;
                  return index === 0
                    ? html`<th scope="row" class=${name}>${text}</th>`
                    : html`<td class=${name}>${text}</td>`;
                })}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>`;
  }

  #saveDrawing(save: typeof downloadSvg | typeof downloadPng): void {
    const slot = this.renderRoot.querySelector<HTMLSlotElement>('slot:not([name])');
    const drawing = slot?.assignedElements({ flatten: true }).map(findDrawing).find(Boolean);
    if (drawing !== undefined) void save(drawing, this.fileName, this.heading);
  }

  #saveTable(): void {
    if (this.table !== undefined) downloadText(`${this.fileName}.csv`, figureCsv(this.table), 'text/csv');
  }
}
