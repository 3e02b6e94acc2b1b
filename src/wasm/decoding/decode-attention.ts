// Attention of one new token of each sequence against its cached keys and values, which stream by once for a group of heads.
import { addValues, chunkKeys, scoreBytesOf, scoreKeys, weighScores } from '../numeric/cached-rows.ts';
import { firstInSight, keysInSight, keysTogether, positionOf, ringRow } from '../numeric/rings.ts';

/** y[slot, head] of the query at the position in the slot's state. Rows of the cache hold key heads, from `valueOffset` values. */
export function attentionDecode(
  qkv: usize,
  cache: usize,
  state: usize,
  sinks: usize,
  y: usize,
  heads: i32,
  keyValueHeads: i32,
  keySize: i32,
  valueSize: i32,
  rowStride: i32,
  qOffset: i32,
  context: i32,
  window: i32,
  rowsPerRing: i32,
  rowWidth: i32,
  valueOffset: i32,
  scale: f32,
  softcap: f32,
  hasSinks: i32,
  scratch: usize,
  first: i32,
  last: i32,
): void {
  const groupHeads = heads / keyValueHeads;
  const rowBytes = (<usize>rowWidth) << 2;
  const keyBytes = (<usize>keySize) << 2;
  const valueBytes = (<usize>valueSize) << 2;
  const scoreBytes = scoreBytesOf(window);
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
      const keyRows = rows + <usize>row * rowBytes + <usize>group * keyBytes;
      for (let h = 0; h < count; h++) {
        const scores = scratch + <usize>h * scoreBytes + ((<usize>from) << 2);
        scoreKeys(queries + <usize>h * keyBytes, keyRows, rowBytes, keySize, chunk, scores);
      }
    }
    for (let h = 0; h < count; h++) {
      const sink: f32 = hasSinks ? f32.load(sinks + ((<usize>(head + h)) << 2)) : -Infinity;
      weighScores(scratch + <usize>h * scoreBytes, keys, scale, softcap, sink);
    }
    memory.fill(out, 0, <usize>count * valueBytes);
    for (let from = 0; from < keys; from += chunk) {
      const row = (firstKey + from) % context;
      chunk = keysTogether(row, min(chunkKeys, keys - from), context);
      const valueRows =
        rows + <usize>row * rowBytes + ((<usize>valueOffset) << 2) + <usize>group * valueBytes;
      for (let h = 0; h < count; h++) {
        const weights = scratch + <usize>h * scoreBytes + ((<usize>from) << 2);
        addValues(weights, valueRows, rowBytes, chunk, valueSize, out + <usize>h * valueBytes);
      }
    }
    first += count;
  }
}

/** Units of work: heads of every slot. Neighbours that share keys are taken together where one thread has both. */
export function attentionDecodeUnits(slots: i32, heads: i32): i32 {
  return slots * heads;
}

/** Bytes of the scores of a group of heads. */
export function attentionDecodeScratch(heads: i32, keyValueHeads: i32, window: i32): i32 {
  return <i32>(<usize>(heads / keyValueHeads) * scoreBytesOf(window));
}
