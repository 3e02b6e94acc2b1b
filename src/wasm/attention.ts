// Causal attention forward: keys and values packed once per head, four queries at a time, memory linear in time.
import {
  blockRows,
  cappedScore,
  combineRows,
  dropKeys,
  lanesWithin,
  paddedBytes,
  scoreRows,
} from './numeric/attention-scores.ts';
import { exponential } from './numeric/functions.ts';
import { packRows, packTransposed, panelBytes, panelColumns } from './numeric/panels.ts';
import { largestLane, sumLanes } from './numeric/vector.ts';

/** Queries of one unit of work. */
const tileQueries: i32 = 64;

/** y and logSumExp of all query heads; rows are packed as query | key | value heads. */
export function attentionForward(
  qkv: usize,
  sinks: usize,
  y: usize,
  logSumExp: usize,
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
  hasSinks: i32,
  dropoutSeed: u32,
  step: u32,
  sampleOffset: u32,
  scratch: usize,
  first: i32,
  last: i32,
): void {
  const tiles = (time + tileQueries - 1) / tileQueries;
  const groupHeads = heads / keyValueHeads;
  const stride = (<usize>rowStride) << 2;
  const yStride = (<usize>(heads * valueSize)) << 2;
  const block = scratch;
  const scores = block + blockRows * panelBytes;
  const pitch = paddedBytes(time); // from a row of scores to the next
  const keys = scores + blockRows * pitch;
  const values = keys + pitch * keySize;
  while (first < last) {
    // Consecutive tiles of one head share what is packed.
    const head = first / tiles;
    const tile = first - head * tiles;
    const run = min(tiles - tile, last - first);
    const firstQuery = tile * tileQueries;
    const endQuery = min((tile + run) * tileQueries, time);
    const sample = head / keyValueHeads;
    const keyValueHead = head - sample * keyValueHeads;
    const base = qkv + <usize>(sample * time) * stride;
    const firstKey = max(0, firstQuery - window + 1) & ~(panelColumns - 1);
    const shared = endQuery - firstKey;
    const from = base + <usize>firstKey * stride;
    packTransposed(from + ((<usize>(kOffset + keyValueHead * keySize)) << 2), stride, keySize, shared, keys);
    packRows(from + ((<usize>(vOffset + keyValueHead * valueSize)) << 2), stride, shared, valueSize, values);
    for (let grouped = 0; grouped < groupHeads; grouped++) {
      const queryHead = keyValueHead * groupHeads + grouped;
      const queries = base + ((<usize>(qOffset + queryHead * keySize)) << 2);
      for (let query = firstQuery; query < endQuery; query += blockRows) {
        const count = min(blockRows, endQuery - query);
        const start = (max(0, query - window + 1) & ~(panelColumns - 1)) - firstKey;
        const end = query + count - firstKey;
        const endPanel = (end + panelColumns - 1) / panelColumns;
        scoreRows(
          queries,
          stride,
          query,
          endQuery,
          keys,
          keySize,
          start / panelColumns,
          endPanel,
          scores,
          pitch,
        );
        for (let r = 0; r < blockRows; r++) {
          const at = min(query + r, endQuery - 1);
          const sink: f32 = hasSinks ? f32.load(sinks + ((<usize>queryHead) << 2)) : -Infinity;
          const visible = max(0, at - window + 1) - firstKey;
          const row = scores + <usize>r * pitch;
          const total = normaliseRow(
            row,
            start,
            endPanel * panelColumns,
            visible,
            at + 1 - firstKey,
            scale,
            softcap,
            sink,
          );
          if (dropout > 0) {
            const element = <u32>(queryHead * time + at) * time + firstKey;
            dropKeys(row, start, end, element, dropoutSeed, step, sampleOffset + sample, operation, dropout);
          }
          f32.store(logSumExp + ((<usize>((sample * heads + queryHead) * time + at)) << 2), total);
        }
        const out = y + <usize>(sample * time + query) * yStride + ((<usize>(queryHead * valueSize)) << 2);
        combineRows(scores, pitch, start, end, values, shared, valueSize, out, yStride, count, false, block);
      }
    }
    first += run;
  }
}

/** Units of work: tiles of queries of each sample and key/value head. */
export function attentionForwardUnits(batch: i32, time: i32, keyValueHeads: i32): i32 {
  return batch * keyValueHeads * ((time + tileQueries - 1) / tileQueries);
}

/** Bytes of packed keys and values of one head, and four rows of scores. */
export function attentionForwardScratch(time: i32, keySize: i32, valueSize: i32): i32 {
  const padded = paddedBytes(time);
  const valueRows = <usize>time * paddedBytes(valueSize);
  return <i32>(blockRows * panelBytes + padded * (blockRows + keySize) + valueRows);
}

/** Scores to probabilities over keys [visible, end), zero elsewhere in [start, stop). Returns log Σ exp. */
function normaliseRow(
  row: usize,
  start: i32,
  stop: i32,
  visible: i32,
  end: i32,
  scale: f32,
  softcap: f32,
  sink: f32,
): f32 {
  const lowest = f32x4.splat(-Infinity);
  const scales = f32x4.splat(scale);
  let most = f32x4.splat(sink);
  for (let key = start; key < stop; key += 4) {
    const at = row + ((<usize>key) << 2);
    const score = cappedScore(f32x4.mul(v128.load(at), scales), softcap);
    const masked = v128.bitselect(score, lowest, lanesWithin(key, visible, end));
    v128.store(at, masked);
    most = f32x4.max(most, masked);
  }
  const largest = largestLane(most);
  const largests = f32x4.splat(largest);
  let total = f32x4.splat(0);
  for (let key = start; key < stop; key += 4) {
    const at = row + ((<usize>key) << 2);
    const value = exponential(f32x4.sub(v128.load(at), largests));
    v128.store(at, value);
    total = f32x4.add(total, value);
  }
  const sum = sumLanes(total) + <f32>Math.exp(<f64>sink - largest);
  const factor = f32x4.splat(1 / sum);
  for (let key = start; key < stop; key += 4) {
    const at = row + ((<usize>key) << 2);
    v128.store(at, f32x4.mul(v128.load(at), factor));
  }
  return <f32>(<f64>largest + Math.log(<f64>sum));
}
