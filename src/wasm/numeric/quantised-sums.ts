// Products with quantised words: a row of inputs against four columns as the words lie, and the numbers of a block.
import {
  addBytes,
  addNibbles,
  blockColumns,
  bytesOf,
  halves,
  int8Rows,
  nibblesOf,
  vectorBytes,
} from './quantised.ts';
import { madd, sumLanes } from './vector.ts';

/** Inputs in whole groups. */
export function paddedInner(inner: i32): i32 {
  return (inner + 31) & ~31;
}

/** x · four columns of int8. */
export function sumOfBytes(x: usize, words: usize, pitch: usize, inner: i32): v128 {
  let near = f32x4.splat(0);
  let far = f32x4.splat(0);
  for (let k = 0; k < inner; k += 8) {
    near = addBytes(near, x, v128.load(words));
    far = addBytes(far, x + 16, v128.load(words + pitch));
    x += 32;
    words += pitch << 1;
  }
  return f32x4.mul(f32x4.add(near, far), v128.load(words)); // the scales lie behind
}

/** Makes inputs as small as nibbles are too large (addNibbles), and puts the sum of each 32 behind them all. */
export function prepareInputs(x: usize, count: i32): void {
  const smaller = f32x4(1, 1.0 / 16, 1.0 / 256, 1.0 / 4096);
  let sums = x + ((<usize>count) << 2);
  for (let k = 0; k < count; k += 32) {
    let sum = f32x4.splat(0);
    for (let i = 0; i < 8; i++) {
      const inputs = v128.load(x);
      sum = f32x4.add(sum, inputs);
      v128.store(x, f32x4.mul(inputs, smaller));
      x += 16;
    }
    f32.store(sums, sumLanes(sum));
    sums += 4;
  }
}

/** x · four columns of int4: scale and minimum meet the sums of a group. */
export function sumOfNibbles(x: usize, words: usize, pitch: usize, inner: i32): v128 {
  let sum = f32x4.splat(0);
  let sums = x + ((<usize>paddedInner(inner)) << 2);
  for (let k = 0; k < inner; k += 32) {
    let near = f32x4.splat(0);
    let far = f32x4.splat(0);
    for (let i = 0; i < 4; i++) {
      const word = v128.load(words);
      near = addNibbles(near, x, word);
      far = addNibbles(far, x + 16, i32x4.shr_u(word, 16));
      x += 32;
      words += pitch;
    }
    const scales = v128.load(words);
    words += pitch;
    sum = madd(halves(scales), f32x4.add(near, far), sum);
    sum = madd(halves(i32x4.shr_u(scales, 16)), v128.load_splat<f32>(sums), sum);
    sums += 4;
  }
  return sum;
}

/** The numbers of a block, [inner, 32]. */
export function makeNumbers(bits: i32, words: usize, pitch: usize, inner: i32, numbers: usize): void {
  for (let vector: usize = 0; vector < pitch; vector += vectorBytes) {
    let at = words + vector;
    let to = numbers + vector;
    if (bits === 8) {
      const scale = v128.load(words + vector + <usize>(int8Rows(inner) - 1) * pitch);
      for (let k = 0; k < inner; k++) {
        v128.store(to, f32x4.mul(bytesOf(v128.load(at), k & 3), scale));
        to += (<usize>blockColumns) << 2;
        if ((k & 3) === 3) at += pitch;
      }
    } else {
      for (let group = 0; group < inner; group += 32) {
        const scales = v128.load(at + (pitch << 2));
        const scale = halves(scales);
        const minimum = halves(i32x4.shr_u(scales, 16));
        for (let k = group; k < min(group + 32, inner); k += 8) {
          let word = v128.load(at);
          for (let i = k; i < min(k + 8, inner); i++) {
            v128.store(to, madd(nibblesOf(word, 0), scale, minimum));
            word = i32x4.shr_u(word, 4);
            to += (<usize>blockColumns) << 2;
          }
          at += pitch;
        }
        at += pitch;
      }
    }
  }
}
