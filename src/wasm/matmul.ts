// Matrix products in three layouts: one row alone streams w; more rows go through packed panels, blocks in registers.
import { activationKinds } from './numeric/activations.ts';
import { shapeRow } from './numeric/epilogue.ts';
import { fewColumns, fewRows } from './numeric/few-rows.ts';
import { multiplyTile, tileColumns, tileRows, tileScratch } from './numeric/tile.ts';

/** Rows up to which w is read once as it lies, without packing: there memory is the limit. */
const unpackedRows: i32 = 3;

/**
 * y[rows, columns] = epilogue(x·w (+ bias)) (+ residual) (+ y); x: [rows, inner], or [inner, rows] transposed; w: [inner, columns], or
 * [columns, inner]. Units are tiles of y.
 */
export function matmul(
  x: usize,
  w: usize,
  bias: usize,
  residual: usize,
  y: usize,
  kept: usize,
  slopesAt: usize,
  rows: i32,
  columns: i32,
  inner: i32,
  xStride: i32,
  wStride: i32,
  yStride: i32,
  slices: i32,
  hasBias: i32,
  hasResidual: i32,
  accumulate: i32,
  activation: i32,
  kind: i32,
  dropout: f32,
  time: i32,
  operation: u32,
  dropoutSeed: u32,
  step: u32,
  sampleOffset: u32,
  xTransposed: i32,
  wTransposed: i32,
  scratch: usize,
  first: i32,
  last: i32,
): void {
  if (!hasBias) bias = 0;
  if (!hasResidual) residual = 0;
  const isShaped = activation !== 0 || dropout > 0;
  // Sums start from the residual, unless something is made of them before it is added.
  const added = isShaped ? residual : 0;
  if (isShaped) residual = 0;
  const down = ceilingOf(rows, tileRows);
  const isWhole = takesWholeRows(rows, slices, xTransposed, wTransposed);
  const across = isWhole ? 1 : ceilingOf(columns, tileColumns);
  const slicedInner = ceilingOf(inner, slices);
  while (first < last) {
    const slice = first / (down * across);
    const within = first - slice * down * across;
    const tile = within / down;
    const firstRow = (within - tile * down) * tileRows;
    // A run of tiles: below each other, or with few rows side by side.
    const run =
      down > 1 ? min(down - (within - tile * down), last - first) : min(across - tile, last - first);
    const rowCount = min(rows - firstRow, down > 1 ? run * tileRows : rows);
    const firstColumn = tile * tileColumns;
    const columnCount = isWhole
      ? columns
      : min(columns - firstColumn, down > 1 ? tileColumns : run * tileColumns);
    const start = min(slice * slicedInner, inner);
    const count = min(slicedInner, inner - start);
    const xRowStep: usize = xTransposed ? 4 : (<usize>xStride) << 2;
    const xInnerStep = xTransposed ? (<usize>xStride) << 2 : 4;
    const wColumnStep = wTransposed ? (<usize>wStride) << 2 : 4;
    const wInnerStep: usize = wTransposed ? 4 : (<usize>wStride) << 2;
    const xAt = x + <usize>firstRow * xRowStep + <usize>start * xInnerStep;
    const wAt = w + <usize>firstColumn * wColumnStep + <usize>start * wInnerStep;
    const yStep = (<usize>yStride) << 2;
    const yAt = y + <usize>(slice * rows + firstRow) * yStep + ((<usize>firstColumn) << 2);
    const biasAt = bias ? bias + ((<usize>firstColumn) << 2) : 0;
    const residualStep = (<usize>columns) << 2;
    const residualAt = residual ? residual + <usize>firstRow * residualStep + ((<usize>firstColumn) << 2) : 0;
    if (rows <= unpackedRows && !xTransposed && !wTransposed) {
      fewRows(
        xAt,
        xRowStep,
        wAt,
        wInnerStep,
        rowCount,
        columnCount,
        count,
        yAt,
        yStep,
        biasAt,
        residualAt,
        residualStep,
        accumulate,
        isWhole,
      );
    } else if (rows <= unpackedRows && wTransposed) {
      fewColumns(
        xAt,
        xRowStep,
        wAt,
        wColumnStep,
        rowCount,
        columnCount,
        count,
        yAt,
        yStep,
        biasAt,
        residualAt,
        residualStep,
        accumulate,
      );
    } else {
      for (let c = 0; c < columnCount; c += tileColumns) {
        const at = (<usize>c) << 2;
        multiplyTile(
          xTransposed !== 0,
          xAt,
          (<usize>xStride) << 2,
          wTransposed !== 0,
          wAt + <usize>c * wColumnStep,
          (<usize>wStride) << 2,
          rowCount,
          min(tileColumns, columnCount - c),
          count,
          yAt + at,
          yStep,
          biasAt ? biasAt + at : 0,
          residualAt ? residualAt + at : 0,
          residualStep,
          accumulate,
          scratch,
        );
      }
    }
    if (isShaped) {
      for (let r = firstRow; r < firstRow + rowCount; r++) {
        shapeRow(
          y + <usize>r * yStep,
          added ? added + <usize>r * residualStep : 0,
          kept + <usize>r * residualStep,
          slopesAt + <usize>r * residualStep,
          r,
          firstColumn,
          columnCount,
          columns,
          activation,
          kind,
          dropout,
          time,
          operation,
          dropoutSeed,
          step,
          sampleOffset,
        );
      }
    }
    first += run;
  }
}

/** Tiles of y, one column of tiles after the other, so that consecutive ones share what is packed of w; or whole slices. */
export function matmulUnits(rows: i32, columns: i32, slices: i32, xTransposed: i32, wTransposed: i32): i32 {
  if (takesWholeRows(rows, slices, xTransposed, wTransposed)) return slices;
  return slices * ceilingOf(rows, tileRows) * ceilingOf(columns, tileColumns);
}

/** Whether a slice of w is read from its first row to its last: half of each row would break what is fetched ahead. */
function takesWholeRows(rows: i32, slices: i32, xTransposed: i32, wTransposed: i32): bool {
  return rows <= unpackedRows && slices > 1 && !xTransposed && !wTransposed;
}

/** Whether the activation is known here, and nothing is added to what y holds after it. */
export function matmulSuits(activation: i32, kind: i32, dropout: f32, accumulate: i32): bool {
  const isShaped = activation !== 0 || dropout > 0;
  return !isShaped || (kind < activationKinds && !accumulate);
}

/** Bytes that one thread packs into. */
export function matmulScratch(): i32 {
  return tileScratch;
}

function ceilingOf(size: i32, part: i32): i32 {
  return (size + part - 1) / part;
}
