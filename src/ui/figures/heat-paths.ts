// A rectangle of values as paths of a few shades, plain data for the drawing.
import { rounded } from '../../text/rounding.ts';

/** A rectangle of values that are drawn as shades. */
export interface Heat {
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  /** Row by row. */
  readonly values: ArrayLike<number>;
  /** Value of the full shade. */
  readonly maximum: number;
}

/** Shades between nothing and full. */
export const shadeLevels = 12;

/**
 * Cells of equal shade as one path of SVG each, the faintest first; neighbours in a row are one rectangle.
 * @param isRoot shades by the square root, so that small parts of a whole can be seen
 */
export function heatPaths(
  { rows, columns, values, maximum }: Heat,
  cell: { readonly width: number; readonly height: number },
  isRoot = false,
): string[] {
  const paths = new Array<string>(shadeLevels).fill('');
  const places = (value: number): string => String(rounded(value, 2));
  const levelAt = (row: number, column: number): number => {
    const share = Math.max(0, values[row * columns.length + column] / maximum) || 0;
    return Math.min(shadeLevels, Math.round((isRoot ? Math.sqrt(share) : share) * shadeLevels));
  };
  for (let row = 0; row < rows.length; row++) {
    for (let column = 0; column < columns.length; ) {
      const level = levelAt(row, column);
      let end = column + 1;
      while (end < columns.length && levelAt(row, end) === level) end++;
      if (level > 0) {
        const width = places((end - column) * cell.width);
        const start = `M${places(column * cell.width)} ${places(row * cell.height)}`;
        paths[level - 1] += `${start}h${width}v${places(cell.height)}h-${width}z`;
      }
      column = end;
    }
  }
  return paths;
}
