// Sums down columns: a tile of sixteen columns stays in registers while the rows stream by.
import { storeLanes } from './vector.ts';

/** Columns of a tile: one cache line. */
export const tileWidth: i32 = 16;

/** Tiles side by side. */
export function tilesAcross(columns: i32): i32 {
  return (columns + tileWidth - 1) / tileWidth;
}

/** One past the last row of a slice: slices are equal parts of the rows, of which the last ones may be short or empty. */
export function sliceEnd(slice: i32, rows: i32, slices: i32): i32 {
  return min((slice + 1) * ((rows + slices - 1) / slices), rows);
}

/** Stores up to four vectors of sums (+ what is there). */
export function storeTile(
  y: usize,
  s0: v128,
  s1: v128,
  s2: v128,
  s3: v128,
  columns: i32,
  accumulate: i32,
): void {
  if (accumulate) {
    s0 = f32x4.add(s0, v128.load(y));
    s1 = f32x4.add(s1, v128.load(y, 16));
    s2 = f32x4.add(s2, v128.load(y, 32));
    s3 = f32x4.add(s3, v128.load(y, 48));
  }
  storeLanes(y, s0, columns);
  storeLanes(y + 16, s1, columns - 4);
  storeLanes(y + 32, s2, columns - 8);
  storeLanes(y + 48, s3, columns - 12);
}
