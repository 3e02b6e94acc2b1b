// Rotary positions of the query and key heads of packed rows, in place, and for the one row of a decoding step.
import { positionOf } from './numeric/rings.ts';
import { rotatePairs } from './numeric/rotate.ts';

/** Rotates the first `rotated` channels of each query and key head by its position; direction −1 rotates back. */
export function ropeRotate(
  table: usize,
  qkv: usize,
  time: i32,
  heads: i32,
  keyValueHeads: i32,
  keySize: i32,
  rotated: i32,
  rowStride: i32,
  qOffset: i32,
  kOffset: i32,
  direction: f32,
  first: i32,
  last: i32,
): void {
  for (let row = first; row < last; row++) {
    const at = qkv + ((<usize>row * rowStride) << 2);
    rotateRow(table, at, row % time, heads, keyValueHeads, keySize, rotated, qOffset, kOffset, direction);
  }
}

/** Units of work: rows. */
export function ropeRotateUnits(rows: i32): i32 {
  return rows;
}

/** Rotates the row of each slot by the position in its state. */
export function ropeDecode(
  table: usize,
  state: usize,
  qkv: usize,
  heads: i32,
  keyValueHeads: i32,
  keySize: i32,
  rotated: i32,
  rowStride: i32,
  qOffset: i32,
  kOffset: i32,
  context: i32,
  first: i32,
  last: i32,
): void {
  for (let slot = first; slot < last; slot++) {
    const position = min(<i32>positionOf(state, slot), context - 1);
    const row = qkv + ((<usize>slot * rowStride) << 2);
    rotateRow(table, row, position, heads, keyValueHeads, keySize, rotated, qOffset, kOffset, 1);
  }
}

/** Units of work: slots. */
export function ropeDecodeUnits(slots: i32): i32 {
  return slots;
}

function rotateRow(
  table: usize,
  row: usize,
  position: i32,
  heads: i32,
  keyValueHeads: i32,
  keySize: i32,
  rotated: i32,
  qOffset: i32,
  kOffset: i32,
  direction: f32,
): void {
  const half = rotated >> 1;
  const angles = table + ((<usize>position * half) << 3);
  for (let head = 0; head < heads + keyValueHeads; head++) {
    const column = head < heads ? qOffset + head * keySize : kOffset + (head - heads) * keySize;
    const at = row + ((<usize>column) << 2);
    rotatePairs(at, at, angles, half, direction);
  }
}
