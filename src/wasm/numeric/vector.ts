// Vectors of four floats: multiply-adds, sums over lanes, and stores that leave what follows a row alone.

/** Floats in a vector. */
export const lanes: i32 = 4;

/** a · b + c, rounded once where the machine can and the program was compiled for it. */
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/** Sum of the four lanes, in pairs. */
export function sumLanes(v: v128): f32 {
  const pairs = f32x4.add(v, i32x4.shuffle(v, v, 2, 3, 0, 1));
  return f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1);
}

/** The sums of four vectors' lanes, in the order that sumLanes adds them. */
export function sumEach(a: v128, b: v128, c: v128, d: v128): v128 {
  const low = f32x4.add(i32x4.shuffle(a, b, 0, 1, 4, 5), i32x4.shuffle(a, b, 2, 3, 6, 7));
  const high = f32x4.add(i32x4.shuffle(c, d, 0, 1, 4, 5), i32x4.shuffle(c, d, 2, 3, 6, 7));
  return f32x4.add(i32x4.shuffle(low, high, 0, 2, 4, 6), i32x4.shuffle(low, high, 1, 3, 5, 7));
}

/** Largest lane. */
export function largestLane(v: v128): f32 {
  const pairs = f32x4.max(v, i32x4.shuffle(v, v, 2, 3, 0, 1));
  return max<f32>(f32x4.extract_lane(pairs, 0), f32x4.extract_lane(pairs, 1));
}

/** The first `count` lanes of v, and `other` in those behind. Loads may reach past a row: its end is masked. */
export function firstLanes(v: v128, other: v128, count: i32): v128 {
  if (count >= lanes) return v;
  const inside = i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(count));
  return v128.bitselect(v, other, inside);
}

/** Stores the first `count` lanes. */
export function storeLanes(address: usize, v: v128, count: i32): void {
  if (count >= lanes) {
    v128.store(address, v);
    return;
  }
  if (count > 0) f32.store(address, f32x4.extract_lane(v, 0));
  if (count > 1) f32.store(address, f32x4.extract_lane(v, 1), 4);
  if (count > 2) f32.store(address, f32x4.extract_lane(v, 2), 8);
}
