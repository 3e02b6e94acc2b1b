// RMSNorm: forward, and gradients of the input and of the weight.
import { sliceEnd, storeTile, tilesAcross, tileWidth } from './numeric/column-tile.ts';
import { dropRow } from './numeric/epilogue.ts';
import { firstLanes, madd, storeLanes, sumLanes } from './numeric/vector.ts';

/** y = x ÷ √(mean x² + epsilon) · (weight + offset); statistics: the factor of each row. */
export function rmsNormForward(
  x: usize,
  weight: usize,
  y: usize,
  statistics: usize,
  columns: i32,
  epsilon: f32,
  offset: f32,
  first: i32,
  last: i32,
): void {
  const bytes = (<usize>columns) << 2;
  const zero = f32x4.splat(0);
  const offsets = f32x4.splat(offset);
  for (let row = first; row < last; row++) {
    const from = x + <usize>row * bytes;
    const to = y + <usize>row * bytes;
    let squares = zero;
    for (let c = 0; c < columns; c += 4) {
      const value = firstLanes(v128.load(from + ((<usize>c) << 2)), zero, columns - c);
      squares = madd(value, value, squares);
    }
    const factor: f32 = 1 / sqrt<f32>(sumLanes(squares) / <f32>columns + epsilon);
    f32.store(statistics + ((<usize>row) << 2), factor);
    const factors = f32x4.splat(factor);
    for (let c = 0; c < columns; c += 4) {
      const at = (<usize>c) << 2;
      const weights = f32x4.add(v128.load(weight + at), offsets);
      storeLanes(to + at, f32x4.mul(f32x4.mul(v128.load(from + at), factors), weights), columns - c);
    }
  }
}

/** Units of work: rows. */
export function rmsNormForwardUnits(rows: i32): i32 {
  return rows;
}

/** dx = (g − x̂ · mean(g ∘ x̂)) · factor (+ dx), g = dy ∘ (weight + offset). */
export function rmsNormBackward(
  x: usize,
  weight: usize,
  saved: usize,
  dy: usize,
  dx: usize,
  droppedDx: usize,
  columns: i32,
  offset: f32,
  accumulate: i32,
  dropout: f32,
  time: i32,
  operation: u32,
  dropoutSeed: u32,
  step: u32,
  sampleOffset: u32,
  first: i32,
  last: i32,
): void {
  const bytes = (<usize>columns) << 2;
  const zero = f32x4.splat(0);
  const offsets = f32x4.splat(offset);
  for (let row = first; row < last; row++) {
    const from = x + <usize>row * bytes;
    const given = dy + <usize>row * bytes;
    const to = dx + <usize>row * bytes;
    const factors = v128.load_splat<f32>(saved + ((<usize>row) << 2));
    let products = zero;
    for (let c = 0; c < columns; c += 4) {
      const at = (<usize>c) << 2;
      const g = f32x4.mul(v128.load(given + at), f32x4.add(v128.load(weight + at), offsets));
      products = f32x4.add(products, firstLanes(f32x4.mul(g, v128.load(from + at)), zero, columns - c));
    }
    const mean = f32x4.mul(f32x4.splat(sumLanes(products) / <f32>columns), factors);
    for (let c = 0; c < columns; c += 4) {
      const at = (<usize>c) << 2;
      const g = f32x4.mul(v128.load(given + at), f32x4.add(v128.load(weight + at), offsets));
      const normalised = f32x4.mul(v128.load(from + at), factors);
      const gradient = f32x4.sub(g, f32x4.mul(normalised, mean));
      storeLanes(to + at, madd(gradient, factors, accumulate ? v128.load(to + at) : zero), columns - c);
    }
    if (dropout > 0) {
      const dropped = droppedDx + <usize>row * bytes;
      dropRow(
        to,
        dropped,
        row,
        time,
        columns,
        0,
        columns,
        dropout,
        operation,
        dropoutSeed,
        step,
        sampleOffset,
      );
    }
  }
}

/** Units of work: rows. */
export function rmsNormBackwardUnits(rows: i32): i32 {
  return rows;
}

/** sums[s] = Σ over the rows of slice s of dy ∘ x̂ (+ sums[s]). */
export function rmsNormBackwardWeight(
  x: usize,
  saved: usize,
  dy: usize,
  sums: usize,
  rows: i32,
  columns: i32,
  slices: i32,
  accumulate: i32,
  first: i32,
  last: i32,
): void {
  const tiles = tilesAcross(columns);
  const bytes = (<usize>columns) << 2;
  for (let unit = first; unit < last; unit++) {
    const slice = unit / tiles;
    const column = (unit - slice * tiles) * tileWidth;
    const start = sliceEnd(slice - 1, rows, slices);
    const end = sliceEnd(slice, rows, slices);
    let w0 = f32x4.splat(0);
    let w1 = w0;
    let w2 = w0;
    let w3 = w0;
    for (let row = start; row < end; row++) {
      const at = <usize>row * bytes + ((<usize>column) << 2);
      const factors = v128.load_splat<f32>(saved + ((<usize>row) << 2));
      w0 = madd(f32x4.mul(v128.load(dy + at), v128.load(x + at)), factors, w0);
      w1 = madd(f32x4.mul(v128.load(dy + at, 16), v128.load(x + at, 16)), factors, w1);
      w2 = madd(f32x4.mul(v128.load(dy + at, 32), v128.load(x + at, 32)), factors, w2);
      w3 = madd(f32x4.mul(v128.load(dy + at, 48), v128.load(x + at, 48)), factors, w3);
    }
    storeTile(
      sums + ((<usize>(slice * columns + column)) << 2),
      w0,
      w1,
      w2,
      w3,
      columns - column,
      accumulate,
    );
  }
}

/** Units of work: tiles of columns of every slice. */
export function rmsNormBackwardWeightUnits(columns: i32, slices: i32): i32 {
  return slices * tilesAcross(columns);
}
