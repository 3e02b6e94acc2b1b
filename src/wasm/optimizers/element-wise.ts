// AdamW, SGD and Lion over a flat shard of parameters. A step that is not finite changes nothing but the gradients to clear.
import { grain, grains } from '../numeric/grain.ts';
import { clipFactor, isUsable } from '../numeric/metrics.ts';
import { firstLanes, madd, storeLanes } from '../numeric/vector.ts';

/** Decoupled decay; epsilon outside the root, after bias correction. rate1 = 1 − β₁, rate2 = 1 − β₂. */
export function adamW(
  weights: usize,
  gradients: usize,
  moment1: usize,
  moment2: usize,
  metrics: usize,
  elements: i32,
  decayElements: i32,
  rate1: f32,
  rate2: f32,
  epsilon: f32,
  weightDecay: f32,
  clearGradient: i32,
  learningRate: f32,
  biasCorrection1: f32,
  biasCorrection2: f32,
  first: i32,
  last: i32,
): void {
  const end = min(last * grain, elements);
  const changes = isUsable(metrics);
  const factor = f32x4.splat(clipFactor(metrics));
  const rates1 = f32x4.splat(rate1);
  const rates2 = f32x4.splat(rate2);
  const decay = f32x4.splat(1 - learningRate * weightDecay);
  const step = f32x4.splat(learningRate / biasCorrection1);
  const correction = f32x4.splat(1 / biasCorrection2);
  for (let i = first * grain; i < end; i += 4) {
    const at = (<usize>i) << 2;
    if (changes) {
      const gradient = f32x4.mul(v128.load(gradients + at), factor);
      const before1 = v128.load(moment1 + at);
      const before2 = v128.load(moment2 + at);
      const m1 = madd(rates1, f32x4.sub(gradient, before1), before1);
      const m2 = madd(rates2, f32x4.sub(f32x4.mul(gradient, gradient), before2), before2);
      storeLanes(moment1 + at, m1, end - i);
      storeLanes(moment2 + at, m2, end - i);
      const denominator = f32x4.add(f32x4.sqrt(f32x4.mul(m2, correction)), f32x4.splat(epsilon));
      const change = f32x4.mul(step, f32x4.div(m1, denominator));
      const kept = decayed(v128.load(weights + at), decay, decayElements - i);
      storeLanes(weights + at, f32x4.sub(kept, change), end - i);
    }
    if (clearGradient) storeLanes(gradients + at, f32x4.splat(0), end - i);
  }
}

/** Units of work. */
export function adamWUnits(elements: i32): i32 {
  return grains(elements);
}

/** Momentum; decay is added to the gradient. moment1 is the velocity. */
export function sgd(
  weights: usize,
  gradients: usize,
  moment1: usize,
  metrics: usize,
  elements: i32,
  decayElements: i32,
  momentum: f32,
  weightDecay: f32,
  clearGradient: i32,
  learningRate: f32,
  first: i32,
  last: i32,
): void {
  const end = min(last * grain, elements);
  const changes = isUsable(metrics);
  const factor = f32x4.splat(clipFactor(metrics));
  const zero = f32x4.splat(0);
  for (let i = first * grain; i < end; i += 4) {
    const at = (<usize>i) << 2;
    if (changes) {
      const weight = v128.load(weights + at);
      const decay = firstLanes(f32x4.mul(f32x4.splat(weightDecay), weight), zero, decayElements - i);
      let velocity = madd(v128.load(gradients + at), factor, decay);
      velocity = madd(f32x4.splat(momentum), v128.load(moment1 + at), velocity);
      storeLanes(moment1 + at, velocity, end - i);
      storeLanes(weights + at, f32x4.sub(weight, f32x4.mul(f32x4.splat(learningRate), velocity)), end - i);
    }
    if (clearGradient) storeLanes(gradients + at, zero, end - i);
  }
}

/** Units of work. */
export function sgdUnits(elements: i32): i32 {
  return grains(elements);
}

/** Lion: m·β₁ + g·(1 − β₁) says by its signs where to go. rate1 = 1 − β₁, rate2 = 1 − β₂. */
export function lion(
  weights: usize,
  gradients: usize,
  moment1: usize,
  metrics: usize,
  elements: i32,
  decayElements: i32,
  rate1: f32,
  rate2: f32,
  weightDecay: f32,
  clearGradient: i32,
  learningRate: f32,
  first: i32,
  last: i32,
): void {
  const end = min(last * grain, elements);
  const changes = isUsable(metrics);
  const factor = f32x4.splat(clipFactor(metrics));
  const zero = f32x4.splat(0);
  const decay = f32x4.splat(1 - learningRate * weightDecay);
  const step = f32x4.splat(learningRate);
  for (let i = first * grain; i < end; i += 4) {
    const at = (<usize>i) << 2;
    if (changes) {
      const before = v128.load(moment1 + at);
      const change = f32x4.sub(f32x4.mul(v128.load(gradients + at), factor), before);
      const direction = madd(change, f32x4.splat(rate1), before);
      // The step with the direction's sign: of zero there is none.
      const signed = v128.bitselect(direction, step, f32x4.splat(-0.0));
      const move = v128.and(signed, f32x4.ne(direction, zero));
      const kept = decayed(v128.load(weights + at), decay, decayElements - i);
      storeLanes(weights + at, f32x4.sub(kept, move), end - i);
      storeLanes(moment1 + at, madd(change, f32x4.splat(rate2), before), end - i);
    }
    if (clearGradient) storeLanes(gradients + at, zero, end - i);
  }
}

/** Units of work. */
export function lionUnits(elements: i32): i32 {
  return grains(elements);
}

/** Weights of which the first `count` decay. */
function decayed(weights: v128, decay: v128, count: i32): v128 {
  return firstLanes(f32x4.mul(weights, decay), weights, count);
}
