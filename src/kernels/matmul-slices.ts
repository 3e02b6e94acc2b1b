// Into how many slices the inner size of a matrix product is cut, so that its tiles fill a wide device.

/** Sizes of y and of the sum. */
interface ProductSize {
  readonly rows: number;
  readonly columns: number;
  readonly inner: number;
}

/** Rows and columns of y that one workgroup computes. */
type Tile = readonly [rows: number, columns: number];

/** Below so many workgroups of a tile an inner size is cut, into slices of which each tile has this many in all. */
const [fewWorkgroups, wantedWorkgroups] = [128, 256];

/** Tiles for which the built-in order cuts the inner size, the one to prefer first. */
const slicedTiles = [
  [128, 128],
  [64, 64],
] as const;

/** Workgroups of a product, one a tile. */
export function tilesOf({ rows, columns }: Pick<ProductSize, 'rows' | 'columns'>, tile: Tile): number {
  return Math.ceil(rows / tile[0]) * Math.ceil(columns / tile[1]);
}

/**
 * Slices of the inner size, counted in the tile that the built-in order will use: a large tile reuses what it loads, so that
 * cutting a long sum until large tiles fill the device goes before smaller tiles, which fill it by themselves.
 */
export function slicesFor(dims: ProductSize): number {
  let slices = 1;
  for (const tile of slicedTiles) {
    const tiles = tilesOf(dims, tile);
    if (tiles >= fewWorkgroups) return 1;
    slices = slicesOfTile(dims, tile);
    if (tiles * slices >= fewWorkgroups) return slices;
  }
  return slices;
}

/** Slices with which tiles of this size fill a device: none shorter than four tiles, and few for small tiles. */
export function slicesOfTile(dims: ProductSize, tile: Tile): number {
  const tiles = tilesOf(dims, tile);
  const side = Math.max(...tile);
  if (tiles >= fewWorkgroups) return 1;
  const wanted = Math.ceil(wantedWorkgroups / tiles);
  return Math.max(1, Math.min(side / 4, wanted, Math.floor(dims.inner / (4 * side))));
}

/**
 * Bytes and rows of w that a slice of one row's product has at least, and the most slices. The numbers do not depend on the
 * threads, and neither does the sum; so many rows keep what slices write and read again below 2/48 of w.
 */
const [sliceBytes, sliceRows, mostSlices] = [2 ** 18, 48, 64];

/**
 * Slices of a row times a large matrix on the processor, where reading w is all that takes time. A slice is whole rows of w,
 * one behind the other; cut by columns, each thread would read a piece of every row, of which memory delivers half as many
 * bytes a second. A matrix that caches hold is left whole: there the second dispatch costs more.
 */
export function slicesOfRow({ rows, columns, inner }: ProductSize): number {
  if (rows > 1) return 1;
  const [byBytes, byRows] = [(4 * columns * inner) / sliceBytes, inner / sliceRows];
  const slices = Math.floor(Math.min(mostSlices, byBytes, byRows));
  return slices >= 4 ? slices : 1;
}
