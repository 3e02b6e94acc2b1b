// Activations and their slopes by the number that the kernels' `kind` gives them.
import { exponential, normalShare, sigmoid } from './functions.ts';
import { madd } from './vector.ts';

/** Kinds that are computed here; of a later one the reference runs. */
export const activationKinds: i32 = 6;

const rootTwoOverPi: f32 = 0.7978845608;
const cubic: f32 = 0.044715;
const quickFactor: f32 = 1.702;

/** f(x). */
export function activate(kind: i32, x: v128): v128 {
  const zero = f32x4.splat(0);
  if (kind === 0) return f32x4.mul(x, sigmoid(doubledInner(x)));
  if (kind === 1) return f32x4.mul(x, normalShare(x));
  if (kind === 2) return f32x4.mul(x, sigmoid(x));
  if (kind === 5) return f32x4.mul(x, sigmoid(f32x4.mul(x, f32x4.splat(quickFactor))));
  const positive = f32x4.max(x, zero);
  return kind === 3 ? positive : f32x4.mul(positive, positive);
}

/** f′(x). */
export function slopeOf(kind: i32, x: v128): v128 {
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  if (kind === 0) {
    const s = sigmoid(doubledInner(x));
    const inner = madd(
      f32x4.mul(x, x),
      f32x4.splat(6 * rootTwoOverPi * cubic),
      f32x4.splat(2 * rootTwoOverPi),
    );
    // What vanishes for large numbers first: their cubes leave the range before they do, and infinity times 0 is no number.
    const bend = f32x4.mul(f32x4.mul(s, f32x4.sub(one, s)), x);
    return madd(bend, inner, s);
  }
  if (kind === 1) {
    const density = exponential(f32x4.mul(f32x4.mul(x, x), f32x4.splat(-0.5)));
    return madd(f32x4.mul(x, density), f32x4.splat(0.3989422804), normalShare(x));
  }
  if (kind === 2) {
    const s = sigmoid(x);
    return f32x4.mul(s, madd(x, f32x4.sub(one, s), one));
  }
  if (kind === 5) {
    const scaled = f32x4.mul(x, f32x4.splat(quickFactor));
    const s = sigmoid(scaled);
    return f32x4.mul(s, madd(scaled, f32x4.sub(one, s), one));
  }
  if (kind === 3) return v128.and(f32x4.gt(x, zero), one);
  const positive = f32x4.max(x, zero);
  return f32x4.add(positive, positive);
}

/** 2 √(2/π) · (x + 0.044715 x³): ½ (1 + tanh y) is the sigmoid of 2y. */
function doubledInner(x: v128): v128 {
  const factor = madd(
    f32x4.mul(x, x),
    f32x4.splat(2 * rootTwoOverPi * cubic),
    f32x4.splat(2 * rootTwoOverPi),
  );
  return f32x4.mul(x, factor);
}
