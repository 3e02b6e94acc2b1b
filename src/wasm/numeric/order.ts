// Orders of numbers: the first of the largest, and the threshold from which on there is as much as is wanted.
import { largestLane } from './vector.ts';

/** Place of the largest of `count` numbers, the first of equals; one that is no number is never the largest. */
export function firstLargest(x: usize, count: i32): i32 {
  const whole = count & ~3;
  let most = f32x4.splat(-Infinity);
  for (let i = 0; i < whole; i += 4) most = f32x4.pmax(most, v128.load(x + ((<usize>i) << 2)));
  let value = largestLane(most);
  for (let i = whole; i < count; i++) {
    const other = f32.load(x + ((<usize>i) << 2));
    if (other > value) value = other;
  }
  for (let i = 0; i < count; i++) if (f32.load(x + ((<usize>i) << 2)) === value) return i;
  return 0;
}

/** Bits that order, as signed integers, as the numbers do; 0 and −0 are one number. */
export function orderOf(x: v128): v128 {
  const bits = v128.andnot(x, f32x4.eq(x, f32x4.splat(0)));
  return v128.xor(bits, i32x4.shr_u(i32x4.shr_s(bits, 31), 1));
}

/** The largest order from which on there are at least `wanted` of `count` numbers; the smallest if there are fewer. */
export function thresholdOfCount(orders: usize, count: i32, wanted: i32): i32 {
  let found = i32.MIN_VALUE;
  for (let bit = 31; bit >= 0; bit--) {
    const candidate = found ^ (1 << bit); // of a signed integer, the highest bit is set in the smaller half
    const above = countFrom(orders, count, candidate);
    if (above >= wanted) found = candidate;
    if (above === wanted) break; // no higher one keeps others
  }
  return found;
}

/** The largest order from which on the masses are at least `wanted`; the smallest if they never are. */
export function thresholdOfMass(orders: usize, masses: usize, count: i32, wanted: f64): i32 {
  let found = i32.MIN_VALUE;
  for (let bit = 31; bit >= 0; bit--) {
    const candidate = found ^ (1 << bit);
    if (massFrom(orders, masses, count, candidate) >= wanted) found = candidate;
  }
  return found;
}

function countFrom(orders: usize, count: i32, threshold: i32): i32 {
  const least = i32x4.splat(threshold);
  const whole = count & ~3;
  let sums = i32x4.splat(0);
  for (let i = 0; i < whole; i += 4) {
    sums = i32x4.sub(sums, i32x4.ge_s(v128.load(orders + ((<usize>i) << 2)), least));
  }
  const pairs = i32x4.add(sums, i32x4.shuffle(sums, sums, 2, 3, 0, 1));
  let sum = i32x4.extract_lane(pairs, 0) + i32x4.extract_lane(pairs, 1);
  for (let i = whole; i < count; i++) sum += i32(i32.load(orders + ((<usize>i) << 2)) >= threshold);
  return sum;
}

/** Σ of the masses whose order is at least the threshold, in double precision: a vocabulary is long. */
export function massFrom(orders: usize, masses: usize, count: i32, threshold: i32): f64 {
  const least = i32x4.splat(threshold);
  const whole = count & ~3;
  let low = f64x2.splat(0);
  let high = low;
  for (let i = 0; i < whole; i += 4) {
    const at = (<usize>i) << 2;
    const mass = v128.and(v128.load(masses + at), i32x4.ge_s(v128.load(orders + at), least));
    low = f64x2.add(low, f64x2.promote_low_f32x4(mass));
    high = f64x2.add(high, f64x2.promote_low_f32x4(i32x4.shuffle(mass, mass, 2, 3, 0, 1)));
  }
  const pairs = f64x2.add(low, high);
  let sum = f64x2.extract_lane(pairs, 0) + f64x2.extract_lane(pairs, 1);
  for (let i = whole; i < count; i++) {
    const at = (<usize>i) << 2;
    if (i32.load(orders + at) >= threshold) sum += f32.load(masses + at);
  }
  return sum;
}
