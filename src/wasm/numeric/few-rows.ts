// Products of one to three rows, as in decoding: w is read once, as it lies in memory, and nothing is packed. What limits them
// is how many reads of memory are under way: processors fetch ahead along each of several streams, so w is read in several
// places at a time.
import { madd, storeLanes, sumEach, sumLanes } from './vector.ts';

/**
 * y = x·w with w [inner, columns]: rows of w stream by, four at a time, into sums that stay in y. Strides in bytes.
 * @param isSpread the four rows lie a quarter of the inner size apart, which is quicker where whole rows of w are read; else
 *   they are neighbours
 */
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
  isSpread: bool,
): void {
  start(y, yStride, rows, columns, bias, residual, residualStride, accumulate);
  const turns = inner >> 2;
  const apart: usize = isSpread ? turns : 1;
  const next: usize = isSpread ? 1 : 4;
  for (let turn: usize = 0; turn < <usize>turns; turn++) {
    const rowsAt = w + turn * next * wStride;
    const factorsAt = x + ((turn * next) << 2);
    // All rows of x meet these of w while they are in the cache.
    for (let r = 0; r < rows; r++) {
      const factors = factorsAt + <usize>r * xStride;
      addFourRows(factors, apart << 2, rowsAt, apart * wStride, columns, y + <usize>r * yStride);
    }
  }
  for (let k = turns << 2; k < inner; k++) {
    const row = w + <usize>k * wStride;
    for (let r = 0; r < rows; r++) {
      const factor = v128.load_splat<f32>(x + <usize>r * xStride + ((<usize>k) << 2));
      const yRow = y + <usize>r * yStride;
      for (let c = 0; c < columns; c += 4) {
        const at = (<usize>c) << 2;
        storeLanes(yRow + at, madd(factor, v128.load(row + at), v128.load(yRow + at)), columns - c);
      }
    }
  }
}

/** y += Σ factor · row of w over four rows, `wApart` bytes apart. */
function addFourRows(x: usize, xApart: usize, w: usize, wApart: usize, columns: i32, y: usize): void {
  const f0 = v128.load_splat<f32>(x);
  const f1 = v128.load_splat<f32>(x + xApart);
  const f2 = v128.load_splat<f32>(x + 2 * xApart);
  const f3 = v128.load_splat<f32>(x + 3 * xApart);
  let w0 = w;
  let w1 = w0 + wApart;
  let w2 = w1 + wApart;
  let w3 = w2 + wApart;
  const pairs = y + ((<usize>(columns & ~7)) << 2);
  for (; y < pairs; y += 32) {
    let even = madd(f0, v128.load(w0), v128.load(y));
    let odd = madd(f0, v128.load(w0, 16), v128.load(y, 16));
    even = madd(f1, v128.load(w1), even);
    odd = madd(f1, v128.load(w1, 16), odd);
    even = madd(f2, v128.load(w2), even);
    odd = madd(f2, v128.load(w2, 16), odd);
    even = madd(f3, v128.load(w3), even);
    odd = madd(f3, v128.load(w3, 16), odd);
    v128.store(y, even);
    v128.store(y, odd, 16);
    w0 += 32;
    w1 += 32;
    w2 += 32;
    w3 += 32;
  }
  for (let left = columns & 7; left > 0; left -= 4) {
    let sum = madd(f0, v128.load(w0), v128.load(y));
    sum = madd(f1, v128.load(w1), sum);
    sum = madd(f2, v128.load(w2), sum);
    sum = madd(f3, v128.load(w3), sum);
    storeLanes(y, sum, left);
    y += 16;
    w0 += 16;
    w1 += 16;
    w2 += 16;
    w3 += 16;
  }
}

/** y = x·wᵀ with w [columns, inner]: a dot product a column, four at a time, a quarter of the columns apart. Strides in bytes. */
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
  start(y, yStride, rows, columns, bias, residual, residualStride, accumulate);
  const apart = columns >> 2;
  const wApart = <usize>apart * wStride;
  const yApart = (<usize>apart) << 2;
  for (let c = 0; c < apart; c++) {
    const row = w + <usize>c * wStride;
    for (let r = 0; r < rows; r++) {
      const sums = dotEach(x + <usize>r * xStride, row, wApart, inner);
      const at = y + <usize>r * yStride + ((<usize>c) << 2);
      f32.store(at, f32.load(at) + f32x4.extract_lane(sums, 0));
      f32.store(at + yApart, f32.load(at + yApart) + f32x4.extract_lane(sums, 1));
      f32.store(at + 2 * yApart, f32.load(at + 2 * yApart) + f32x4.extract_lane(sums, 2));
      f32.store(at + 3 * yApart, f32.load(at + 3 * yApart) + f32x4.extract_lane(sums, 3));
    }
  }
  for (let c = apart << 2; c < columns; c++) {
    for (let r = 0; r < rows; r++) {
      const at = y + <usize>r * yStride + ((<usize>c) << 2);
      f32.store(at, f32.load(at) + dot(x + <usize>r * xStride, w + <usize>c * wStride, inner));
    }
  }
}

