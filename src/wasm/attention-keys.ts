// Gradients of causal attention by keys: dk and dv, over all query heads of a group.
import {
  blockRows,
  cappedScore,
  combineRows,
  keepFactor,
  lanesWithin,
  paddedBytes,
  scoreGradients,
  scoreRows,
} from './numeric/attention-scores.ts';
import { exponential } from './numeric/functions.ts';
import { packRows, packTransposed, panelBytes, panelColumns } from './numeric/panels.ts';

/** Rows of one unit of work. */
const tileRows: i32 = 64;

/** dk and dv (+ what is there) = Σ over queries and the group's heads of ds · q and of p · dy. */
export function attentionKeysAndValues(
  qkv: usize,
  dy: usize,
  logSumExp: usize,
  delta: usize,
  dqkv: usize,
  time: i32,
  heads: i32,
  keyValueHeads: i32,
  keySize: i32,
  valueSize: i32,
  rowStride: i32,
  qOffset: i32,
  kOffset: i32,
  vOffset: i32,
  scale: f32,
  dropout: f32,
  operation: u32,
  window: i32,
  softcap: f32,
  accumulate: i32,
  dropoutSeed: u32,
  step: u32,
  sampleOffset: u32,
  scratch: usize,
  first: i32,
  last: i32,
): void {
  const tiles = (time + tileRows - 1) / tileRows;
  const groupHeads = heads / keyValueHeads;
  const stride = (<usize>rowStride) << 2;
  const dyStride = (<usize>(heads * valueSize)) << 2;
  const block = scratch;
  const scores = block + blockRows * panelBytes;
  const pitch = paddedBytes(time); // from a row of scores to the next
  const slopes = scores + blockRows * pitch;
  const queries = slopes + blockRows * pitch;
  const givens = queries + pitch * keySize;
  const queryRows = givens + pitch * valueSize;
  const givenRows = queryRows + <usize>time * paddedBytes(keySize);
  while (first < last) {
    const head = first / tiles;
    const tile = first - head * tiles;
    const run = min(tiles - tile, last - first);
    const firstKey = tile * tileRows;
    const endKey = min((tile + run) * tileRows, time);
    const sample = head / keyValueHeads;
    const keyValueHead = head - sample * keyValueHeads;
    const base = qkv + <usize>(sample * time) * stride;
    const keyColumn = (<usize>(kOffset + keyValueHead * keySize)) << 2;
    const valueColumn = (<usize>(vOffset + keyValueHead * valueSize)) << 2;
    const keys = base + keyColumn;
    const values = base + valueColumn;
    // Queries that see any of these keys: from the first of them on.
    const shared = min(time, endKey - 1 + window) - firstKey;
    for (let grouped = 0; grouped < groupHeads; grouped++) {
      const queryHead = keyValueHead * groupHeads + grouped;
      const rows = (sample * heads + queryHead) * time + firstKey;
      const queryAt = base + <usize>firstKey * stride + ((<usize>(qOffset + queryHead * keySize)) << 2);
      const givenAt =
        dy + <usize>(sample * time + firstKey) * dyStride + ((<usize>(queryHead * valueSize)) << 2);
      packTransposed(queryAt, stride, keySize, shared, queries);
      packTransposed(givenAt, dyStride, valueSize, shared, givens);
      packRows(queryAt, stride, shared, keySize, queryRows);
      packRows(givenAt, dyStride, shared, valueSize, givenRows);
      for (let key = firstKey; key < endKey; key += blockRows) {
        const count = min(blockRows, endKey - key);
        const start = (key - firstKey) & ~(panelColumns - 1);
        const end = min(time, key + count - 1 + window) - firstKey;
        const startPanel = start / panelColumns;
        const endPanel = (end + panelColumns - 1) / panelColumns;
        scoreRows(keys, stride, key, endKey, queries, keySize, startPanel, endPanel, scores, pitch);
        scoreRows(values, stride, key, endKey, givens, valueSize, startPanel, endPanel, slopes, pitch);
        for (let r = 0; r < blockRows; r++) {
          const at = min(key + r, endKey - 1);
          const row = scores + <usize>r * pitch;
          const gradients = slopes + <usize>r * pitch;
          const visible = at - firstKey;
          const behind = min(time, at + window) - firstKey;
          for (let query = start; query < endPanel * panelColumns; query += 4) {
            const place = (<usize>query) << 2;
            const inside = lanesWithin(query, visible, behind);
            const capped = cappedScore(f32x4.mul(v128.load(row + place), f32x4.splat(scale)), softcap);
            const sums = v128.load(logSumExp + ((<usize>(rows + query)) << 2));
            const p = v128.and(exponential(f32x4.sub(capped, sums)), inside);
            let keep = f32x4.splat(1);
            if (dropout > 0)
              keep = keepFactors(
                dropoutSeed,
                step,
                sampleOffset + sample,
                operation,
                queryHead * time + firstKey + query,
                time,
                at,
                dropout,
              );
            const dp = f32x4.mul(v128.load(gradients + place), keep);
            const subtracted = v128.load(delta + ((<usize>(rows + query)) << 2));
            const ds = scoreGradients(p, dp, subtracted, capped, softcap, scale);
            v128.store(row + place, f32x4.mul(p, keep));
            v128.store(gradients + place, v128.and(ds, inside));
          }
        }
        const out = dqkv + <usize>(sample * time + key) * stride;
        const dk = out + keyColumn;
        const dv = out + valueColumn;
        const adds = accumulate !== 0 || grouped > 0;
        combineRows(slopes, pitch, start, end, queryRows, shared, keySize, dk, stride, count, adds, block);
        combineRows(scores, pitch, start, end, givenRows, shared, valueSize, dv, stride, count, adds, block);
      }
    }
    first += run;
  }
}

/** Units of work: tiles of keys of each sample and key/value head. */
export function attentionKeysAndValuesUnits(batch: i32, time: i32, keyValueHeads: i32): i32 {
  return batch * keyValueHeads * ((time + tileRows - 1) / tileRows);
}

/** Bytes of the packed queries and gradients of one head, each both ways, and eight rows of scores. */
export function attentionKeysAndValuesScratch(time: i32, keySize: i32, valueSize: i32): i32 {
  const padded = paddedBytes(time);
  const rows = <usize>time * (paddedBytes(keySize) + paddedBytes(valueSize));
  return <i32>(blockRows * panelBytes + padded * (2 * blockRows + keySize + valueSize) + rows);
}

/** keepFactor of four queries and one key. `row` counts queries over all heads of a sample. */
function keepFactors(
  seed: u32,
  step: u32,
  sample: u32,
  operation: u32,
  row: u32,
  time: u32,
  key: u32,
  dropout: f32,
): v128 {
  const element = row * time + key;
  let keep = f32x4.splat(keepFactor(seed, step, sample, operation, element, dropout));
  keep = f32x4.replace_lane(keep, 1, keepFactor(seed, step, sample, operation, element + time, dropout));
  keep = f32x4.replace_lane(keep, 2, keepFactor(seed, step, sample, operation, element + 2 * time, dropout));
  return f32x4.replace_lane(keep, 3, keepFactor(seed, step, sample, operation, element + 3 * time, dropout));
}
