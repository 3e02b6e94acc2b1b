// Text in columns, for terminals: every column as wide as its widest cell, two spaces between them.

/** How cells stand in their columns: all at the left; all but the first at the right, as numbers want it; or each as said. */
export type Alignment = 'left' | 'numbers' | readonly ('left' | 'right')[];

/**
 * Lines of cells as one text without a line end after the last.
 * @param lines rows of cells, the head among them; a short row leaves its last columns free
 * @param indent put before every line
 */
export function textColumns(
  lines: readonly (readonly string[])[],
  alignment: Alignment = 'left',
  indent = '',
): string {
  const widths: number[] = [];
  for (const cells of lines) {
    for (const [index, cell] of cells.entries()) widths[index] = Math.max(widths[index] ?? 0, cell.length);
  }
  const isLeft = (index: number) =>
    typeof alignment === 'string' ? alignment === 'left' || index === 0 : alignment[index] !== 'right';
  const placed = (cell: string, index: number) =>
    isLeft(index) ? cell.padEnd(widths[index] ?? 0) : cell.padStart(widths[index] ?? 0);
  return lines.map((cells) => `${indent}${cells.map(placed).join('  ')}`.trimEnd()).join('\n');
}
