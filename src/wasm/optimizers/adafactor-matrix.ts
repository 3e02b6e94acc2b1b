// Adafactor for matrices, whose second moment is kept as the means of its rows and columns.
import { newPart, relativeRate } from '../numeric/adafactor.ts';
import { storeTile, tilesAcross, tileWidth } from '../numeric/column-tile.ts';
import { clipFactor, isUsable } from '../numeric/metrics.ts';
import { firstLanes, madd, storeLanes, sumLanes } from '../numeric/vector.ts';

/** r += b(mean g² − r), and Σ w² of each row. */
export function adafactorRows(
  metrics: usize,
  weights: usize,
  gradients: usize,
  rowFactors: usize,
  weightSquares: usize,
  pieces: i32,
  rows: i32,
  columns: i32,
  stride: i32,
  firstColumn: i32,
  firstRow: i32,
  rowStart: i32,
  decayExponent: f32,
  step: i32,
  first: i32,
  last: i32,
): void {
  const changes = isUsable(metrics);
  const factor = f32x4.splat(clipFactor(metrics));
  const zero = f32x4.splat(0);
  const part = newPart(step, decayExponent);
  for (let unit = first; unit < last; unit++) {
    const matrix = unit / rows;
    const place = placeOf(pieces, rows, columns, stride, firstColumn, matrix, unit - matrix * rows);
    let sums = zero;
    let squares = zero;
    for (let c = 0; c < columns; c += 4) {
      const at = place + ((<usize>c) << 2);
      const gradient = firstLanes(f32x4.mul(v128.load(gradients + at), factor), zero, columns - c);
      const weight = firstLanes(v128.load(weights + at), zero, columns - c);
      sums = madd(gradient, gradient, sums);
      squares = madd(weight, weight, squares);
    }
    f32.store(weightSquares + ((<usize>(firstRow + unit)) << 2), sumLanes(squares));
    const mean = rowFactors + ((<usize>(rowStart + firstRow + unit)) << 2);
    if (changes) approach(mean, part, sumLanes(sums) / <f32>columns);
  }
}

/** Units of work: rows of all matrices. */
export function adafactorRowsUnits(matrices: i32, rows: i32): i32 {
  return matrices * rows;
}

/** Σ g² of slices of the columns of a block. */
export function adafactorColumns(
  metrics: usize,
  gradients: usize,
  gradientSquares: usize,
  pieces: i32,
  rows: i32,
  columns: i32,
  stride: i32,
  firstColumn: i32,
  sliceRows: i32,
  parts: i32,
  firstPart: i32,
  first: i32,
  last: i32,
): void {
  const factor = f32x4.splat(clipFactor(metrics));
  const tiles = tilesAcross(columns);
  const slices = (rows + sliceRows - 1) / sliceRows;
  for (let unit = first; unit < last; unit++) {
    const matrix = unit / (slices * tiles);
    const slice = unit / tiles - matrix * slices;
    const column = (unit % tiles) * tileWidth;
    let s0 = f32x4.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    const start = slice * sliceRows;
    let from = gradients + placeOf(pieces, rows, columns, stride, firstColumn + column, matrix, start);
    for (let row = start; row < min(start + sliceRows, rows); row++) {
      const g0 = f32x4.mul(v128.load(from), factor);
      const g1 = f32x4.mul(v128.load(from, 16), factor);
      const g2 = f32x4.mul(v128.load(from, 32), factor);
      const g3 = f32x4.mul(v128.load(from, 48), factor);
      s0 = madd(g0, g0, s0);
      s1 = madd(g1, g1, s1);
      s2 = madd(g2, g2, s2);
      s3 = madd(g3, g3, s3);
      from += (<usize>stride) << 2;
    }
    const to = (<usize>((matrix * parts + firstPart + slice) * columns + column)) << 2;
    storeTile(gradientSquares + to, s0, s1, s2, s3, columns - column, 0);
  }
}

