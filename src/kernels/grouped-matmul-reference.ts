// The matrix products of all experts in plain loops, for any layout and option, and a placement of rows to try them on.
import type { NumberArray } from '../plan/kernel.ts';

/** nn and nt: y[row] = x[row] · w[expert of the row]; tn: y[e] = Σ over the rows of e of x[row]ᵀ·w[row]. */
export function groupedReference(
  {
    x,
    w,
    offsets,
    assignments,
    y,
  }: Readonly<Record<'x' | 'w' | 'offsets' | 'assignments' | 'y', NumberArray>>,
  { rows, columns, inner, experts, perToken, accumulate }: Readonly<Record<string, number>>,
  layout: 'nn' | 'nt' | 'tn',
): void {
  // Rows of tokens are found by their choice; what is computed by row already lies by row.
  const source = (row: number) => (perToken > 0 ? Math.floor(assignments[row] / perToken) : row);
  const sums = new Float64Array(columns);
  const store = (index: number) => {
    for (let c = 0; c < columns; c++) y[index + c] = accumulate === 1 ? y[index + c] + sums[c] : sums[c];
  };
  // Steps within one expert's matrix, as it is stored.
  const [columnStep, innerStep] = layout === 'nt' ? [inner, 1] : [1, columns];
  for (let expert = 0; expert < experts; expert++) {
    const [first, end] = [offsets[expert], offsets[expert + 1]];
    for (let i = 0; i < (layout === 'tn' ? rows : end - first); i++) {
      sums.fill(0);
      for (let k = 0; k < (layout === 'tn' ? end - first : inner); k++) {
        const factor = layout === 'tn' ? x[source(first + k) * rows + i] : x[source(first + i) * inner + k];
        const base = layout === 'tn' ? (first + k) * columns : expert * inner * columns + k * innerStep;
        const step = layout === 'tn' ? 1 : columnStep;
        for (let c = 0; c < columns; c++) sums[c] += factor * w[base + c * step];
      }
      store((layout === 'tn' ? expert * rows + i : first + i) * columns);
    }
  }
}

/** Where expert e's rows begin in a test: uneven, some experts without any, the last eighth of the rows unused. */
export function exampleOffset(rows: number, experts: number, expert: number): number {
  // Quadratic: first experts have hardly any rows, the last has the most.
  return Math.floor((rows - Math.floor(rows / 8)) * (expert / experts) ** 2);
}

/** Its tiles of rows: expert and first row, and as many without an expert as fill the bound. */
export function exampleTiles({
  rows,
  experts,
  tileRows,
  tileBound,
}: Readonly<Record<string, number>>): number[] {
  const tiles: number[] = [];
  for (let e = 0; e < experts && tileBound > 0; e++) {
    const end = exampleOffset(rows, experts, e + 1);
    for (let row = exampleOffset(rows, experts, e); row < end; row += tileRows) tiles.push(e, row);
  }
  while (tiles.length < 2 * tileBound) tiles.push(experts, 0);
  return tiles;
}
