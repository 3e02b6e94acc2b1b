// A product per head with parts of a quantised matrix: the absorbed form of latent attention, four columns at a time.
import {
  blockColumns,
  bytesOf,
  firstOf,
  halves,
  int4Rows,
  int8Rows,
  nibblesOf,
  pitchOf,
  vectorBytes,
} from '../numeric/quantised.ts';
import { lanes, madd, sumLanes } from '../numeric/vector.ts';

/**
 * y[head, outputs] = x[head, inputs] · w_h for every head of each row. Head h uses columns [firstColumn + h · headColumns, …):
 * as inputs where `alongColumns`, with rows of the matrix as outputs, and else the other way round. Units are heads of rows.
 */
export function quantisedHeadMatmul(
  x: usize,
  w: usize,
  y: usize,
  columns: i32,
  inner: i32,
  heads: i32,
  outputs: i32,
  inputs: i32,
  xStride: i32,
  yStride: i32,
  firstColumn: i32,
  headColumns: i32,
  alongColumns: i32,
  bits: i32,
  first: i32,
  last: i32,
): void {
  for (let head = first; head < last; head++) {
    const from = x + ((<usize>head * <usize>xStride) << 2);
    const to = y + ((<usize>head * <usize>yStride) << 2);
    const start = firstColumn + (head % heads) * headColumns;
    const end = start + (alongColumns ? inputs : outputs);
    if (alongColumns) memory.fill(to, 0, (<usize>outputs) << 2);
    // Vectors of columns as they lie: a head may begin and end within one.
    for (let column = start & ~3; column < end; column += lanes) {
      if (alongColumns) addColumns(bits, from, w, to, columns, inner, outputs, column, start, end);
      else sumRows(bits, from, w, to, columns, inner, inputs, column, start, end);
    }
  }
}

/** y[r] += x[columns] · w[r, columns] for four columns, of which those outside [start, end) count nothing. */
function addColumns(
  bits: i32,
  x: usize,
  w: usize,
  y: usize,
  columns: i32,
  inner: i32,
  rows: i32,
  column: i32,
  start: i32,
  end: i32,
): void {
  let factors = f32x4.splat(inputOf(x, column, start, end));
  factors = f32x4.replace_lane(factors, 1, inputOf(x, column + 1, start, end));
  factors = f32x4.replace_lane(factors, 2, inputOf(x, column + 2, start, end));
  factors = f32x4.replace_lane(factors, 3, inputOf(x, column + 3, start, end));
  for (let r = 0; r < rows; r++) {
    const product = f32x4.mul(factors, weightsOf(bits, w, columns, inner, column, r));
    f32.store(y, f32.load(y) + sumLanes(product));
    y += 4;
  }
}

function inputOf(x: usize, column: i32, start: i32, end: i32): f32 {
  return column < start || column >= end ? 0 : f32.load(x + ((<usize>(column - start)) << 2));
}

/** y[columns] = Σ over rows r of x[r] · w[r, columns] for those of four columns that lie in [start, end). */
function sumRows(
  bits: i32,
  x: usize,
  w: usize,
  y: usize,
  columns: i32,
  inner: i32,
  rows: i32,
  column: i32,
  start: i32,
  end: i32,
): void {
  let sum = f32x4.splat(0);
  for (let r = 0; r < rows; r++) {
    sum = madd(v128.load_splat<f32>(x), weightsOf(bits, w, columns, inner, column, r), sum);
    x += 4;
  }
  storeIfIn(y, f32x4.extract_lane(sum, 0), column, start, end);
  storeIfIn(y, f32x4.extract_lane(sum, 1), column + 1, start, end);
  storeIfIn(y, f32x4.extract_lane(sum, 2), column + 2, start, end);
  storeIfIn(y, f32x4.extract_lane(sum, 3), column + 3, start, end);
}

function storeIfIn(y: usize, value: f32, column: i32, start: i32, end: i32): void {
  if (column >= start && column < end) f32.store(y + ((<usize>(column - start)) << 2), value);
}

/** The numbers of four columns in one row of the matrix. */
function weightsOf(bits: i32, w: usize, columns: i32, inner: i32, column: i32, row: i32): v128 {
  const block = column / blockColumns;
  const rows = bits === 8 ? int8Rows(inner) : int4Rows(inner);
  const pitch = pitchOf(columns, block);
  const at = firstOf(w, block, rows) + (<usize>(column - block * blockColumns) >> 2) * vectorBytes;
  if (bits === 8) {
    const scale = v128.load(at + <usize>(rows - 1) * pitch);
    return f32x4.mul(bytesOf(v128.load(at + <usize>(row >> 2) * pitch), row & 3), scale);
  }
  const group = at + <usize>((row >> 5) * 5) * pitch;
  const scales = v128.load(group + 4 * pitch);
  const word = v128.load(group + <usize>((row & 31) >> 3) * pitch);
  return madd(nibblesOf(word, row & 7), halves(scales), halves(i32x4.shr_u(scales, 16)));
}

/** Heads of all rows. */
export function quantisedHeadMatmulUnits(rows: i32, heads: i32): i32 {
  return rows * heads;
}
