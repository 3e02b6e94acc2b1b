// Products of one to three rows, as in decoding: w is read once, as it lies in memory, and nothing is packed.
import { madd, storeLanes, sumLanes } from './vector.ts';

/** y = x·w with w [inner, columns]: rows of w stream by, four at a time, into sums that stay in y. Strides in bytes. */
export function fewRows(
  x: usize,
  xStride: usize,
  w: usize,
  wStride: usize,
  rows: i32,
  columns: i32,
  inner: i32,
  y: usize,
  yStride: usize,
  bias: usize,
  residual: usize,
  residualStride: usize,
  accumulate: i32,
): void {
  for (let r = 0; r < rows; r++) {
    const yRow = y + <usize>r * yStride;
    start(yRow, columns, bias, residual ? residual + <usize>r * residualStride : 0, accumulate);
    let factors = x + <usize>r * xStride;
    let row = w;
    let k = 0;
    for (; k + 4 <= inner; k += 4) {
      const f0 = v128.load_splat<f32>(factors);
      const f1 = v128.load_splat<f32>(factors, 4);
      const f2 = v128.load_splat<f32>(factors, 8);
      const f3 = v128.load_splat<f32>(factors, 12);
      const row1 = row + wStride;
      const row2 = row1 + wStride;
      const row3 = row2 + wStride;
      for (let c = 0; c < columns; c += 4) {
        const at = (<usize>c) << 2;
        let sum = madd(f0, v128.load(row + at), v128.load(yRow + at));
        sum = madd(f1, v128.load(row1 + at), sum);
        sum = madd(f2, v128.load(row2 + at), sum);
        sum = madd(f3, v128.load(row3 + at), sum);
        storeLanes(yRow + at, sum, columns - c);
      }
      factors += 16;
      row = row3 + wStride;
    }
    for (; k < inner; k++) {
      const f0 = v128.load_splat<f32>(factors);
      for (let c = 0; c < columns; c += 4) {
        const at = (<usize>c) << 2;
        storeLanes(yRow + at, madd(f0, v128.load(row + at), v128.load(yRow + at)), columns - c);
      }
      factors += 4;
      row += wStride;
    }
  }
}

/** y = x·wᵀ with w [columns, inner]: a dot product a column. Strides in bytes. */
export function fewColumns(
  x: usize,
  xStride: usize,
  w: usize,
  wStride: usize,
  rows: i32,
  columns: i32,
  inner: i32,
  y: usize,
  yStride: usize,
  bias: usize,
  residual: usize,
  residualStride: usize,
  accumulate: i32,
): void {
  for (let r = 0; r < rows; r++) {
    const yRow = y + <usize>r * yStride;
    const xRow = x + <usize>r * xStride;
    start(yRow, columns, bias, residual ? residual + <usize>r * residualStride : 0, accumulate);
    for (let c = 0; c < columns; c++) {
      const at = yRow + ((<usize>c) << 2);
      f32.store(at, f32.load(at) + dot(xRow, w + <usize>c * wStride, inner));
    }
  }
}

/** Σ a[k] · b[k], in four chains. */
export function dot(a: usize, b: usize, count: i32): f32 {
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  let k = 0;
  for (; k + 16 <= count; k += 16) {
    s0 = madd(v128.load(a), v128.load(b), s0);
    s1 = madd(v128.load(a, 16), v128.load(b, 16), s1);
    s2 = madd(v128.load(a, 32), v128.load(b, 32), s2);
    s3 = madd(v128.load(a, 48), v128.load(b, 48), s3);
    a += 64;
    b += 64;
  }
  for (; k + 4 <= count; k += 4) {
    s0 = madd(v128.load(a), v128.load(b), s0);
    a += 16;
    b += 16;
  }
  let sum = sumLanes(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
  for (; k < count; k++) {
    sum += f32.load(a) * f32.load(b);
    a += 4;
    b += 4;
  }
  return sum;
}

/** What a row of y starts from. */
function start(y: usize, columns: i32, bias: usize, residual: usize, accumulate: i32): void {
  for (let c: usize = 0; c < (<usize>columns) << 2; c += 4) {
    let sum: f32 = accumulate ? f32.load(y + c) : 0;
    if (bias) sum += f32.load(bias + c);
    if (residual) sum += f32.load(residual + c);
    f32.store(y + c, sum);
  }
}
