// Gradients of causal attention by queries: Σ y·dy of each row, and dq.
import {
  blockRows,
  cappedScore,
  combineRows,
  dropKeys,
  lanesWithin,
  paddedBytes,
  scoreGradients,
  scoreRows,
} from './numeric/attention-scores.ts';
import { dot } from './numeric/few-rows.ts';
import { exponential } from './numeric/functions.ts';
import { packRows, packTransposed, panelBytes, panelColumns } from './numeric/panels.ts';

/** Rows of one unit of work. */
const tileRows: i32 = 64;

/** delta[b, h, t] = Σ_d y[b, t, h, d] · dy[b, t, h, d]. */
export function attentionDelta(
  y: usize,
  dy: usize,
  delta: usize,
  time: i32,
  heads: i32,
  valueSize: i32,
  first: i32,
  last: i32,
): void {
  for (let row = first; row < last; row++) {
    const sample = row / time;
    for (let head = 0; head < heads; head++) {
      const at = (<usize>((row * heads + head) * valueSize)) << 2;
      const place = (sample * heads + head) * time + row - sample * time;
      f32.store(delta + ((<usize>place) << 2), dot(y + at, dy + at, valueSize));
    }
  }
}

/** Units of work: rows. */
export function attentionDeltaUnits(batch: i32, time: i32): i32 {
  return batch * time;
}

/** dq (+ what is there) = Σ over keys of ds · k. */
export function attentionQueries(
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
  const adds = accumulate !== 0;
  const stride = (<usize>rowStride) << 2;
  const dyStride = (<usize>(heads * valueSize)) << 2;
  const block = scratch;
  const scores = block + blockRows * panelBytes;
  const pitch = paddedBytes(time); // from a row of scores to the next
  const slopes = scores + blockRows * pitch;
  const keys = slopes + blockRows * pitch;
  const values = keys + pitch * keySize;
  const keyRows = values + pitch * valueSize;
  while (first < last) {
    const head = first / tiles;
    const tile = first - head * tiles;
    const run = min(tiles - tile, last - first);
    const firstQuery = tile * tileRows;
    const endQuery = min((tile + run) * tileRows, time);
    const sample = head / keyValueHeads;
    const keyValueHead = head - sample * keyValueHeads;
    const base = qkv + <usize>(sample * time) * stride;
    const firstKey = max(0, firstQuery - window + 1) & ~(panelColumns - 1);
    const shared = endQuery - firstKey;
    const from = base + <usize>firstKey * stride;
    const keyAt = from + ((<usize>(kOffset + keyValueHead * keySize)) << 2);
    packTransposed(keyAt, stride, keySize, shared, keys);
    packTransposed(
      from + ((<usize>(vOffset + keyValueHead * valueSize)) << 2),
      stride,
      valueSize,
      shared,
      values,
    );
    packRows(keyAt, stride, shared, keySize, keyRows);
    for (let grouped = 0; grouped < groupHeads; grouped++) {
      const queryHead = keyValueHead * groupHeads + grouped;
      const rows = (sample * heads + queryHead) * time;
      const queries = base + ((<usize>(qOffset + queryHead * keySize)) << 2);
      const given = dy + <usize>(sample * time) * dyStride + ((<usize>(queryHead * valueSize)) << 2);
      for (let query = firstQuery; query < endQuery; query += blockRows) {
        const count = min(blockRows, endQuery - query);
        const start = (max(0, query - window + 1) & ~(panelColumns - 1)) - firstKey;
        const end = query + count - firstKey;
        const endPanel = (end + panelColumns - 1) / panelColumns;
        const startPanel = start / panelColumns;
        scoreRows(queries, stride, query, endQuery, keys, keySize, startPanel, endPanel, scores, pitch);
        scoreRows(given, dyStride, query, endQuery, values, valueSize, startPanel, endPanel, slopes, pitch);
        for (let r = 0; r < blockRows; r++) {
          const at = min(query + r, endQuery - 1);
          const row = scores + <usize>r * pitch;
          const gradients = slopes + <usize>r * pitch;
          const sum = f32x4.splat(f32.load(logSumExp + ((<usize>(rows + at)) << 2)));
          const subtracted = f32x4.splat(f32.load(delta + ((<usize>(rows + at)) << 2)));
          if (dropout > 0) {
            const element = <u32>(queryHead * time + at) * time + firstKey;
            dropKeys(
              gradients,
              start,
              end,
              element,
              dropoutSeed,
              step,
              sampleOffset + sample,
              operation,
              dropout,
            );
          }
          const visible = max(0, at - window + 1) - firstKey;
          for (let key = start; key < endPanel * panelColumns; key += 4) {
            const place = (<usize>key) << 2;
            const inside = lanesWithin(key, visible, at + 1 - firstKey);
            const capped = cappedScore(f32x4.mul(v128.load(row + place), f32x4.splat(scale)), softcap);
            const p = exponential(f32x4.sub(capped, sum));
            const dp = v128.load(gradients + place);
            const ds = scoreGradients(p, dp, subtracted, capped, softcap, scale);
            v128.store(row + place, v128.and(ds, inside));
          }
        }
        const out =
          dqkv + <usize>(sample * time + query) * stride + ((<usize>(qOffset + queryHead * keySize)) << 2);
        combineRows(scores, pitch, start, end, keyRows, shared, keySize, out, stride, count, adds, block);
      }
    }
    first += run;
  }
}

/** Units of work: tiles of queries of each sample and key/value head. */
export function attentionQueriesUnits(batch: i32, time: i32, keyValueHeads: i32): i32 {
  return batch * keyValueHeads * ((time + tileRows - 1) / tileRows);
}

/** Bytes of the packed keys and values of one head, and eight rows of scores. */
export function attentionQueriesScratch(time: i32, keySize: i32, valueSize: i32): i32 {
  const padded = paddedBytes(time);
  const keyRows = <usize>time * paddedBytes(keySize);
  return <i32>(blockRows * panelBytes + padded * (2 * blockRows + keySize + valueSize) + keyRows);
}