/** Units of work: tiles of columns of every slice. */
export function adafactorColumnsUnits(matrices: i32, rows: i32, columns: i32, sliceRows: i32): i32 {
  return matrices * ((rows + sliceRows - 1) / sliceRows) * tilesAcross(columns);
}

/** c += b(mean g² − c); scales = [1 ÷ max(mean(r), epsilon), α] of each matrix. */
export function adafactorFinish(
  metrics: usize,
  rowFactors: usize,
  weightSquares: usize,
  gradientSquares: usize,
  columnFactors: usize,
  scales: usize,
  pieces: i32,
  rows: i32,
  columns: i32,
  stride: i32,
  firstColumn: i32,
  parts: i32,
  rowStart: i32,
  decayExponent: f32,
  epsilon: f32,
  minimumScale: f32,
  learningRate: f32,
  step: i32,
  first: i32,
  last: i32,
): void {
  const changes = isUsable(metrics);
  const part = newPart(step, decayExponent);
  for (let matrix = first; matrix < last; matrix++) {
    const means = columnFactors + placeOf(pieces, 1, columns, stride, firstColumn, matrix, 0);
    for (let column = 0; column < columns; column++) {
      let sum: f32 = 0;
      for (let slice = matrix * parts; slice < (matrix + 1) * parts; slice++) {
        sum += f32.load(gradientSquares + ((<usize>(slice * columns + column)) << 2));
      }
      if (changes) approach(means + ((<usize>column) << 2), part, sum / <f32>rows);
    }
    let sum: f32 = 0;
    let squares: f32 = 0;
    for (let row = matrix * rows; row < (matrix + 1) * rows; row++) {
      sum += f32.load(rowFactors + ((<usize>(rowStart + row)) << 2));
      squares += f32.load(weightSquares + ((<usize>row) << 2));
    }
    const own = scales + ((<usize>matrix) << 3);
    f32.store(own, 1 / max<f32>(sum / <f32>rows, epsilon));
    const rate = relativeRate(learningRate, step, minimumScale, squares / (<f32>rows * <f32>columns));
    f32.store(own, rate, 4);
  }
}

/** Units of work: matrices. */
export function adafactorFinishUnits(matrices: i32): i32 {
  return matrices;
}

/** Σ u² of runs of a block's elements, `steps` for each of a workgroup's 128 threads. */
export function adafactorUpdateSums(
  metrics: usize,
  gradients: usize,
  rowFactors: usize,
  columnFactors: usize,
  scales: usize,
  updateSquares: usize,
  pieces: i32,
  rows: i32,
  columns: i32,
  stride: i32,
  firstColumn: i32,
  firstRow: i32,
  rowStart: i32,
  parts: i32,
  firstPart: i32,
  epsilon: f32,
  steps: i32,
  first: i32,
  last: i32,
): void {
  const factor = clipFactor(metrics);
  const runs = runsOf(rows, columns, steps);
  const zero = f32x4.splat(0);
  for (let unit = first; unit < last; unit++) {
    const matrix = unit / runs;
    const run = unit - matrix * runs;
    const means = columnFactors + placeOf(pieces, 1, columns, stride, firstColumn, matrix, 0);
    const scale = f32.load(scales + ((<usize>matrix) << 3));
    const end = min((run + 1) * runThreads * steps, rows * columns);
    let sums = zero;
    for (let element = run * runThreads * steps; element < end; ) {
      // To the end of the row, or of the run.
      const row = element / columns;
      const column = element - row * columns;
      const stop = min(columns, column + end - element);
      const mean = f32.load(rowFactors + ((<usize>(rowStart + matrix * rows + firstRow + row)) << 2)) * scale;
      const from = gradients + placeOf(pieces, rows, columns, stride, firstColumn, matrix, row);
      for (let c = column; c < stop; c += 4) {
        const at = (<usize>c) << 2;
        const update = updateOf(v128.load(from + at), factor, mean, v128.load(means + at), epsilon);
        const inside = firstLanes(update, zero, stop - c);
        sums = madd(inside, inside, sums);
      }
      element += stop - column;
    }
    f32.store(updateSquares + ((<usize>(matrix * parts + firstPart + run)) << 2), sumLanes(sums));
  }
}

