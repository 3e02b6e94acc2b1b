// Text in columns, for terminals: every column as wide as its widest cell, two spaces between them.

/** How cells stand in their columns: all at one side; all but the first at the right, as numbers want it; or each as said. */
export type Alignment = 'left' | 'right' | 'numbers' | readonly ('left' | 'right')[];

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
  const line = columnLine(widths, alignment);
  return lines.map((cells) => indent + line(cells)).join('\n');
}

/** Makes lines of columns whose widths are known before the rows are, which come one by one. */
export function columnLine(
  widths: readonly number[],
  alignment: Alignment = 'left',
): (cells: readonly string[]) => string {
  const isLeft = (index: number) => {
    if (typeof alignment !== 'string') return alignment[index] !== 'right';
    return alignment === 'left' || (alignment === 'numbers' && index === 0);
  };
  const placed = (cell: string, index: number) =>
    isLeft(index) ? cell.padEnd(widths[index] ?? 0) : cell.padStart(widths[index] ?? 0);
  return (cells) => cells.map(placed).join('  ').trimEnd();
}
