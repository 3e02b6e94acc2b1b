// A table of what an element has to say, with its own scrolling: texts to the left, numbers to the right.
import { html } from 'lit';

/** A column; what its cells are: texts unless said, numbers, names of their rows, or code. */
export interface DataColumn {
  readonly name: string;
  readonly kind: 'number' | 'head' | 'code';
}

/** A column of numbers. */
export const numbers = (name: string): DataColumn => ({ name, kind: 'number' });

/** The column whose cells name their rows. */
export const heads = (name: string): DataColumn => ({ name, kind: 'head' });

/** A column of names from the code. */
export const code = (name: string): DataColumn => ({ name, kind: 'code' });

/**
 * Draws it in the styles of the element that calls (`readoutStyles`).
 * @param label what it is, for those who do not see it
 * @param columns names of plain columns, or columns
 * @param rows cells in the order of the columns, formatted: whatever lit shows
 * @param name class of the table, for styles of its own
 */
export function dataTable(
  label: string,
  columns: readonly (string | DataColumn)[],
  rows: readonly (readonly unknown[])[],
  name = '',
) {
  const all = columns.map((column) =>
    typeof column === 'string' ? { name: column, kind: 'text' as const } : column,
  );
  return html`<div class="scroll" tabindex="0" role="region" aria-label=${label}>
    <table class=${name}>
      <thead>
        <tr>
          ${all.map((column) => html`<th scope="col" class=${column.kind === 'number' ? 'number' : ''}>${column.name}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map((cells) => html`<tr>${all.map(({ kind }, index) => cellOf(kind, cells[index]))}</tr>`)}
      </tbody>
    </table>
  </div>`;
}

function cellOf(kind: DataColumn['kind'] | 'text', cell: unknown) {
  switch (kind) {
    case 'head':
      return html`<th scope="row">${cell}</th>`;
    case 'number':
      return html`<td class="number">${cell}</td>`;
    case 'code':
      return html`<td class="mono muted">${cell}</td>`;
    case 'text':
      return html`<td>${cell}</td>`;
    default:
      return kind satisfies never;
  }
}
