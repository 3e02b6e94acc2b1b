// Token and position embeddings: lookup, lookup while decoding, and gradients of both tables in a fixed order.
import { grain, grains } from './numeric/grain.ts';
import { positionOf, tokenOf } from './numeric/rings.ts';
import { firstLanes, storeLanes } from './numeric/vector.ts';

/** x[b, t] = table[token] (+ positions[t]) where this block of rows has the token; other rows of x stay. */
export function embeddingForward(
  tokens: usize,
  table: usize,
  positions: usize,
  x: usize,
  time: i32,
  rowLength: i32,
  columns: i32,
  firstRow: i32,
  blockRows: i32,
  hasPositions: i32,
  first: i32,
  last: i32,
): void {
  for (let row = first; row < last; row++) {
    const sample = row / time;
    const t = row - sample * time;
    const token = i32.load(tokens + ((<usize>(sample * rowLength + t)) << 2)) - firstRow;
    addRows(
      table,
      token,
      blockRows,
      hasPositions ? positions + ((<usize>t * columns) << 2) : 0,
      x + ((<usize>row * columns) << 2),
      columns,
    );
  }
}

/** Units of work: rows. */
export function embeddingForwardUnits(rows: i32): i32 {
  return rows;
}

/** x[s] = table[state[s, 1]] (+ positions[state[s, 0]]): the one token of each slot in a decoding step. */
export function embeddingDecode(
  state: usize,
  table: usize,
  positions: usize,
  x: usize,
  columns: i32,
  firstRow: i32,
  blockRows: i32,
  positionRows: i32,
  hasPositions: i32,
  first: i32,
  last: i32,
): void {
  for (let slot = first; slot < last; slot++) {
    const position = min(<i32>positionOf(state, slot), positionRows - 1);
    addRows(
      table,
      tokenOf(state, slot) - firstRow,
      blockRows,
      hasPositions ? positions + ((<usize>position * columns) << 2) : 0,
      x + ((<usize>slot * columns) << 2),
      columns,
    );
  }
}

/** Units of work: slots. */
export function embeddingDecodeUnits(slots: i32): i32 {
  return slots;
}

function addRows(table: usize, token: i32, blockRows: i32, position: usize, x: usize, columns: i32): void {
  if (token < 0 || token >= blockRows) return;
  const from = table + ((<usize>token * columns) << 2);
  for (let c = 0; c < columns; c += 4) {
    const at = (<usize>c) << 2;
    const value = v128.load(from + at);
    storeLanes(x + at, position ? f32x4.add(value, v128.load(position + at)) : value, columns - c);
  }
}

/** order[0] = rows by token, stable; order[1] = their tokens: rows merged in runs that double. */
export function embeddingSort(
  tokens: usize,
  order: usize,
  rows: i32,
  time: i32,
  rowLength: i32,
  scratch: usize,
): void {
  let from = scratch;
  let to = scratch + ((<usize>rows) << 3);
  for (let row = 0; row < rows; row++) {
    const sample = row / time;
    const at = from + ((<usize>row) << 3);
    store<i32>(at, row);
    store<i32>(at, i32.load(tokens + ((<usize>(sample * rowLength + row - sample * time)) << 2)), 4);
  }
  for (let width = 1; width < rows; width *= 2) {
    for (let start = 0; start < rows; start += 2 * width)
      merge(from, to, start, min(start + width, rows), min(start + 2 * width, rows));
    const sorted = to;
    to = from;
    from = sorted;
  }
  for (let rank = 0; rank < rows; rank++) {
    const at = from + ((<usize>rank) << 3);
    store<i32>(order + ((<usize>rank) << 2), i32.load(at));
    store<i32>(order + ((<usize>(rows + rank)) << 2), i32.load(at, 4));
  }
}

/** Bytes of two lists of (row, token). */
export function embeddingSortScratch(rows: i32): i32 {
  return 16 * rows;
}

function merge(from: usize, to: usize, start: i32, middle: i32, end: i32): void {
  let left = start;
  let right = middle;
  for (let at = start; at < end; at++) {
    const takesLeft =
      right >= end ||
      (left < middle &&
        load<u32>(from + ((<usize>left) << 3), 4) <= load<u32>(from + ((<usize>right) << 3), 4));
    const taken = takesLeft ? left : right;
    if (takesLeft) left++;
    else right++;
    store<u64>(to + ((<usize>at) << 3), load<u64>(from + ((<usize>taken) << 3)));
  }
}

/** gradient[v] = Σ dy[row] over the rows whose token is firstRow + v (+ what is there). */
export function embeddingBackwardToken(
  sorted: usize,
  dy: usize,
  gradient: usize,
  rows: i32,
  columns: i32,
  firstRow: i32,
  accumulate: i32,
  first: i32,
  last: i32,
): void {
  const tokens = sorted + ((<usize>rows) << 2);
  const bytes = (<usize>columns) << 2;
  let place = lowerBound(tokens, rows, firstRow + first);
  for (let row = first; row < last; row++) {
    const to = gradient + <usize>row * bytes;
    if (!accumulate) memory.fill(to, 0, bytes);
    for (; place < rows && i32.load(tokens + ((<usize>place) << 2)) === firstRow + row; place++) {
      const from = dy + <usize>i32.load(sorted + ((<usize>place) << 2)) * bytes;
      for (let c = 0; c < columns; c += 4) {
        const at = (<usize>c) << 2;
        storeLanes(to + at, f32x4.add(v128.load(to + at), v128.load(from + at)), columns - c);
      }
    }
  }
}

/** Units of work: rows of the table. */
export function embeddingBackwardTokenUnits(blockRows: i32): i32 {
  return blockRows;
}

/** First place of a token, or of the next larger one. */
function lowerBound(tokens: usize, rows: i32, token: i32): i32 {
  let low = 0;
  let high = rows;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (i32.load(tokens + ((<usize>middle) << 2)) < token) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** gradient[t] = Σ over the batch of dy[b, t] (+ what is there), zero from `time` on. */
export function embeddingBackwardPosition(
  dy: usize,
  gradient: usize,
  batch: i32,
  time: i32,
  columns: i32,
  positionRows: i32,
  accumulate: i32,
  first: i32,
  last: i32,
): void {
  const elements = time * columns;
  const end = min(last * grain, positionRows * columns);
  for (let i = first * grain; i < end; i += 4) {
    const at = (<usize>i) << 2;
    let sum = f32x4.splat(0);
    for (let b = 0; b < batch && i < elements; b++) {
      sum = f32x4.add(sum, v128.load(dy + ((<usize>b * elements) << 2) + at));
    }
    sum = firstLanes(sum, f32x4.splat(0), elements - i);
    storeLanes(gradient + at, accumulate ? f32x4.add(sum, v128.load(gradient + at)) : sum, end - i);
  }
}

/** Units of work. */
export function embeddingBackwardPositionUnits(columns: i32, positionRows: i32): i32 {
  return grains(positionRows * columns);
}
