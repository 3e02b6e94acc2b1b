// Sums of columns over slices of rows.
import { sliceEnd, storeTile, tilesAcross, tileWidth } from './numeric/column-tile.ts';

/** y[s, c] = Σ x[r, c] over the rows r of slice s (+ bias[c]) (+ residual[c]) (+ y[s, c]). */
export function columnSum(
  x: usize,
  bias: usize,
  residual: usize,
  y: usize,
  rows: i32,
  columns: i32,
  xStride: i32,
  slices: i32,
  hasBias: i32,
  hasResidual: i32,
  accumulate: i32,
  first: i32,
  last: i32,
): void {
  const tiles = tilesAcross(columns);
  const bytes = (<usize>xStride) << 2;
  for (let unit = first; unit < last; unit++) {
    const slice = unit / tiles;
    const column = (unit - slice * tiles) * tileWidth;
    const start = sliceEnd(slice - 1, rows, slices);
    const end = sliceEnd(slice, rows, slices);
    let at = x + <usize>start * bytes + ((<usize>column) << 2);
    let s0 = f32x4.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    for (let row = start; row < end; row++) {
      s0 = f32x4.add(s0, v128.load(at));
      s1 = f32x4.add(s1, v128.load(at, 16));
      s2 = f32x4.add(s2, v128.load(at, 32));
      s3 = f32x4.add(s3, v128.load(at, 48));
      at += bytes;
    }
    const columnAt = (<usize>column) << 2;
    if (hasBias) {
      s0 = f32x4.add(s0, v128.load(bias + columnAt));
      s1 = f32x4.add(s1, v128.load(bias + columnAt, 16));
      s2 = f32x4.add(s2, v128.load(bias + columnAt, 32));
      s3 = f32x4.add(s3, v128.load(bias + columnAt, 48));
    }
    if (hasResidual) {
      s0 = f32x4.add(s0, v128.load(residual + columnAt));
      s1 = f32x4.add(s1, v128.load(residual + columnAt, 16));
      s2 = f32x4.add(s2, v128.load(residual + columnAt, 32));
      s3 = f32x4.add(s3, v128.load(residual + columnAt, 48));
    }
    storeTile(y + ((<usize>(slice * columns + column)) << 2), s0, s1, s2, s3, columns - column, accumulate);
  }
}

/** Units of work: tiles of columns of every slice. */
export function columnSumUnits(columns: i32, slices: i32): i32 {
  return slices * tilesAcross(columns);
}
