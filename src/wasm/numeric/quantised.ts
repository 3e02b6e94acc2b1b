// How quantised words become numbers: four neighbouring columns at a time, in the layout of src/plan/quantised.ts.
import { madd } from './vector.ts';

/** Bytes of a vector of words: four columns. */
export const vectorBytes: usize = 16;

/** Columns of a block. */
export const blockColumns: i32 = 32;

/** Where a vector of columns lies: its first row, and bytes from row to row. */
export function firstOf(w: usize, block: i32, rows: i32): usize {
  return w + <usize>block * <usize>rows * ((<usize>blockColumns) << 2);
}

/** Bytes of a row of a block, the last of which may be narrower. */
export function pitchOf(columns: i32, block: i32): usize {
  return <usize>min(8, ((columns + 3) >> 2) - 8 * block) * vectorBytes;
}

/** Rows of a block of int8: two of words for eight inputs, and the scales. */
export function int8Rows(inner: i32): i32 {
  return ((inner + 7) >> 3) * 2 + 1;
}

/** Rows of a block of int4: four of words and one of scales for 32 inputs. */
export function int4Rows(inner: i32): i32 {
  return ((inner + 31) >> 5) * 5;
}

/** Bytes `place` of four words, with their signs. */
export function bytesOf(words: v128, place: i32): v128 {
  return f32x4.convert_i32x4_s(i32x4.shr_s(i32x4.shl(words, 24 - 8 * place), 24));
}

/** Nibbles `place` of four words. */
export function nibblesOf(words: v128, place: i32): v128 {
  return f32x4.convert_i32x4_s(v128.and(i32x4.shr_u(words, 4 * place), i32x4.splat(15)));
}

/** The numbers of binary16 patterns in the lower halves of four words; they are 0 or normal. */
export function halves(words: v128): v128 {
  const magnitude = v128.and(words, i32x4.splat(0x7fff));
  const bits = i32x4.add(i32x4.shl(magnitude, 13), i32x4.splat(0x38000000));
  const isNormal = i32x4.ne(v128.and(words, i32x4.splat(0x7c00)), i32x4.splat(0));
  const sign = i32x4.shl(v128.and(words, i32x4.splat(0x8000)), 16);
  return v128.or(v128.and(bits, isNormal), sign);
}

/**
 * sum + x · the four nibbles of `words` that lie in its lower half, as they lie: nibble i is 16^i times too large, and so
 * much smaller must be the input that it meets. `x` points at them.
 */
export function addNibbles(sum: v128, x: usize, words: v128): v128 {
  sum = madd(v128.load_splat<f32>(x), masked(words, 0xf), sum);
  sum = madd(v128.load_splat<f32>(x, 4), masked(words, 0xf0), sum);
  sum = madd(v128.load_splat<f32>(x, 8), masked(words, 0xf00), sum);
  return madd(v128.load_splat<f32>(x, 12), masked(words, 0xf000), sum);
}

function masked(words: v128, mask: i32): v128 {
  return f32x4.convert_i32x4_s(v128.and(words, i32x4.splat(mask)));
}

/** sum + x · the four bytes of `words`. */
export function addBytes(sum: v128, x: usize, words: v128): v128 {
  sum = madd(v128.load_splat<f32>(x), bytesOf(words, 0), sum);
  sum = madd(v128.load_splat<f32>(x, 4), bytesOf(words, 1), sum);
  sum = madd(v128.load_splat<f32>(x, 8), bytesOf(words, 2), sum);
  return madd(v128.load_splat<f32>(x, 12), bytesOf(words, 3), sum);
}
