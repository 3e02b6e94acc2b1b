// Keys and values on their way to a layer's cache, a ring for each sequence: of a prompt, and of the newest tokens.
import { positionOf, ringRow } from '../numeric/rings.ts';

/** cache[slot, p mod context] = keys and values of row p of qkv, for the last p below the prompt's length. */
export function cacheAppendPrefill(
  qkv: usize,
  cache: usize,
  rows: i32,
  slots: i32,
  keyColumns: i32,
  valueColumns: i32,
  context: i32,
  rowStride: i32,
  kOffset: i32,
  vOffset: i32,
  length: i32,
  slot: i32,
  first: i32,
  last: i32,
): void {
  const end = min(rows, length);
  const ring = min(slot, slots - 1) * context;
  for (let row = max(first, end - context); row < min(last, end); row++) {
    const from = qkv + ((<usize>row * <usize>rowStride) << 2);
    copyRow(from, cache, ring + (row % context), keyColumns, valueColumns, kOffset, vOffset);
  }
}

/** Units of work: rows. */
export function cacheAppendPrefillUnits(rows: i32): i32 {
  return rows;
}

/** cache[r ÷ rowsPerRing, state[r, 0] mod context] = keys and values of row r of qkv. */
export function cacheAppendDecode(
  qkv: usize,
  state: usize,
  cache: usize,
  keyColumns: i32,
  valueColumns: i32,
  context: i32,
  rowStride: i32,
  kOffset: i32,
  vOffset: i32,
  rowsPerRing: i32,
  first: i32,
  last: i32,
): void {
  for (let row = first; row < last; row++) {
    const from = qkv + ((<usize>row * <usize>rowStride) << 2);
    const to = ringRow(row, rowsPerRing, context, positionOf(state, row));
    copyRow(from, cache, to, keyColumns, valueColumns, kOffset, vOffset);
  }
}

/** Units of work: rows. */
export function cacheAppendDecodeUnits(slots: i32, rowsPerRing: i32): i32 {
  return slots * rowsPerRing;
}

function copyRow(
  from: usize,
  cache: usize,
  row: i32,
  keyColumns: i32,
  valueColumns: i32,
  kOffset: i32,
  vOffset: i32,
): void {
  const keyBytes = (<usize>keyColumns) << 2;
  const valueBytes = (<usize>valueColumns) << 2;
  const to = cache + <usize>row * (keyBytes + valueBytes);
  memory.copy(to, from + ((<usize>kOffset) << 2), keyBytes);
  memory.copy(to + keyBytes, from + ((<usize>vOffset) << 2), valueBytes);
}
