// LayerNorm: forward, and gradients of the input and of the packed scale and bias.
import { sliceEnd, storeTile, tilesAcross, tileWidth } from './numeric/column-tile.ts';
import { dropRow } from './numeric/epilogue.ts';
import { firstLanes, madd, storeLanes, sumLanes } from './numeric/vector.ts';

/** y = (x − mean) ÷ √(variance + epsilon) · (scale + offset) (+ bias); statistics: mean and factor of each row. */
export function layerNormForward(
  x: usize,
  weight: usize,
  y: usize,
  statistics: usize,
  columns: i32,
  hasBias: i32,
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
    let sum = zero;
    for (let c = 0; c < columns; c += 4)
      sum = f32x4.add(sum, firstLanes(v128.load(from + ((<usize>c) << 2)), zero, columns - c));
    const near = sumLanes(sum) / <f32>columns;
    const nears = f32x4.splat(near);
    let squares = zero;
    let deviations = zero;
    for (let c = 0; c < columns; c += 4) {
      const difference = firstLanes(f32x4.sub(v128.load(from + ((<usize>c) << 2)), nears), zero, columns - c);
      squares = madd(difference, difference, squares);
      deviations = f32x4.add(deviations, difference);
    }
    // What a long sum of large numbers lost (Chan, Golub and LeVeque 1983, the corrected two passes).
    const lost = sumLanes(deviations) / <f32>columns;
    const mean = near + lost;
    const means = f32x4.splat(mean);
    const variance = max<f32>(0, sumLanes(squares) / <f32>columns - lost * lost);
    const factor: f32 = 1 / sqrt<f32>(variance + epsilon);
    f32.store(statistics + ((<usize>row) << 3), mean);
    f32.store(statistics + ((<usize>row) << 3), factor, 4);
    const factors = f32x4.splat(factor);
    for (let c = 0; c < columns; c += 4) {
      const at = (<usize>c) << 2;
      const normalised = f32x4.mul(f32x4.sub(v128.load(from + at), means), factors);
      const bias = hasBias ? v128.load(weight + bytes + at) : zero;
      storeLanes(to + at, madd(normalised, f32x4.add(v128.load(weight + at), offsets), bias), columns - c);
    }
  }
}

/** Units of work: rows. */
export function layerNormForwardUnits(rows: i32): i32 {
  return rows;
}

/** dx = (g − mean g − x̂ · mean(g ∘ x̂)) · factor (+ dx), g = dy ∘ (scale + offset). */
export function layerNormBackward(
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
    const means = v128.load_splat<f32>(saved + ((<usize>row) << 3));
    const factors = v128.load_splat<f32>(saved + ((<usize>row) << 3), 4);
    let sum = zero;
    let products = zero;
    for (let c = 0; c < columns; c += 4) {
      const at = (<usize>c) << 2;
      const g = firstLanes(
        f32x4.mul(v128.load(given + at), f32x4.add(v128.load(weight + at), offsets)),
        zero,
        columns - c,
      );
      const difference = firstLanes(f32x4.sub(v128.load(from + at), means), zero, columns - c);
      sum = f32x4.add(sum, g);
      products = madd(g, difference, products);
    }
    const meanG = f32x4.splat(sumLanes(sum) / <f32>columns);
    const meanGx = f32x4.mul(f32x4.splat(sumLanes(products) / <f32>columns), factors);
    for (let c = 0; c < columns; c += 4) {
      const at = (<usize>c) << 2;
      const g = f32x4.mul(v128.load(given + at), f32x4.add(v128.load(weight + at), offsets));
      const normalised = f32x4.mul(f32x4.sub(v128.load(from + at), means), factors);
      const gradient = f32x4.sub(f32x4.sub(g, meanG), f32x4.mul(normalised, meanGx));
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
export function layerNormBackwardUnits(rows: i32): i32 {
  return rows;
}

/** sums[s] = Σ over the rows of slice s of (dy ∘ x̂, dy) (+ sums[s]). */
export function layerNormBackwardWeight(
  x: usize,
  saved: usize,
  dy: usize,
  sums: usize,
  rows: i32,
  columns: i32,
  hasBias: i32,
  slices: i32,
  accumulate: i32,
  first: i32,
  last: i32,
): void {
  const tiles = tilesAcross(columns);
  const bytes = (<usize>columns) << 2;
  const zero = f32x4.splat(0);
  for (let unit = first; unit < last; unit++) {
    const slice = unit / tiles;
    const column = (unit - slice * tiles) * tileWidth;
    const start = sliceEnd(slice - 1, rows, slices);
    const end = sliceEnd(slice, rows, slices);
    let w0 = zero;
    let w1 = zero;
    let w2 = zero;
    let w3 = zero;
    let b0 = zero;
    let b1 = zero;
    let b2 = zero;
    let b3 = zero;
    for (let row = start; row < end; row++) {
      const at = <usize>row * bytes + ((<usize>column) << 2);
      const means = v128.load_splat<f32>(saved + ((<usize>row) << 3));
      const factors = v128.load_splat<f32>(saved + ((<usize>row) << 3), 4);
      let given = v128.load(dy + at);
      b0 = f32x4.add(b0, given);
      w0 = madd(f32x4.mul(given, f32x4.sub(v128.load(x + at), means)), factors, w0);
      given = v128.load(dy + at, 16);
      b1 = f32x4.add(b1, given);
      w1 = madd(f32x4.mul(given, f32x4.sub(v128.load(x + at, 16), means)), factors, w1);
      given = v128.load(dy + at, 32);
      b2 = f32x4.add(b2, given);
      w2 = madd(f32x4.mul(given, f32x4.sub(v128.load(x + at, 32), means)), factors, w2);
      given = v128.load(dy + at, 48);
      b3 = f32x4.add(b3, given);
      w3 = madd(f32x4.mul(given, f32x4.sub(v128.load(x + at, 48), means)), factors, w3);
    }
    const to = sums + ((<usize>(slice * (1 + hasBias) * columns + column)) << 2);
    storeTile(to, w0, w1, w2, w3, columns - column, accumulate);
    if (hasBias) storeTile(to + bytes, b0, b1, b2, b3, columns - column, accumulate);
  }
}

/** Units of work: tiles of columns of every slice. */
export function layerNormBackwardWeightUnits(columns: i32, slices: i32): i32 {
  return slices * tilesAcross(columns);
}
