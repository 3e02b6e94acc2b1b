// How the variants of the matrix products are ranked: which go first, and which tile would compute mostly padding.

/** A variant, and the sizes for which it goes before those that follow it in the list. */
export interface RankedVariant<K, D> {
  readonly kernel: K;
  readonly pays: (dims: D) => boolean;
}

/** The variants that pay for the given sizes, then the others, each in the order of the list. */
export function ranked<K, D>(variants: readonly RankedVariant<K, D>[], dims: D): K[] {
  const paying = variants.filter(({ pays }) => pays(dims));
  const others = variants.filter(({ pays }) => !pays(dims));
  return [...paying, ...others].map(({ kernel }) => kernel);
}

/** False where a tile half as wide, which follows in the list, would compute much less padding. */
export function fillsWidth(columns: number, width: number): boolean {
  const half = width / 2;
  return Math.ceil(columns / width) * width <= 1.25 * Math.ceil(columns / half) * half;
}

/** Lanes, rows of a tile and vectors of columns a lane: what software adapters are tried with, high and wide tiles first. */
export const softwareSubgroups = [
  [8, 32, 2],
  [8, 32, 1],
  [8, 16, 2],
  [8, 16, 1],
  [4, 16, 2],
  [4, 16, 1],
] as const;
