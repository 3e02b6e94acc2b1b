// Rounds keys and values (or latents and rotated keys) to int8 on their way to a layer's cache: a scale a token and part.
import { positionOf, ringRow } from '../numeric/rings.ts';

const oneOver127: f32 = 1.0 / 127;

/** cache[slot, p mod context] = row p of `packed` in int8, for the last p below the prompt's length. */
export function cacheQuantisePrefill(
  packed: usize,
  cache: usize,
  rows: i32,
  slots: i32,
  parts: i32,
  firstSize: i32,
  secondSize: i32,
  context: i32,
  rowStride: i32,
  firstOffset: i32,
  secondOffset: i32,
  length: i32,
  slot: i32,
  first: i32,
  last: i32,
): void {
  const end = min(rows, length);
  const ring = min(slot, slots - 1) * context;
  for (let row = max(first, end - context); row < min(last, end); row++) {
    const from = packed + ((<usize>(row * rowStride)) << 2);
    const place = ring + (row % context);
    quantiseRow(from, cache, place, parts, firstSize, secondSize, firstOffset, secondOffset);
  }
}

/** Units of work: rows. */
export function cacheQuantisePrefillUnits(rows: i32): i32 {
  return rows;
}

/** cache[r ÷ rowsPerRing, state[r, 0] mod context] = row r of `packed` in int8. */
export function cacheQuantiseDecode(
  packed: usize,
  state: usize,
  cache: usize,
  parts: i32,
  firstSize: i32,
  secondSize: i32,
  context: i32,
  rowStride: i32,
  firstOffset: i32,
  secondOffset: i32,
  rowsPerRing: i32,
  first: i32,
  last: i32,
): void {
  for (let row = first; row < last; row++) {
    const from = packed + ((<usize>(row * rowStride)) << 2);
    const place = ringRow(row, rowsPerRing, context, positionOf(state, row));
    quantiseRow(from, cache, place, parts, firstSize, secondSize, firstOffset, secondOffset);
  }
}

/** Units of work: rows. */
export function cacheQuantiseDecodeUnits(slots: i32, rowsPerRing: i32): i32 {
  return slots * rowsPerRing;
}

/** Words of the first parts, of the second ones, and a scale of each. */
function quantiseRow(
  from: usize,
  cache: usize,
  place: i32,
  parts: i32,
  firstSize: i32,
  secondSize: i32,
  firstOffset: i32,
  secondOffset: i32,
): void {
  const firstWords = (firstSize + 3) >> 2;
  const secondWords = (secondSize + 3) >> 2;
  const allParts = secondSize > 0 ? 2 * parts : parts;
  const words = parts * (firstWords + secondWords);
  let to = cache + ((<usize>(place * (words + allParts))) << 2);
  let scale = to + ((<usize>words) << 2);
  for (let part = 0; part < allParts; part++) {
    const isFirst = part < parts;
    const size = isFirst ? firstSize : secondSize;
    const column = isFirst ? firstOffset + part * size : secondOffset + (part - parts) * size;
    f32.store(scale, quantisePart(from + ((<usize>column) << 2), size, to));
    to += (<usize>(isFirst ? firstWords : secondWords)) << 2;
    scale += 4;
  }
}

/** Writes the bytes of a part, zeros behind the last. Returns its scale. */
function quantisePart(x: usize, size: i32, to: usize): f32 {
  let largest: f32 = 0;
  for (let d = 0; d < size; d++) largest = max<f32>(largest, abs<f32>(f32.load(x + ((<usize>d) << 2))));
  const scale = cacheScale(largest);
  for (let d = 0; d < (size + 3) >> 2; d++) store<u32>(to + ((<usize>d) << 2), 0);
  if (!(scale > 0)) return scale;
  for (let d = 0; d < size; d++) {
    const value = f32.load(x + ((<usize>d) << 2));
    const quotient = min<i32>(127, <i32>floor<f32>(abs<f32>(value) / scale + 0.5));
    store<i8>(to + <usize>d, <i8>(value < 0 ? -quotient : quotient));
  }
  return scale;
}

/** largest ÷ 127, rounded up to 16 bits of mantissa; 0 where that is subnormal, NaN where the largest is no number. */
function cacheScale(largest: f32): f32 {
  if (largest - largest !== 0) return NaN;
  const bits = (reinterpret<u32>(largest * oneOver127) + 0xff) & 0xffffff00;
  return (bits >> 23) & 255 ? reinterpret<f32>(bits) : 0;
}
