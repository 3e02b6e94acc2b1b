// The matrix products of all experts at once: neighbouring rows of an expert go through packed tiles of its matrix.
import { fewColumns, fewRows } from '../numeric/few-rows.ts';
import { multiplyTile, tileRows as sumRows, tileColumns, tileScratch } from '../numeric/tile.ts';

/** Rows of a tile up to which w is read as it lies, without packing: those of a few decoded tokens. */
const unpackedRows: i32 = 3;

/** Rows that share what is packed of w, and rows of x that are gathered at once: at most, or those of one tile. */
const runRows: i32 = 256;

/**
 * y[row] = x[row]·w[expert of the row] (+ y), w [experts, inner, columns] or transposed [experts, columns, inner], over the
 * tiles of rows that the placement lists; with x transposed y[e] = Σ over the rows of e of x[row]ᵀ·w[row] (+ y).
 * `perToken` > 0 takes row r of x from the token of assignments[r].
 */
export function groupedMatmul(
  x: usize,
  w: usize,
  offsets: usize,
  tiles: usize,
  assignments: usize,
  y: usize,
  rows: i32,
  columns: i32,
  inner: i32,
  experts: i32,
  tileRows: i32,
  tileBound: i32,
  perToken: i32,
  accumulate: i32,
  xTransposed: i32,
  wTransposed: i32,
  scratch: usize,
  first: i32,
  last: i32,
): void {
  if (xTransposed) {
    sumByExpert(x, w, offsets, assignments, y, rows, columns, perToken, accumulate, scratch, first, last);
    return;
  }
  const across = ceilingOf(columns, tileColumns);
  const isPacked = tileRows > unpackedRows;
  const xStep = (<usize>inner) << 2;
  const yStep = (<usize>columns) << 2;
  const wStep = wTransposed ? xStep : yStep;
  const wColumnStep: usize = wTransposed ? wStep : 4;
  while (first < last) {
    // Packed, tiles below each other share what is packed; a few rows go along those of w.
    const column = isPacked ? first / tileBound : first % across;
    const tile = isPacked ? first - column * tileBound : first / across;
    const at = tiles + ((<usize>tile) << 3);
    const expert = load<i32>(at);
    const row = load<i32>(at, 4);
    let run = min(across - column, last - first);
    if (isPacked) {
      const most = min(min(gatheredRows(tileRows) / tileRows, tileBound - tile), last - first);
      run = 1;
      while (run < most && load<i32>(at + ((<usize>run) << 3)) === expert) run++;
    }
    first += run;
    if (expert >= experts) continue;
    const end = load<i32>(offsets + ((<usize>expert) << 2), 4);
    const rowCount = min(end - row, isPacked ? run * tileRows : tileRows);
    const firstColumn = column * tileColumns;
    const columnCount = min(columns - firstColumn, isPacked ? tileColumns : run * tileColumns);
    const wAt = w + <usize>expert * <usize>inner * yStep + <usize>firstColumn * wColumnStep;
    const yAt = y + <usize>row * yStep + ((<usize>firstColumn) << 2);
    let xAt = x + <usize>row * xStep;
    if (perToken) {
      xAt = scratch + <usize>tileScratch;
      gatherRows(x, xStep, assignments, row, rowCount, xStep, perToken, xAt);
    }
    if (isPacked) {
      multiplyTile(
        false,
        xAt,
        xStep,
        wTransposed !== 0,
        wAt,
        wStep,
        rowCount,
        columnCount,
        inner,
        yAt,
        yStep,
        0,
        0,
        0,
        accumulate,
        scratch,
      );
    } else if (wTransposed) {
      fewColumns(xAt, xStep, wAt, wStep, rowCount, columnCount, inner, yAt, yStep, 0, 0, 0, accumulate);
    } else {
      fewRows(xAt, xStep, wAt, wStep, rowCount, columnCount, inner, yAt, yStep, 0, 0, 0, accumulate, false);
    }
  }
}

/** Units of work: tiles of y, where an expert has rows. */
export function groupedMatmulUnits(
  rows: i32,
  columns: i32,
  experts: i32,
  tileBound: i32,
  xTransposed: i32,
): i32 {
  const down = xTransposed ? experts * ceilingOf(rows, sumRows) : tileBound;
  return down * ceilingOf(columns, tileColumns);
}

/** Bytes that one thread packs into, and those of gathered rows. */
export function groupedMatmulScratch(
  rows: i32,
  inner: i32,
  tileRows: i32,
  perToken: i32,
  xTransposed: i32,
): i32 {
  if (!perToken) return tileScratch;
  return tileScratch + 4 * (xTransposed ? runRows * rows : gatheredRows(tileRows) * inner);
}

/** Rows of x that are gathered at once: a tile is never cut. */
function gatheredRows(tileRows: i32): i32 {
  return max(runRows, tileRows);
}

/** y[e] = Σ over the rows of e of x[row]ᵀ·w[row] (+ y); an expert without rows gets zeros. */
function sumByExpert(
  x: usize,
  w: usize,
  offsets: usize,
  assignments: usize,
  y: usize,
  rows: i32,
  columns: i32,
  perToken: i32,
  accumulate: i32,
  scratch: usize,
  first: i32,
  last: i32,
): void {
  const down = ceilingOf(rows, sumRows);
  const across = ceilingOf(columns, tileColumns);
  const xStep = (<usize>rows) << 2;
  const yStep = (<usize>columns) << 2;
  const gathered = scratch + <usize>tileScratch;
  while (first < last) {
    const expert = first / (across * down);
    const within = first - expert * across * down;
    const tile = within / down;
    const rowTile = within - tile * down;
    const run = min(down - rowTile, last - first);
    const firstRow = rowTile * sumRows;
    const rowCount = min(rows - firstRow, run * sumRows);
    const firstColumn = tile * tileColumns;
    const columnCount = min(columns - firstColumn, tileColumns);
    const yAt = y + <usize>(expert * rows + firstRow) * yStep + ((<usize>firstColumn) << 2);
    const end = load<i32>(offsets + ((<usize>expert) << 2), 4);
    let from = load<i32>(offsets + ((<usize>expert) << 2));
    let adds = accumulate;
    do {
      const count = perToken ? min(end - from, runRows) : end - from;
      let xAt = x + <usize>from * xStep + ((<usize>firstRow) << 2);
      let step = xStep;
      if (perToken) {
        step = (<usize>rowCount) << 2;
        xAt = gathered;
        gatherRows(x + ((<usize>firstRow) << 2), xStep, assignments, from, count, step, perToken, xAt);
      }
      multiplyTile(
        true,
        xAt,
        step,
        false,
        w + <usize>from * yStep + ((<usize>firstColumn) << 2),
        yStep,
        rowCount,
        columnCount,
        count,
        yAt,
        yStep,
        0,
        0,
        0,
        adds,
        scratch,
      );
      adds = 1;
      from += count;
    } while (from < end);
    first += run;
  }
}

/** Copies `bytes` of the tokens' rows of x that `count` places from `first` on are assigned. */
function gatherRows(
  x: usize,
  xStep: usize,
  assignments: usize,
  first: i32,
  count: i32,
  bytes: usize,
  perToken: i32,
  to: usize,
): void {
  for (let row = first; row < first + count; row++) {
    const token = load<i32>(assignments + ((<usize>row) << 2)) / perToken;
    memory.copy(to, x + <usize>token * xStep, bytes);
    to += bytes;
  }
}

function ceilingOf(size: i32, part: i32): i32 {
  return (size + part - 1) / part;
}
