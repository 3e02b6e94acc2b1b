// The products of all experts with int8 or int4 weights: few rows of an expert read the words as they lie, more make numbers.
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

/** Rows of a tile up to which making numbers anew for each row costs less than keeping them. */
const fewRows: i32 = 4;

/** y[row] = x[row or its token]·w[expert of the row], over the tiles of rows that the placement lists. */
export function quantisedGroupedMatmul(
  x: usize,
  w: usize,
  offsets: usize,
  tiles: usize,
  assignments: usize,
  y: usize,
  columns: i32,
  inner: i32,
  experts: i32,
  tileRows: i32,
  perToken: i32,
  bits: i32,
  scratch: usize,
  first: i32,
  last: i32,
): void {
  const blocks = (columns + blockColumns - 1) / blockColumns;
  const blockRows = bits === 8 ? int8Rows(inner) : int4Rows(inner);
  const matrixBytes = (<usize>(blockRows * ((columns + 3) & ~3))) << 2;
  const xStep = (<usize>inner) << 2;
  const yStep = (<usize>columns) << 2;
  const isSummed = tileRows <= fewRows;
  const numbers = scratch + <usize>tileScratch;
  const gathered = numbers + <usize>(paddedInner(inner) * blockColumns * 4);
  while (first < last) {
    const tile = first / blocks;
    const block = first - tile * blocks;
    const run = min(blocks - block, last - first);
    first += run;
    const expert = load<i32>(tiles + ((<usize>tile) << 3));
    if (expert >= experts) continue;
    const row = load<i32>(tiles + ((<usize>tile) << 3), 4);
    const count = min(load<i32>(offsets + ((<usize>expert) << 2), 4) - row, tileRows);
    const matrix = w + <usize>expert * matrixBytes;
    for (let r = 0; r < count; r++) {
      const source = perToken ? load<i32>(assignments + ((<usize>(row + r)) << 2)) / perToken : row + r;
      const from = x + <usize>source * xStep;
      if (!isSummed) {
        memory.copy(gathered + <usize>r * xStep, from, xStep);
        continue;
      }
      memory.copy(scratch, from, xStep);
      memory.fill(scratch + xStep, 0, (<usize>(paddedInner(inner) - inner)) << 2);
      if (bits === 4) prepareInputs(scratch, paddedInner(inner));
      for (let b = block; b < block + run; b++) {
        const to = y + <usize>(row + r) * yStep + ((<usize>(b * blockColumns)) << 2);
        const start = firstOf(matrix, b, blockRows);
        const pitch = pitchOf(columns, b);
        for (let vector: usize = 0; vector < pitch; vector += vectorBytes) {
          const sum =
            bits === 8
              ? sumOfBytes(scratch, start + vector, pitch, inner)
              : sumOfNibbles(scratch, start + vector, pitch, inner);
          storeLanes(to + vector, sum, columns - b * blockColumns - (<i32>vector >> 2));
        }
      }
    }
    if (isSummed) continue;
    for (let b = block; b < block + run; b++) {
      makeNumbers(bits, firstOf(matrix, b, blockRows), pitchOf(columns, b), inner, numbers);
      const to = y + <usize>row * yStep + ((<usize>(b * blockColumns)) << 2);
      const width = min(blockColumns, columns - b * blockColumns);
      const numberStep = (<usize>blockColumns) << 2;
      multiplyTile(
        false,
        gathered,
        xStep,
        false,
        numbers,
        numberStep,
        count,
        width,
        inner,
        to,
        yStep,
        0,
        0,
        0,
        0,
        scratch,
      );
    }
  }
}

/** Units of work: blocks of 32 columns of every tile. */
export function quantisedGroupedMatmulUnits(columns: i32, tileBound: i32): i32 {
  return tileBound * ((columns + blockColumns - 1) / blockColumns);
}

/** A row of inputs with zeros behind, or a block of numbers, what a tile needs and the rows of a tile. */
export function quantisedGroupedMatmulScratch(inner: i32, tileRows: i32): i32 {
  return tileScratch + paddedInner(inner) * blockColumns * 4 + tileRows * inner * 4;
}
