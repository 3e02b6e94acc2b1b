// Lookups in a table of int8 or int4, whose rows are the columns of a quantised matrix: of all tokens, and while decoding.
import { blockColumns, firstOf, halves, int4Rows, int8Rows, pitchOf } from '../numeric/quantised.ts';
import { positionOf, tokenOf } from '../numeric/rings.ts';

/** x[row] = column of the row's token (+ positions[t]) where this block of the table has the token. */
export function quantisedEmbedding(
  tokens: usize,
  w: usize,
  positions: usize,
  x: usize,
  columns: i32,
  inner: i32,
  firstRow: i32,
  hasPositions: i32,
  time: i32,
  rowLength: i32,
  bits: i32,
  first: i32,
  last: i32,
): void {
  const bytes = (<usize>inner) << 2;
  for (let row = first; row < last; row++) {
    const sample = row / time;
    const t = row - sample * time;
    const column = load<i32>(tokens + ((<usize>(sample * rowLength + t)) << 2)) - firstRow;
    const added = hasPositions ? positions + <usize>t * bytes : 0;
    copyColumn(w, columns, inner, bits, column, added, x + <usize>row * bytes);
  }
}

/** Units of work: rows. */
export function quantisedEmbeddingUnits(rows: i32): i32 {
  return rows;
}

/** x[s] = column of the token in the slot's state (+ positions[its position]). */
export function quantisedEmbeddingDecode(
  state: usize,
  w: usize,
  positions: usize,
  x: usize,
  columns: i32,
  inner: i32,
  firstRow: i32,
  hasPositions: i32,
  positionRows: i32,
  bits: i32,
  first: i32,
  last: i32,
): void {
  const bytes = (<usize>inner) << 2;
  for (let slot = first; slot < last; slot++) {
    const position = min<u32>(positionOf(state, slot), <u32>max(positionRows, 1) - 1);
    const added = hasPositions ? positions + <usize>position * bytes : 0;
    copyColumn(w, columns, inner, bits, tokenOf(state, slot) - firstRow, added, x + <usize>slot * bytes);
  }
}

/** Units of work: slots. */
export function quantisedEmbeddingDecodeUnits(slots: i32): i32 {
  return slots;
}

function copyColumn(
  w: usize,
  columns: i32,
  inner: i32,
  bits: i32,
  column: i32,
  added: usize,
  to: usize,
): void {
  if (column < 0 || column >= columns) return;
  const block = column / blockColumns;
  const rows = bits === 8 ? int8Rows(inner) : int4Rows(inner);
  const pitch = pitchOf(columns, block);
  const words = firstOf(w, block, rows) + ((<usize>(column - block * blockColumns)) << 2);
  const scale = f32.load(words + <usize>(rows - 1) * pitch); // of int8
  for (let k = 0; k < inner; k++) {
    const value = bits === 8 ? scale * byteAt(words, pitch, k) : nibbleAt(words, pitch, k);
    const at = (<usize>k) << 2;
    f32.store(to + at, added ? value + f32.load(added + at) : value);
  }
}

function byteAt(words: usize, pitch: usize, k: i32): f32 {
  const word = load<i32>(words + <usize>(k >> 2) * pitch);
  return <f32>((word << (24 - 8 * (k & 3))) >> 24);
}

/** The fifth row of a group of 32 has its scale and minimum. */
function nibbleAt(words: usize, pitch: usize, k: i32): f32 {
  const group = words + <usize>(5 * (k >> 5)) * pitch;
  const word = load<u32>(group + <usize>((k & 31) >> 3) * pitch);
  const pair = load<u32>(group + 4 * pitch);
  const factors = halves(i32x4(<i32>pair, <i32>(pair >> 16), 0, 0));
  const nibble = <f32>((word >> (4 * (k & 7))) & 15);
  return nibble * f32x4.extract_lane(factors, 0) + f32x4.extract_lane(factors, 1);
}
