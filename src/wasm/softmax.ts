// Row softmax, forward and backward.
import { exponential } from './numeric/functions.ts';
import { firstLanes, largestLane, madd, storeLanes, sumLanes } from './numeric/vector.ts';

/** y[r, ·] = softmax(x[r, ·]). */
export function softmaxForward(x: usize, y: usize, columns: i32, first: i32, last: i32): void {
  const bytes = (<usize>columns) << 2;
  const lowest = f32x4.splat(-Infinity);
  for (let row = first; row < last; row++) {
    const from = x + <usize>row * bytes;
    const to = y + <usize>row * bytes;
    let most = lowest;
    for (let c = 0; c < columns; c += 4)
      most = f32x4.max(most, firstLanes(v128.load(from + ((<usize>c) << 2)), lowest, columns - c));
    const largest = f32x4.splat(largestLane(most));
    let total = f32x4.splat(0);
    for (let c = 0; c < columns; c += 4) {
      const at = (<usize>c) << 2;
      const value = exponential(f32x4.sub(firstLanes(v128.load(from + at), lowest, columns - c), largest));
      total = f32x4.add(total, value);
      storeLanes(to + at, value, columns - c);
    }
    const factor = f32x4.splat(1 / sumLanes(total));
    for (let c = 0; c < columns; c += 4) {
      const at = to + ((<usize>c) << 2);
      storeLanes(at, f32x4.mul(v128.load(at), factor), columns - c);
    }
  }
}

/** Units of work: rows. */
export function softmaxForwardUnits(rows: i32): i32 {
  return rows;
}

/** dx = output ∘ (dy − Σ dy ∘ output) (+ dx) per row. */
export function softmaxBackward(
  output: usize,
  dy: usize,
  dx: usize,
  columns: i32,
  accumulate: i32,
  first: i32,
  last: i32,
): void {
  const bytes = (<usize>columns) << 2;
  const zero = f32x4.splat(0);
  for (let row = first; row < last; row++) {
    const base = <usize>row * bytes;
    let products = zero;
    for (let c = 0; c < columns; c += 4) {
      const at = base + ((<usize>c) << 2);
      products = f32x4.add(
        products,
        firstLanes(f32x4.mul(v128.load(output + at), v128.load(dy + at)), zero, columns - c),
      );
    }
    const dot = f32x4.splat(sumLanes(products));
    for (let c = 0; c < columns; c += 4) {
      const at = base + ((<usize>c) << 2);
      const before = accumulate ? v128.load(dx + at) : zero;
      storeLanes(
        dx + at,
        madd(v128.load(output + at), f32x4.sub(v128.load(dy + at), dot), before),
        columns - c,
      );
    }
  }
}

/** Units of work: rows. */
export function softmaxBackwardUnits(rows: i32): i32 {
  return rows;
}
