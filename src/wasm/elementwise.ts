// Sums, scales, copies and caps element by element.
import { hyperbolicTangent } from './numeric/functions.ts';
import { grain, grains } from './numeric/grain.ts';
import { madd, storeLanes } from './numeric/vector.ts';

/** y = a (+ b) (+ y). */
export function add(
  a: usize,
  b: usize,
  y: usize,
  elements: i32,
  hasB: i32,
  accumulate: i32,
  first: i32,
  last: i32,
): void {
  const end = min(last * grain, elements);
  for (let i = first * grain; i < end; i += 4) {
    const at = (<usize>i) << 2;
    let sum = v128.load(a + at);
    if (hasB) sum = f32x4.add(sum, v128.load(b + at));
    if (accumulate) sum = f32x4.add(sum, v128.load(y + at));
    storeLanes(y + at, sum, end - i);
  }
}

/** Units of work. */
export function addUnits(elements: i32): i32 {
  return grains(elements);
}

/** y = factor · x (+ residual) (+ y). */
export function scale(
  x: usize,
  residual: usize,
  y: usize,
  elements: i32,
  factor: f32,
  hasResidual: i32,
  accumulate: i32,
  first: i32,
  last: i32,
): void {
  const end = min(last * grain, elements);
  const factors = f32x4.splat(factor);
  for (let i = first * grain; i < end; i += 4) {
    const at = (<usize>i) << 2;
    let sum = hasResidual ? v128.load(residual + at) : f32x4.splat(0);
    if (accumulate) sum = f32x4.add(sum, v128.load(y + at));
    storeLanes(y + at, madd(factors, v128.load(x + at), sum), end - i);
  }
}

/** Units of work. */
export function scaleUnits(elements: i32): i32 {
  return grains(elements);
}

/** y = x. */
export function copy(x: usize, y: usize, vectors: i32, first: i32, last: i32): void {
  const start = <usize>first * grain * 4;
  const end = <usize>min(last * grain, vectors * 4) * 4;
  memory.copy(y + start, x + start, end - start);
}

/** Units of work. */
export function copyUnits(vectors: i32): i32 {
  return grains(4 * vectors);
}

/** logits = softcap · tanh(logits ÷ softcap). */
export function softcap(logits: usize, elements: i32, softcap: f32, first: i32, last: i32): void {
  const end = min(last * grain, elements);
  const cap = f32x4.splat(softcap);
  for (let i = first * grain; i < end; i += 4) {
    const at = logits + ((<usize>i) << 2);
    storeLanes(at, f32x4.mul(cap, hyperbolicTangent(f32x4.div(v128.load(at), cap))), end - i);
  }
}

/** Units of work. */
export function softcapUnits(elements: i32): i32 {
  return grains(elements);
}

/** y[n, yColumn + c] = factor · x[n, xColumn + c] (+ y). */
export function columns(
  x: usize,
  y: usize,
  columns: i32,
  xStride: i32,
  xColumn: i32,
  yStride: i32,
  yColumn: i32,
  factor: f32,
  accumulate: i32,
  first: i32,
  last: i32,
): void {
  const factors = f32x4.splat(factor);
  for (let row = first; row < last; row++) {
    const from = x + ((<usize>(row * xStride + xColumn)) << 2);
    const to = y + ((<usize>(row * yStride + yColumn)) << 2);
    for (let c = 0; c < columns; c += 4) {
      const at = (<usize>c) << 2;
      const sum = accumulate ? v128.load(to + at) : f32x4.splat(0);
      storeLanes(to + at, madd(factors, v128.load(from + at), sum), columns - c);
    }
  }
}

/** Units of work: rows. */
export function columnsUnits(rows: i32): i32 {
  return rows;
}
