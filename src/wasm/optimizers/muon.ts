// What Muon does around its products: momentum of a matrix inside a parameter, its norm, the polynomial and the update.
import { grain, grains } from '../numeric/grain.ts';
import { clipFactor, isUsable } from '../numeric/metrics.ts';
import { madd, storeLanes } from '../numeric/vector.ts';

/** m += (1 − β)(g − m); x = g + β(m − g), packed; 0 in a step that is not finite. */
export function muonMomentum(
  metrics: usize,
  gradients: usize,
  moment1: usize,
  x: usize,
  columns: i32,
  stride: i32,
  firstElement: i32,
  momentum: f32,
  clearGradient: i32,
  first: i32,
  last: i32,
): void {
  const changes = isUsable(metrics);
  const factor = f32x4.splat(clipFactor(metrics));
  const zero = f32x4.splat(0);
  const kept = f32x4.splat(momentum);
  const added = f32x4.splat(1 - momentum);
  for (let row = first; row < last; row++) {
    const from = (<usize>(firstElement + row * stride)) << 2;
    const to = x + ((<usize>(row * columns)) << 2);
    for (let c = 0; c < columns; c += 4) {
      const at = (<usize>c) << 2;
      const place = from + at;
      let direction = zero;
      if (changes) {
        const gradient = f32x4.mul(v128.load(gradients + place), factor);
        const before = v128.load(moment1 + place);
        const moment = madd(added, f32x4.sub(gradient, before), before);
        storeLanes(moment1 + place, moment, columns - c);
        direction = madd(kept, f32x4.sub(moment, gradient), gradient);
      }
      storeLanes(to + at, direction, columns - c);
      if (clearGradient) storeLanes(gradients + place, zero, columns - c);
    }
  }
}

/** Units of work: rows. */
export function muonMomentumUnits(rows: i32): i32 {
  return rows;
}

/** x ÷ (‖x‖ + 1e-7) in place, from the sums of squares. */
export function muonNormalise(
  squares: usize,
  x: usize,
  rows: i32,
  columns: i32,
  groups: i32,
  first: i32,
  last: i32,
): void {
  let sum: f32 = 0;
  for (let group = 0; group < groups; group++) sum += f32.load(squares + ((<usize>group) << 2));
  const factor = f32x4.splat(1 / (sqrt<f32>(sum) + 1e-7));
  const end = min(last * grain, rows * columns);
  for (let i = first * grain; i < end; i += 4) {
    const at = x + ((<usize>i) << 2);
    storeLanes(at, f32x4.mul(v128.load(at), factor), end - i);
  }
}

/** Units of work. */
export function muonNormaliseUnits(rows: i32, columns: i32): i32 {
  return grains(rows * columns);
}

/** y = constant · 1 + linear · s + square · y; all [columns, columns]. */
export function muonPolynomial(
  s: usize,
  y: usize,
  columns: i32,
  constant: f32,
  linear: f32,
  square: f32,
  first: i32,
  last: i32,
): void {
  const bytes = (<usize>columns) << 2;
  for (let row = first; row < last; row++) {
    const from = s + <usize>row * bytes;
    const to = y + <usize>row * bytes;
    for (let c = 0; c < columns; c += 4) {
      const at = (<usize>c) << 2;
      const scaled = f32x4.mul(f32x4.splat(square), v128.load(to + at));
      storeLanes(to + at, madd(f32x4.splat(linear), v128.load(from + at), scaled), columns - c);
    }
    const diagonal = to + ((<usize>row) << 2);
    f32.store(diagonal, f32.load(diagonal) + constant);
  }
}

/** Units of work: rows. */
export function muonPolynomialUnits(columns: i32): i32 {
  return columns;
}

/** w = w·(1 − η·decay) − η·scale·update with η = rate · learning rate; nothing in a step that is not finite. */
export function muonApply(
  metrics: usize,
  update: usize,
  weights: usize,
  columns: i32,
  stride: i32,
  firstElement: i32,
  rate: f32,
  scale: f32,
  weightDecay: f32,
  learningRate: f32,
  first: i32,
  last: i32,
): void {
  if (!isUsable(metrics)) return;
  const step = learningRate * rate;
  const kept = f32x4.splat(1 - step * weightDecay);
  const change = f32x4.splat(-step * scale);
  for (let row = first; row < last; row++) {
    const to = weights + ((<usize>(firstElement + row * stride)) << 2);
    const from = update + ((<usize>(row * columns)) << 2);
    for (let c = 0; c < columns; c += 4) {
      const at = (<usize>c) << 2;
      const weight = f32x4.mul(v128.load(to + at), kept);
      storeLanes(to + at, madd(change, v128.load(from + at), weight), columns - c);
    }
  }
}

/** Units of work: rows. */
export function muonApplyUnits(rows: i32): i32 {
  return rows;
}