/** Σ a[k] · b[k] with each of four rows of b, in the order of `dot`: a column's bits do not depend on how columns are cut. */
function dotEach(a: usize, b: usize, apart: usize, count: i32): v128 {
  const zero = f32x4.splat(0);
  let even0 = zero;
  let even1 = zero;
  let even2 = zero;
  let even3 = zero;
  let odd0 = zero;
  let odd1 = zero;
  let odd2 = zero;
  let odd3 = zero;
  let b1 = b + apart;
  let b2 = b1 + apart;
  let b3 = b2 + apart;
  let k = 0;
  for (; k + 8 <= count; k += 8) {
    const first = v128.load(a);
    const second = v128.load(a, 16);
    even0 = madd(first, v128.load(b), even0);
    even1 = madd(first, v128.load(b1), even1);
    even2 = madd(first, v128.load(b2), even2);
    even3 = madd(first, v128.load(b3), even3);
    odd0 = madd(second, v128.load(b, 16), odd0);
    odd1 = madd(second, v128.load(b1, 16), odd1);
    odd2 = madd(second, v128.load(b2, 16), odd2);
    odd3 = madd(second, v128.load(b3, 16), odd3);
    a += 32;
    b += 32;
    b1 += 32;
    b2 += 32;
    b3 += 32;
  }
  for (; k + 4 <= count; k += 4) {
    const first = v128.load(a);
    even0 = madd(first, v128.load(b), even0);
    even1 = madd(first, v128.load(b1), even1);
    even2 = madd(first, v128.load(b2), even2);
    even3 = madd(first, v128.load(b3), even3);
    a += 16;
    b += 16;
    b1 += 16;
    b2 += 16;
    b3 += 16;
  }
  let sums = sumEach(
    f32x4.add(even0, odd0),
    f32x4.add(even1, odd1),
    f32x4.add(even2, odd2),
    f32x4.add(even3, odd3),
  );
  for (; k < count; k++) {
    const column = f32x4(f32.load(b), f32.load(b1), f32.load(b2), f32.load(b3));
    sums = f32x4.add(sums, f32x4.mul(v128.load_splat<f32>(a), column));
    a += 4;
    b += 4;
    b1 += 4;
    b2 += 4;
    b3 += 4;
  }
  return sums;
}

/** Σ a[k] · b[k], in two chains. */
export function dot(a: usize, b: usize, count: i32): f32 {
  let even = f32x4.splat(0);
  let odd = even;
  let k = 0;
  for (; k + 8 <= count; k += 8) {
    even = madd(v128.load(a), v128.load(b), even);
    odd = madd(v128.load(a, 16), v128.load(b, 16), odd);
    a += 32;
    b += 32;
  }
  for (; k + 4 <= count; k += 4) {
    even = madd(v128.load(a), v128.load(b), even);
    a += 16;
    b += 16;
  }
  let sum = sumLanes(f32x4.add(even, odd));
  for (; k < count; k++) {
    sum += f32.load(a) * f32.load(b);
    a += 4;
    b += 4;
  }
  return sum;
}

/** What rows of y start from. */
function start(
  y: usize,
  yStride: usize,
  rows: i32,
  columns: i32,
  bias: usize,
  residual: usize,
  residualStride: usize,
  accumulate: i32,
): void {
  for (let r = 0; r < rows; r++) {
    for (let c: usize = 0; c < (<usize>columns) << 2; c += 4) {
      let sum: f32 = accumulate ? f32.load(y + c) : 0;
      if (bias) sum += f32.load(bias + c);
      if (residual) sum += f32.load(residual + c);
      f32.store(y + c, sum);
    }
    y += yStride;
    if (residual) residual += residualStride;
  }
}
