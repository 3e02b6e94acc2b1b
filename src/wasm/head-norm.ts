// RMSNorm of query and key heads inside packed rows, in place: forward, and gradients of the input and of the weight.
import { storeTile, tilesAcross, tileWidth } from './numeric/column-tile.ts';
import { firstLanes, madd, storeLanes, sumLanes } from './numeric/vector.ts';

/** qkv = x̂ · (weight + offset) with x̂ = x ÷ √(mean x² + epsilon); with `keeps`, kept: x̂ and its factor by segment. */
export function headNormForward(
  weight: usize,
  qkv: usize,
  kept: usize,
  heads: i32,
  columns: i32,
  rowStride: i32,
  firstColumn: i32,
  epsilon: f32,
  offset: f32,
  keeps: i32,
  first: i32,
  last: i32,
): void {
  const zero = f32x4.splat(0);
  const offsets = f32x4.splat(offset);
  for (let segment = first; segment < last; segment++) {
    const x = segmentOf(qkv, segment, heads, columns, rowStride, firstColumn);
    const own = kept + <usize>segment * keptBytes(columns);
    let squares = zero;
    for (let c = 0; c < columns; c += 4) {
      const value = firstLanes(v128.load(x + ((<usize>c) << 2)), zero, columns - c);
      squares = madd(value, value, squares);
    }
    const factor: f32 = 1 / sqrt<f32>(sumLanes(squares) / <f32>columns + epsilon);
    if (keeps) f32.store(own + ((<usize>columns) << 2), factor);
    for (let c = 0; c < columns; c += 4) {
      const at = (<usize>c) << 2;
      const value = f32x4.mul(v128.load(x + at), f32x4.splat(factor));
      if (keeps) storeLanes(own + at, value, columns - c);
      storeLanes(x + at, f32x4.mul(value, f32x4.add(v128.load(weight + at), offsets)), columns - c);
    }
  }
}

/** Units of work: segments. */
export function headNormForwardUnits(rows: i32, heads: i32): i32 {
  return rows * heads;
}

/** gradient = (g − x̂ · mean(g ∘ x̂)) · factor in place of dy, g = dy ∘ (weight + offset). */
export function headNormBackward(
  weight: usize,
  saved: usize,
  gradient: usize,
  heads: i32,
  columns: i32,
  rowStride: i32,
  firstColumn: i32,
  offset: f32,
  first: i32,
  last: i32,
): void {
  const zero = f32x4.splat(0);
  const offsets = f32x4.splat(offset);
  for (let segment = first; segment < last; segment++) {
    const dy = segmentOf(gradient, segment, heads, columns, rowStride, firstColumn);
    const own = saved + <usize>segment * keptBytes(columns);
    const factors = v128.load_splat<f32>(own + ((<usize>columns) << 2));
    let products = zero;
    for (let c = 0; c < columns; c += 4) {
      const at = (<usize>c) << 2;
      const g = f32x4.mul(v128.load(dy + at), f32x4.add(v128.load(weight + at), offsets));
      products = f32x4.add(products, firstLanes(f32x4.mul(g, v128.load(own + at)), zero, columns - c));
    }
    const mean = f32x4.splat(sumLanes(products) / <f32>columns);
    for (let c = 0; c < columns; c += 4) {
      const at = (<usize>c) << 2;
      const g = f32x4.mul(v128.load(dy + at), f32x4.add(v128.load(weight + at), offsets));
      const dx = f32x4.sub(g, f32x4.mul(v128.load(own + at), mean));
      storeLanes(dy + at, f32x4.mul(dx, factors), columns - c);
    }
  }
}

/** Units of work: segments. */
export function headNormBackwardUnits(rows: i32, heads: i32): i32 {
  return rows * heads;
}

/** sums[s] = Σ over the segments of slice s of dy ∘ x̂ (+ sums[s]). */
export function headNormBackwardWeight(
  saved: usize,
  dy: usize,
  sums: usize,
  rows: i32,
  heads: i32,
  columns: i32,
  rowStride: i32,
  firstColumn: i32,
  slices: i32,
  accumulate: i32,
  first: i32,
  last: i32,
): void {
  const tiles = tilesAcross(columns);
  const slicedSegments = (rows * heads + slices - 1) / slices;
  for (let unit = first; unit < last; unit++) {
    const slice = unit / tiles;
    const column = (unit - slice * tiles) * tileWidth;
    const end = min((slice + 1) * slicedSegments, rows * heads);
    let w0 = f32x4.splat(0);
    let w1 = w0;
    let w2 = w0;
    let w3 = w0;
    for (let segment = slice * slicedSegments; segment < end; segment++) {
      const from = segmentOf(dy, segment, heads, columns, rowStride, firstColumn) + ((<usize>column) << 2);
      const own = saved + <usize>segment * keptBytes(columns) + ((<usize>column) << 2);
      w0 = madd(v128.load(from), v128.load(own), w0);
      w1 = madd(v128.load(from, 16), v128.load(own, 16), w1);
      w2 = madd(v128.load(from, 32), v128.load(own, 32), w2);
      w3 = madd(v128.load(from, 48), v128.load(own, 48), w3);
    }
    const to = sums + ((<usize>(slice * columns + column)) << 2);
    storeTile(to, w0, w1, w2, w3, columns - column, accumulate);
  }
}

/** Units of work: tiles of columns of every slice. */
export function headNormBackwardWeightUnits(columns: i32, slices: i32): i32 {
  return slices * tilesAcross(columns);
}

/** Where a segment starts in packed rows. */
function segmentOf(
  rows: usize,
  segment: i32,
  heads: i32,
  columns: i32,
  rowStride: i32,
  firstColumn: i32,
): usize {
  const row = segment / heads;
  const column = firstColumn + (segment - row * heads) * columns;
  return rows + ((<usize>row * <usize>rowStride + <usize>column) << 2);
}

/** Bytes of what is kept of a segment: x̂ and, behind it, its factor. */
function keptBytes(columns: i32): usize {
  return (<usize>(columns + 1)) << 2;
}
