// Products of one to three rows, as in decoding: w is read once, as it lies in memory, and nothing is packed.
import { madd, storeLanes, sumLanes } from './vector.ts';

/** y = x·w with w [inner, columns]: rows of w stream by, eight at a time, into sums that stay in y. Strides in bytes. */
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
    const whole = yRow + ((<usize>(columns & ~3)) << 2);
    let k = 0;
    for (; k + 8 <= inner; k += 8) {
      const f0 = v128.load_splat<f32>(factors);
      const f1 = v128.load_splat<f32>(factors, 4);
      const f2 = v128.load_splat<f32>(factors, 8);
      const f3 = v128.load_splat<f32>(factors, 12);
      const f4 = v128.load_splat<f32>(factors, 16);
      const f5 = v128.load_splat<f32>(factors, 20);
      const f6 = v128.load_splat<f32>(factors, 24);
      const f7 = v128.load_splat<f32>(factors, 28);
      let w0 = row;
      let w1 = w0 + wStride;
      let w2 = w1 + wStride;
      let w3 = w2 + wStride;
      let w4 = w3 + wStride;
      let w5 = w4 + wStride;
      let w6 = w5 + wStride;
      let w7 = w6 + wStride;
      let to = yRow;
      for (; to < whole; to += 16) {
        let sum = madd(f0, v128.load(w0), v128.load(to));
        sum = madd(f1, v128.load(w1), sum);
        sum = madd(f2, v128.load(w2), sum);
        sum = madd(f3, v128.load(w3), sum);
        sum = madd(f4, v128.load(w4), sum);
        sum = madd(f5, v128.load(w5), sum);
        sum = madd(f6, v128.load(w6), sum);
        sum = madd(f7, v128.load(w7), sum);
        v128.store(to, sum);
        w0 += 16;
        w1 += 16;
        w2 += 16;
        w3 += 16;
        w4 += 16;
        w5 += 16;
        w6 += 16;
        w7 += 16;
      }
      if (columns & 3) {
        let sum = madd(f0, v128.load(w0), v128.load(to));
        sum = madd(f1, v128.load(w1), sum);
        sum = madd(f2, v128.load(w2), sum);
        sum = madd(f3, v128.load(w3), sum);
        sum = madd(f4, v128.load(w4), sum);
        sum = madd(f5, v128.load(w5), sum);
        sum = madd(f6, v128.load(w6), sum);
        sum = madd(f7, v128.load(w7), sum);
        storeLanes(to, sum, columns & 3);
      }
      factors += 32;
      row += wStride << 3;
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
