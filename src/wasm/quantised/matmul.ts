// Products with quantised weights: few rows make numbers of the words as they go, more rows make them once for all.
import { blockColumns, firstOf, int4Rows, int8Rows, pitchOf, vectorBytes } from '../numeric/quantised.ts';
import {
  makeNumbers,
  paddedInner,
  prepareInputs,
  sumOfBytes,
  sumOfNibbles,
} from '../numeric/quantised-sums.ts';
import { multiplyTile, tileScratch } from '../numeric/tile.ts';
import { storeLanes } from '../numeric/vector.ts';

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
