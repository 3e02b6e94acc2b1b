// Attention of one new token of each sequence against a cache of int8: rows become numbers chunk by chunk, for a group of heads.
import { addValues, chunkKeys, scoreBytesOf, scoreKeys, weighScores } from '../numeric/cached-rows.ts';
import { firstInSight, keysInSight, keysTogether, positionOf, ringRow } from '../numeric/rings.ts';

/** y[slot, head] of the query at the position in the slot's state. `sharedRows`: a row is [value | rest] of one key. */
export function quantisedAttentionDecode(
  qkv: usize,
  cache: usize,
  state: usize,
  sinks: usize,
  y: usize,
  heads: i32,
  keyValueHeads: i32,
  keySize: i32,
  valueSize: i32,
  sharedRows: i32,
  rowStride: i32,
  qOffset: i32,
  context: i32,
  window: i32,
  rowsPerRing: i32,
  rowWords: i32,
  scale: f32,
  softcap: f32,
  hasSinks: i32,
  scratch: usize,
  first: i32,
  last: i32,
): void {
  const groupHeads = heads / keyValueHeads;
  const rowBytes = (<usize>rowWords) << 2;
  const keyBytes = (<usize>keySize) << 2;
  const valueBytes = (<usize>valueSize) << 2;
  const scoreBytes = scoreBytesOf(window);
  const numbers = scratch + <usize>groupHeads * scoreBytes;
  const keyWords = (keySize + 3) >> 2;
  const valueWords = (valueSize + 3) >> 2;
  const rest = keySize - valueSize;
  const scales = rowWords - (sharedRows ? (rest > 0 ? 2 : 1) : 2 * keyValueHeads);
  while (first < last) {
    const slot = first / heads;
    const head = first - slot * heads;
    const group = head / groupHeads;
    const count = min((group + 1) * groupHeads - head, last - first);
    const position = positionOf(state, slot);
    const keys = keysInSight(position, window);
    const firstKey = firstInSight(position, keys, context);
    const queries = qkv + ((<usize>(slot * rowStride + qOffset + head * keySize)) << 2);
    const rows = cache + <usize>ringRow(slot, rowsPerRing, context, 0) * rowBytes;
    const out = y + <usize>first * valueBytes;
    let chunk = 0;
    for (let from = 0; from < keys; from += chunk) {
      const row = (firstKey + from) % context;
      chunk = keysTogether(row, min(chunkKeys, keys - from), context);
      const at = rows + <usize>row * rowBytes;
      if (sharedRows) {
        makeRows(at, rowBytes, chunk, 0, scales, valueSize, numbers, keyBytes);
        if (rest > 0)
          makeRows(at, rowBytes, chunk, valueWords, scales + 1, rest, numbers + valueBytes, keyBytes);
      } else {
        makeRows(at, rowBytes, chunk, group * keyWords, scales + group, keySize, numbers, keyBytes);
      }
      for (let h = 0; h < count; h++) {
        const scores = scratch + <usize>h * scoreBytes + ((<usize>from) << 2);
        scoreKeys(queries + <usize>h * keyBytes, numbers, keyBytes, keySize, chunk, scores);
      }
    }
    for (let h = 0; h < count; h++) {
      const sink: f32 = hasSinks ? f32.load(sinks + ((<usize>(head + h)) << 2)) : -Infinity;
      weighScores(scratch + <usize>h * scoreBytes, keys, scale, softcap, sink);
    }
    memory.fill(out, 0, <usize>count * valueBytes);
    const word = sharedRows ? 0 : keyValueHeads * keyWords + group * valueWords;
    const scaleWord = sharedRows ? scales : scales + keyValueHeads + group;
    for (let from = 0; from < keys; from += chunk) {
      const row = (firstKey + from) % context;
      chunk = keysTogether(row, min(chunkKeys, keys - from), context);
      makeRows(
        rows + <usize>row * rowBytes,
        rowBytes,
        chunk,
        word,
        scaleWord,
        valueSize,
        numbers,
        valueBytes,
      );
      for (let h = 0; h < count; h++) {
        const weights = scratch + <usize>h * scoreBytes + ((<usize>from) << 2);
        addValues(weights, numbers, valueBytes, chunk, valueSize, out + <usize>h * valueBytes);
      }
    }
    first += count;
  }
}

/** Units of work: heads of every slot. */
export function quantisedAttentionDecodeUnits(slots: i32, heads: i32): i32 {
  return slots * heads;
}

/** Bytes of the scores of a group of heads, and of the numbers of a chunk of keys. */
export function quantisedAttentionDecodeScratch(
  heads: i32,
  keyValueHeads: i32,
  keySize: i32,
  valueSize: i32,
  window: i32,
): i32 {
  const scores = <usize>(heads / keyValueHeads) * scoreBytesOf(window);
  return <i32>scores + (chunkKeys * max(keySize, valueSize) + 4) * 4;
}

/** to[key] = scale · bytes of a part of each row. */
function makeRows(
  rows: usize,
  rowBytes: usize,
  keys: i32,
  word: i32,
  scaleWord: i32,
  size: i32,
  to: usize,
  toBytes: usize,
): void {
  const whole = size & ~3;
  for (let key = 0; key < keys; key++) {
    const from = rows + ((<usize>word) << 2);
    const scale = f32.load(rows + ((<usize>scaleWord) << 2));
    for (let d = 0; d < whole; d += 4) {
      const bytes = i16x8.extend_low_i8x16_s(v128.load32_zero(from + <usize>d));
      const numbers = f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(bytes));
      v128.store(to + ((<usize>d) << 2), f32x4.mul(numbers, f32x4.splat(scale)));
    }
    for (let d = whole; d < size; d++)
      f32.store(to + ((<usize>d) << 2), scale * <f32>load<i8>(from + <usize>d));
    rows += rowBytes;
    to += toBytes;
  }
}
