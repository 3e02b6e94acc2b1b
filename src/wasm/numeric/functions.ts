// Exponentials and what is made of them, four at a time, in single precision.
import { madd } from './vector.ts';

/** Bounds of e^x: below the first the scale is 0, from the second on infinity. */
const lowest = memory.data<f32>([-88]);
const highest = memory.data<f32>([89]);
const one = memory.data<f32>([1]);
const log2OfE = memory.data<f32>([Mathf.LOG2E]);
/** A number added to this is rounded to an integer, which stands, with the exponent's bias, in the last bits of the sum. */
const integers = memory.data<f32>([1.5 * 8388608 + 127]);
/** −ln 2 in two parts, of which the first has few bits: the rest of x keeps its last ones. */
const log2High = memory.data<f32>([-0.693359375]);
const log2Low = memory.data<f32>([2.1219444e-4]);
const e7 = memory.data<f32>([1.98756915e-4]);
const e6 = memory.data<f32>([1.3981999507e-3]);
const e5 = memory.data<f32>([8.3334519073e-3]);
const e4 = memory.data<f32>([4.1665795894e-2]);
const e3 = memory.data<f32>([1.6666665459e-1]);
const e2 = memory.data<f32>([5.0000001201e-1]);

/**
 * e^x, relative error below 2e-7 (Cephes' polynomial): 0 below −87.7, infinity above 88.4. Factors are loaded: V8 builds a
 * vector that the code states of three instructions, wherever it is used, and loads this in one.
 */
export function exponential(x: v128): v128 {
  // Pseudo-minimum and -maximum keep what is no number, if it comes first, and are one instruction.
  const inside = f32x4.pmin(f32x4.pmax(x, v128.load32_splat(lowest)), v128.load32_splat(highest));
  const rounding = v128.load32_splat(integers);
  const shifted = madd(inside, v128.load32_splat(log2OfE), rounding);
  const power = f32x4.sub(shifted, rounding);
  let rest = madd(power, v128.load32_splat(log2High), inside);
  rest = madd(power, v128.load32_splat(log2Low), rest);
  let sum = v128.load32_splat(e7);
  sum = madd(sum, rest, v128.load32_splat(e6));
  sum = madd(sum, rest, v128.load32_splat(e5));
  sum = madd(sum, rest, v128.load32_splat(e4));
  sum = madd(sum, rest, v128.load32_splat(e3));
  sum = madd(sum, rest, v128.load32_splat(e2));
  sum = madd(f32x4.mul(sum, rest), rest, f32x4.add(rest, v128.load32_splat(one)));
  // What is rounded lies in the bits of an exponent once those above are pushed out.
  return f32x4.mul(sum, i32x4.shl(shifted, 23));
}

/** log x of positive normal numbers, relative error below 2e-7 (Cephes' polynomial). */
export function logarithm(x: v128): v128 {
  // x = mantissa · 2^power with the mantissa in [√½, √2): bits above those of √½ count as exponent.
  const shifted = i32x4.sub(x, i32x4.splat(0x3f3504f3));
  const power = f32x4.convert_i32x4_s(i32x4.shr_s(shifted, 23));
  const mantissa = i32x4.add(v128.and(shifted, i32x4.splat(0x7fffff)), i32x4.splat(0x3f3504f3));
  const rest = f32x4.sub(mantissa, f32x4.splat(1));
  const square = f32x4.mul(rest, rest);
  let sum = f32x4.splat(7.0376836292e-2);
  sum = madd(sum, rest, f32x4.splat(-1.151461031e-1));
  sum = madd(sum, rest, f32x4.splat(1.167699874e-1));
  sum = madd(sum, rest, f32x4.splat(-1.2420140846e-1));
  sum = madd(sum, rest, f32x4.splat(1.4249322787e-1));
  sum = madd(sum, rest, f32x4.splat(-1.6668057665e-1));
  sum = madd(sum, rest, f32x4.splat(2.0000714765e-1));
  sum = madd(sum, rest, f32x4.splat(-2.4999993993e-1));
  sum = madd(sum, rest, f32x4.splat(3.3333331174e-1));
  sum = f32x4.mul(f32x4.mul(sum, rest), square);
  sum = madd(power, f32x4.splat(-2.1219444e-4), sum);
  sum = madd(square, f32x4.splat(-0.5), sum);
  return madd(power, f32x4.splat(0.693359375), f32x4.add(rest, sum));
}

/** 1 ÷ (1 + e^−x). */
export function sigmoid(x: v128): v128 {
  const one = f32x4.splat(1);
  return f32x4.div(one, f32x4.add(one, exponential(f32x4.neg(x))));
}

/** tanh x = 1 − 2 ÷ (e^2x + 1). */
export function hyperbolicTangent(x: v128): v128 {
  const one = f32x4.splat(1);
  const quotient = f32x4.div(f32x4.splat(2), f32x4.add(exponential(f32x4.add(x, x)), one));
  return f32x4.sub(one, quotient);
}

/** The share of a standard normal below x, absolute error below 1.5e-7 (Abramowitz and Stegun 7.1.26). */
export function normalShare(x: v128): v128 {
  const one = f32x4.splat(1);
  const z = f32x4.mul(f32x4.abs(x), f32x4.splat(Mathf.SQRT1_2));
  const t = f32x4.div(one, madd(z, f32x4.splat(0.3275911), one));
  let sum = f32x4.splat(1.061405429);
  sum = madd(sum, t, f32x4.splat(-1.453152027));
  sum = madd(sum, t, f32x4.splat(1.421413741));
  sum = madd(sum, t, f32x4.splat(-0.284496736));
  sum = madd(sum, t, f32x4.splat(0.254829592));
  const tail = f32x4.mul(
    f32x4.mul(f32x4.mul(sum, t), exponential(f32x4.neg(f32x4.mul(z, z)))),
    f32x4.splat(0.5),
  );
  return v128.bitselect(tail, f32x4.sub(one, tail), f32x4.lt(x, f32x4.splat(0)));
}