/** Units of work: runs of all matrices. */
export function adafactorUpdateSumsUnits(matrices: i32, rows: i32, columns: i32, steps: i32): i32 {
  return matrices * runsOf(rows, columns, steps);
}

/** w = w(1 − rate·decay) − α·u ÷ max(1, rms(u) ÷ updateClip), for a block. */
export function adafactorApply(
  metrics: usize,
  rowFactors: usize,
  columnFactors: usize,
  scales: usize,
  updateSquares: usize,
  weights: usize,
  gradients: usize,
  pieces: i32,
  rows: i32,
  columns: i32,
  stride: i32,
  firstColumn: i32,
  firstRow: i32,
  rowStart: i32,
  parts: i32,
  elements: i32,
  epsilon: f32,
  updateClip: f32,
  weightDecay: f32,
  clearGradient: i32,
  learningRate: f32,
  first: i32,
  last: i32,
): void {
  const changes = isUsable(metrics);
  const factor = clipFactor(metrics);
  const kept = f32x4.splat(1 - learningRate * weightDecay);
  for (let unit = first; unit < last; unit++) {
    const matrix = unit / rows;
    const row = unit - matrix * rows;
    const place = placeOf(pieces, rows, columns, stride, firstColumn, matrix, row);
    const means = columnFactors + placeOf(pieces, 1, columns, stride, firstColumn, matrix, 0);
    const own = scales + ((<usize>matrix) << 3);
    let squares: f32 = 0;
    for (let part = matrix * parts; part < (matrix + 1) * parts; part++) {
      squares += f32.load(updateSquares + ((<usize>part) << 2));
    }
    const clipped = f32.load(own, 4) / max<f32>(1, sqrt<f32>(squares / <f32>elements) / updateClip);
    const mean =
      f32.load(rowFactors + ((<usize>(rowStart + matrix * rows + firstRow + row)) << 2)) * f32.load(own);
    for (let c = 0; c < columns; c += 4) {
      const at = (<usize>c) << 2;
      const gradient = gradients + place + at;
      if (changes) {
        const update = updateOf(v128.load(gradient), factor, mean, v128.load(means + at), epsilon);
        const weight = weights + place + at;
        const shrunk = f32x4.mul(v128.load(weight), kept);
        storeLanes(weight, f32x4.sub(shrunk, f32x4.mul(f32x4.splat(clipped), update)), columns - c);
      }
      if (clearGradient) storeLanes(gradient, f32x4.splat(0), columns - c);
    }
  }
}

/** Units of work: rows of all matrices. */
export function adafactorApplyUnits(matrices: i32, rows: i32): i32 {
  return matrices * rows;
}

const runThreads: i32 = 128;

function runsOf(rows: i32, columns: i32, steps: i32): i32 {
  return (rows * columns + runThreads * steps - 1) / (runThreads * steps);
}

/** Bytes from a parameter's start to a row of a matrix; with one row a matrix, to its columns' factors. */
function placeOf(
  pieces: i32,
  rows: i32,
  columns: i32,
  stride: i32,
  firstColumn: i32,
  matrix: i32,
  row: i32,
): usize {
  const stack = matrix / pieces;
  const column = firstColumn + (matrix - stack * pieces) * columns;
  return (<usize>(stack * rows + row) * <usize>stride + <usize>column) << 2;
}

/** mean += part · (value − mean) */
function approach(mean: usize, part: f32, value: f32): void {
  f32.store(mean, f32.load(mean) + part * (value - f32.load(mean)));
}

/** u: the gradient over the root of its second moment, the product of its row's mean and its column's. */
function updateOf(gradient: v128, factor: f32, rowMean: f32, columnMeans: v128, epsilon: f32): v128 {
  const variance = f32x4.max(f32x4.mul(f32x4.splat(rowMean), columnMeans), f32x4.splat(epsilon * epsilon));
  return f32x4.div(f32x4.mul(gradient, f32x4.splat(factor)), f32x4.sqrt(variance));
}
