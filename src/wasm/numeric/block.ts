// The innermost product: four rows of x against one panel of eight columns, all sums in registers.
import { madd } from './vector.ts';

/** Eight zeros that nobody writes: where a block's sums begin that nothing is added to. */
export const zeros = memory.data(32, 16);

/**
 * y[r] = initial[r] + Σ over k of x_r[k] · panel[k] for four rows of eight columns. x is read as it lies.
 * @param inner length of the sum; 0 copies
 * @param yStride, initialStride bytes from one row to the next; a stride of 0 gives every row the same start
 */
export function multiplyBlock(
  x0: usize,
  x1: usize,
  x2: usize,
  x3: usize,
  panel: usize,
  inner: i32,
  y: usize,
  yStride: usize,
  initial: usize,
  initialStride: usize,
): void {
  multiplyPairs(x0, x1, x2, x3, panel, inner, y, yStride, initial, initialStride);
  if (inner & 1) {
    const k = (<usize>(inner - 1)) << 2;
    addLast(x0 + k, x1 + k, x2 + k, x3 + k, panel + (k << 3), y, yStride);
  }
}

/**
 * The sum over an even number of inner indices. Eight sums, two vectors of columns and one factor are as many values as
 * x86's registers hold; a branch for an odd end in here makes V8 keep the sums in memory, at half the speed.
 */
function multiplyPairs(
  x0: usize,
  x1: usize,
  x2: usize,
  x3: usize,
  panel: usize,
  inner: i32,
  y: usize,
  yStride: usize,
  initial: usize,
  initialStride: usize,
): void {
  let a0 = v128.load(initial);
  let b0 = v128.load(initial, 16);
  initial += initialStride;
  let a1 = v128.load(initial);
  let b1 = v128.load(initial, 16);
  initial += initialStride;
  let a2 = v128.load(initial);
  let b2 = v128.load(initial, 16);
  initial += initialStride;
  let a3 = v128.load(initial);
  let b3 = v128.load(initial, 16);
  // Two steps a turn: more make V8 spill, one leaves too many address additions.
  for (let k = 0; k < inner - 1; k += 2) {
    let wa = v128.load(panel);
    let wb = v128.load(panel, 16);
    let factor = v128.load_splat<f32>(x0);
    a0 = madd(factor, wa, a0);
    b0 = madd(factor, wb, b0);
    factor = v128.load_splat<f32>(x1);
    a1 = madd(factor, wa, a1);
    b1 = madd(factor, wb, b1);
    factor = v128.load_splat<f32>(x2);
    a2 = madd(factor, wa, a2);
    b2 = madd(factor, wb, b2);
    factor = v128.load_splat<f32>(x3);
    a3 = madd(factor, wa, a3);
    b3 = madd(factor, wb, b3);
    wa = v128.load(panel, 32);
    wb = v128.load(panel, 48);
    factor = v128.load_splat<f32>(x0, 4);
    a0 = madd(factor, wa, a0);
    b0 = madd(factor, wb, b0);
    factor = v128.load_splat<f32>(x1, 4);
    a1 = madd(factor, wa, a1);
    b1 = madd(factor, wb, b1);
    factor = v128.load_splat<f32>(x2, 4);
    a2 = madd(factor, wa, a2);
    b2 = madd(factor, wb, b2);
    factor = v128.load_splat<f32>(x3, 4);
    a3 = madd(factor, wa, a3);
    b3 = madd(factor, wb, b3);
    x0 += 8;
    x1 += 8;
    x2 += 8;
    x3 += 8;
    panel += 64;
  }
  v128.store(y, a0);
  v128.store(y, b0, 16);
  y += yStride;
  v128.store(y, a1);
  v128.store(y, b1, 16);
  y += yStride;
  v128.store(y, a2);
  v128.store(y, b2, 16);
  y += yStride;
  v128.store(y, a3);
  v128.store(y, b3, 16);
}

/** y[r] += x_r · panel for one inner index: the last of an odd number. */
function addLast(x0: usize, x1: usize, x2: usize, x3: usize, panel: usize, y: usize, yStride: usize): void {
  const wa = v128.load(panel);
  const wb = v128.load(panel, 16);
  for (let r = 0; r < 4; r++) {
    const factor = v128.load_splat<f32>(x0);
    v128.store(y, madd(factor, wa, v128.load(y)));
    v128.store(y, madd(factor, wb, v128.load(y, 16)), 16);
    x0 = x1;
    x1 = x2;
    x2 = x3;
    y += yStride;
  }
}
