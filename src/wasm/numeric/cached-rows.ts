// One query's attention to rows of a cache: scores of keys, their softmax, and the sum of weighted values.
import { cappedScore, lanesWithin } from './attention-scores.ts';
import { exponential } from './functions.ts';
import { largestLane, madd, storeLanes, sumEach, sumLanes } from './vector.ts';

/** Keys whose rows stay in the first cache while each head of a group meets them. */
export const chunkKeys: i32 = 64;

/** Bytes of a head's scores: whole vectors, and one that loads may reach into. */
export function scoreBytesOf(window: i32): usize {
  return (<usize>(window + 7) & ~3) << 2;
}

/** scores[key] = q · row of the key, four keys at a time. */
export function scoreKeys(q: usize, rows: usize, rowBytes: usize, size: i32, keys: i32, scores: usize): void {
  const whole = size & ~3;
  let key = 0;
  for (; key + 4 <= keys; key += 4) {
    const row1 = rows + rowBytes;
    const row2 = row1 + rowBytes;
    const row3 = row2 + rowBytes;
    let s0 = f32x4.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    for (let d = 0; d < whole; d += 4) {
      const at = (<usize>d) << 2;
      const factor = v128.load(q + at);
      s0 = madd(factor, v128.load(rows + at), s0);
      s1 = madd(factor, v128.load(row1 + at), s1);
      s2 = madd(factor, v128.load(row2 + at), s2);
      s3 = madd(factor, v128.load(row3 + at), s3);
    }
    let sum = sumEach(s0, s1, s2, s3);
    for (let d = whole; d < size; d++) {
      const at = (<usize>d) << 2;
      const column = f32x4(
        f32.load(rows + at),
        f32.load(row1 + at),
        f32.load(row2 + at),
        f32.load(row3 + at),
      );
      sum = madd(v128.load_splat<f32>(q + at), column, sum);
    }
    v128.store(scores, sum);
    scores += 16;
    rows = row3 + rowBytes;
  }
  for (; key < keys; key++) {
    let sums = f32x4.splat(0);
    for (let d = 0; d < whole; d += 4) {
      sums = madd(v128.load(q + ((<usize>d) << 2)), v128.load(rows + ((<usize>d) << 2)), sums);
    }
    let sum = sumLanes(sums);
    for (let d = whole; d < size; d++)
      sum += f32.load(q + ((<usize>d) << 2)) * f32.load(rows + ((<usize>d) << 2));
    f32.store(scores, sum);
    scores += 4;
    rows += rowBytes;
  }
}

/** Scores to probabilities, scaled and capped; zeros behind the last one. */
export function weighScores(scores: usize, keys: i32, scale: f32, softcap: f32, sink: f32): void {
  const lowest = f32x4.splat(-Infinity);
  let most = f32x4.splat(sink);
  for (let key = 0; key < keys; key += 4) {
    const at = scores + ((<usize>key) << 2);
    const score = cappedScore(f32x4.mul(v128.load(at), f32x4.splat(scale)), softcap);
    const masked = v128.bitselect(score, lowest, lanesWithin(key, 0, keys));
    v128.store(at, masked);
    most = f32x4.max(most, masked);
  }
  const largest = largestLane(most);
  let total = f32x4.splat(0);
  for (let key = 0; key < keys; key += 4) {
    const at = scores + ((<usize>key) << 2);
    const weight = exponential(f32x4.sub(v128.load(at), f32x4.splat(largest)));
    v128.store(at, weight);
    total = f32x4.add(total, weight);
  }
  const sum = sumLanes(total) + <f32>Math.exp(<f64>sink - largest);
  const factor = f32x4.splat(1 / sum);
  for (let key = 0; key < keys; key += 4) {
    const at = scores + ((<usize>key) << 2);
    v128.store(at, f32x4.mul(v128.load(at), factor));
  }
}

/** y += Σ of the weighted rows, sixteen columns at a time in registers. */
export function addValues(
  weights: usize,
  rows: usize,
  rowBytes: usize,
  keys: i32,
  columns: i32,
  y: usize,
): void {
  let column = 0;
  for (; column + 16 <= columns; column += 16) {
    const at = (<usize>column) << 2;
    let row = rows + at;
    let s0 = v128.load(y + at);
    let s1 = v128.load(y + at, 16);
    let s2 = v128.load(y + at, 32);
    let s3 = v128.load(y + at, 48);
    for (let key = 0; key < keys; key++) {
      const weight = v128.load_splat<f32>(weights + ((<usize>key) << 2));
      s0 = madd(weight, v128.load(row), s0);
      s1 = madd(weight, v128.load(row, 16), s1);
      s2 = madd(weight, v128.load(row, 32), s2);
      s3 = madd(weight, v128.load(row, 48), s3);
      row += rowBytes;
    }
    v128.store(y + at, s0);
    v128.store(y + at, s1, 16);
    v128.store(y + at, s2, 32);
    v128.store(y + at, s3, 48);
  }
  for (; column < columns; column += 4) {
    const at = (<usize>column) << 2;
    let row = rows + at;
    let sum = v128.load(y + at);
    for (let key = 0; key < keys; key++) {
      sum = madd(v128.load_splat<f32>(weights + ((<usize>key) << 2)), v128.load(row), sum);
      row += rowBytes;
    }
    storeLanes(y + at, sum, columns - column);
  }
}
