// What a matrix product makes of its sums, bias included: an activation or its slope, dropout, and then a residual.
import { activate, slopeOf } from './activations.ts';
import { randomUniform } from './random.ts';
import { storeLanes } from './vector.ts';

/**
 * Shapes a run of columns of one row where it lies. `activation` is that of the shader: 1 f(sum), 2 the same with the sum
 * kept, 3 sum · f′(slopesAt).
 * @param y, added, kept, slopesAt the row's start; added is 0 where there is none
 */
export function shapeRow(
  y: usize,
  added: usize,
  kept: usize,
  slopesAt: usize,
  row: i32,
  firstColumn: i32,
  columnCount: i32,
  columns: i32,
  activation: i32,
  kind: i32,
  dropout: f32,
  time: i32,
  operation: u32,
  dropoutSeed: u32,
  step: u32,
  sampleOffset: u32,
): void {
  const end = firstColumn + columnCount;
  if (activation !== 0) {
    for (let c = firstColumn; c < end; c += 4) {
      const at = (<usize>c) << 2;
      const sum = v128.load(y + at);
      if (activation === 2) storeLanes(kept + at, sum, end - c);
      const shaped =
        activation === 3 ? f32x4.mul(sum, slopeOf(kind, v128.load(slopesAt + at))) : activate(kind, sum);
      storeLanes(y + at, shaped, end - c);
    }
  }
  if (dropout > 0)
    dropRow(y, y, row, time, columns, firstColumn, end, dropout, operation, dropoutSeed, step, sampleOffset);
  if (added) {
    for (let c = firstColumn; c < end; c += 4) {
      const at = (<usize>c) << 2;
      storeLanes(y + at, f32x4.add(v128.load(y + at), v128.load(added + at)), end - c);
    }
  }
}

/**
 * to[c] = from[c] ÷ (1 − dropout) or 0, for columns from first to end of a row. Elements are counted within their sample of
 * `time` rows, and samples over all of the step: what is dropped does not depend on how a step is cut into batches.
 */
export function dropRow(
  from: usize,
  to: usize,
  row: i32,
  time: i32,
  columns: i32,
  first: i32,
  end: i32,
  dropout: f32,
  operation: u32,
  dropoutSeed: u32,
  step: u32,
  sampleOffset: u32,
): void {
  const sample = row / time;
  const place = (row - sample * time) * columns;
  const scale: f32 = 1 / (1 - dropout);
  for (let c = first; c < end; c++) {
    const at = (<usize>c) << 2;
    const uniform = randomUniform(dropoutSeed, step, sampleOffset + sample, operation, place + c);
    f32.store(to + at, uniform < dropout ? 0 : f32.load(from + at) * scale);
  }
}
