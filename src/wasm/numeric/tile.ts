// The product of a column of tiles: w packed once in panels, then blocks of four rows against each panel.
import { multiplyBlock, zeros } from './block.ts';
import { packRows, packTransposed, panelBytes, panelColumns, transpose } from './panels.ts';

/** Rows and columns of y that one unit of work computes. */
export const tileRows: i32 = 64;
export const tileColumns: i32 = 64;

/** Inner indices packed at once: a panel of 12 KiB stays in the first cache, a tile's 96 KiB in the second. */
const depth: i32 = 384;

const blockRows: i32 = 4;
const blockBytes: usize = 128;

/** Bytes of scratch: one block of y, four transposed rows of x, the panels of w. */
export const tileScratch: i32 = <i32>blockBytes + blockRows * depth * 4 + tileColumns * depth * 4;

/**
 * y = x·w (+ bias) (+ residual) (+ y) for all rows of at most `tileColumns` columns. Strides in bytes; bias and
 * residual are 0 where there is none.
 * @param isXTransposed x is [inner, rows]
 * @param isWTransposed w is [columns, inner]
 */
export function multiplyTile(
  isXTransposed: bool,
  x: usize,
  xStride: usize,
  isWTransposed: bool,
  w: usize,
  wStride: usize,
  rows: i32,
  columns: i32,
  inner: i32,
  y: usize,
  yStride: usize,
  bias: usize,
  residual: usize,
  residualStride: usize,
  accumulate: i32,
  scratch: usize,
): void {
  const block = scratch;
  const turned = block + blockBytes;
  const panels = turned + <usize>(blockRows * depth * 4);
  const parts = max((inner + depth - 1) / depth, 1);
  const step = ((inner + parts - 1) / parts + 1) & ~1;
  const extras = (bias ? 1 : 0) + (residual ? 1 : 0) + (accumulate ? 1 : 0);
  let k = 0;
  do {
    const count = min(step, inner - k);
    if (isWTransposed) packTransposed(w + ((<usize>k) << 2), wStride, count, columns, panels);
    else packRows(w + <usize>k * wStride, wStride, count, columns, panels);
    for (let r = 0; r < rows; r += blockRows) {
      const rowCount = min(blockRows, rows - r);
      let x0 = x + <usize>r * xStride + ((<usize>k) << 2);
      let xStep = xStride;
      if (isXTransposed) {
        xStep = (<usize>count) << 2;
        x0 = turned;
        turnRows(x + ((<usize>r) << 2) + <usize>k * xStride, xStride, count, rowCount, turned);
      }
      // Rows past the end repeat the last one; what they give is thrown away.
      const x1 = x0 + (rowCount > 1 ? xStep : 0);
      const x2 = x1 + (rowCount > 2 ? xStep : 0);
      const x3 = x2 + (rowCount > 3 ? xStep : 0);
      for (let c = 0; c < columns; c += panelColumns) {
        const columnCount = min(panelColumns, columns - c);
        const panel = panels + (<usize>c >> 3) * <usize>count * panelBytes;
        const at = y + <usize>r * yStride + ((<usize>c) << 2);
        const biasAt = bias && k === 0 ? bias + ((<usize>c) << 2) : 0;
        const residualAt = residual && k === 0 ? residual + <usize>r * residualStride + ((<usize>c) << 2) : 0;
        const adds = accumulate !== 0 || k > 0;
        if (rowCount === blockRows && columnCount === panelColumns) {
          let initial = zeros;
          let initialStride: usize = 0;
          if (extras > 1 && k === 0) {
            gatherWhole(block, at, yStride, biasAt, residualAt, residualStride, adds);
            initial = block;
            initialStride = panelBytes;
          } else if (adds) {
            initial = at;
            initialStride = yStride;
          } else if (residualAt) {
            initial = residualAt;
            initialStride = residualStride;
          } else if (biasAt) {
            initial = biasAt;
          }
          multiplyBlock(x0, x1, x2, x3, panel, count, at, yStride, initial, initialStride);
        } else {
          gatherPart(block, rowCount, columnCount, at, yStride, biasAt, residualAt, residualStride, adds);
          multiplyBlock(x0, x1, x2, x3, panel, count, block, panelBytes, block, panelBytes);
          for (let i = 0; i < rowCount; i++) {
            memory.copy(at + <usize>i * yStride, block + <usize>i * panelBytes, (<usize>columnCount) << 2);
          }
        }
      }
    }
    k += count;
  } while (k < inner);
}

/** to[r, k] = x[k, r] for up to four rows r. */
function turnRows(x: usize, xStride: usize, inner: i32, rows: i32, to: usize): void {
  const toStride = (<usize>inner) << 2;
  if (rows < blockRows) {
    for (let r = 0; r < rows; r++) {
      for (let k = 0; k < inner; k++) {
        f32.store(
          to + <usize>r * toStride + ((<usize>k) << 2),
          f32.load(x + <usize>k * xStride + ((<usize>r) << 2)),
        );
      }
    }
    return;
  }
  const whole = inner & ~3;
  for (let k = 0; k < whole; k += 4)
    transpose(x + <usize>k * xStride, xStride, 4, 4, to + ((<usize>k) << 2), toStride);
  for (let k = whole; k < inner; k++) {
    for (let r = 0; r < 4; r++) {
      f32.store(
        to + <usize>r * toStride + ((<usize>k) << 2),
        f32.load(x + <usize>k * xStride + ((<usize>r) << 2)),
      );
    }
  }
}

/** The sum of several starts of a whole block. */
function gatherWhole(
  block: usize,
  y: usize,
  yStride: usize,
  bias: usize,
  residual: usize,
  residualStride: usize,
  adds: bool,
): void {
  for (let r = 0; r < blockRows; r++) {
    for (let half: usize = 0; half < panelBytes; half += 16) {
      let sum = adds ? v128.load(y + half) : f32x4.splat(0);
      if (bias) sum = f32x4.add(sum, v128.load(bias + half));
      if (residual) sum = f32x4.add(sum, v128.load(residual + half));
      v128.store(block + half, sum);
    }
    block += panelBytes;
    y += yStride;
    residual = residual ? residual + residualStride : 0;
  }
}

/** The same of the part of a block that lies inside y; zeros elsewhere. */
function gatherPart(
  block: usize,
  rows: i32,
  columns: i32,
  y: usize,
  yStride: usize,
  bias: usize,
  residual: usize,
  residualStride: usize,
  adds: bool,
): void {
  memory.fill(block, 0, blockBytes);
  for (let r = 0; r < rows; r++) {
    for (let c: usize = 0; c < (<usize>columns) << 2; c += 4) {
      let sum: f32 = adds ? f32.load(y + c) : 0;
      if (bias) sum += f32.load(bias + c);
      if (residual) sum += f32.load(residual + c);
      f32.store(block + c, sum);
    }
    block += panelBytes;
    y += yStride;
    residual = residual ? residual + residualStride : 0;
  }
}
