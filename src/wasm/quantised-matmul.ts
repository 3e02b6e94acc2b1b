// Products with quantised weights: few rows make numbers of the words as they go, more rows make them once for all.
import {
  addBytes,
  addNibbles,
  blockColumns,
  bytesOf,
  firstOf,
  halves,
  int4Rows,
  int8Rows,
  nibblesOf,
  pitchOf,
  vectorBytes,
} from './numeric/quantised.ts';
import { multiplyTile, tileScratch } from './numeric/tile.ts';
import { madd, storeLanes, sumLanes } from './numeric/vector.ts';

/** Rows up to which making numbers anew for each row costs less than keeping them. */
const fewRows: i32 = 4;

/** y[rows, columns] = x·w (+ bias) (+ residual) with w in int8 or int4, by `bits`. Units are blocks of 32 columns. */
export function quantisedMatmul(
  x: usize,
  w: usize,
  bias: usize,
  residual: usize,
  y: usize,
  rows: i32,
  columns: i32,
  inner: i32,
  xStride: i32,
  yStride: i32,
  hasBias: i32,
  hasResidual: i32,
  bits: i32,
  scratch: usize,
  first: i32,
  last: i32,
): void {
  if (!hasBias) bias = 0;
  if (!hasResidual) residual = 0;
  const blockRows = bits === 8 ? int8Rows(inner) : int4Rows(inner);
  const rowBytes = (<usize>columns) << 2;
  const yBytes = (<usize>yStride) << 2;
  if (rows > fewRows) {
    const numbers = scratch + <usize>tileScratch;
    for (let block = first; block < last; block++) {
      makeNumbers(bits, firstOf(w, block, blockRows), pitchOf(columns, block), inner, numbers);
      const at = (<usize>block * <usize>blockColumns) << 2;
      multiplyTile(
        false,
        x,
        (<usize>xStride) << 2,
        false,
        numbers,
        (<usize>blockColumns) << 2,
        rows,
        min(blockColumns, columns - block * blockColumns),
        inner,
        y + at,
        yBytes,
        bias ? bias + at : 0,
        residual ? residual + at : 0,
        rowBytes,
        0,
        scratch,
      );
    }
    return;
  }
  for (let row = 0; row < rows; row++) {
    memory.copy(scratch, x + ((<usize>row * <usize>xStride) << 2), (<usize>inner) << 2);
    memory.fill(scratch + ((<usize>inner) << 2), 0, (<usize>(paddedInner(inner) - inner)) << 2);
    if (bits === 4) prepareInputs(scratch, paddedInner(inner));
    const residualAt = residual ? residual + <usize>row * rowBytes : 0;
    for (let block = first; block < last; block++) {
      const start = firstOf(w, block, blockRows);
      const pitch = pitchOf(columns, block);
      for (let vector: usize = 0; vector < pitch; vector += vectorBytes) {
        const column = block * blockColumns + (<i32>vector >> 2);
        const at = (<usize>column) << 2;
        let sum =
          bits === 8
            ? sumOfBytes(scratch, start + vector, pitch, inner)
            : sumOfNibbles(scratch, start + vector, pitch, inner);
        if (bias) sum = f32x4.add(sum, v128.load(bias + at)); // loads may reach past the end: what they find is not stored
        if (residualAt) sum = f32x4.add(sum, v128.load(residualAt + at));
        storeLanes(y + <usize>row * yBytes + at, sum, columns - column);
      }
    }
  }
}

/** Blocks. */
export function quantisedMatmulUnits(columns: i32): i32 {
  return (columns + blockColumns - 1) / blockColumns;
}

/** A row of inputs with zeros behind, or a block of numbers and what a tile needs. */
export function quantisedMatmulScratch(inner: i32): i32 {
  return tileScratch + paddedInner(inner) * blockColumns * 4;
}

function paddedInner(inner: i32): i32 {
  return (inner + 31) & ~31;
}

/** x · four columns of int8. */
function sumOfBytes(x: usize, words: usize, pitch: usize, inner: i32): v128 {
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
function prepareInputs(x: usize, count: i32): void {
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
function sumOfNibbles(x: usize, words: usize, pitch: usize, inner: i32): v128 {
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
function makeNumbers(bits: i32, words: usize, pitch: usize, inner: i32, numbers: usize): void {
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
