// Latent attention while decoding: its cache of latents and rotated keys, and the products into and out of the latents.
import { fewColumns, fewRows } from '../numeric/few-rows.ts';
import { positionOf, ringRow } from '../numeric/rings.ts';
import { rotatePairs } from '../numeric/rotate.ts';

/** cache[slot, p] = latent and rotated key of row p, for p below the prompt's length. */
export function latentCachePrefill(
  latent: usize,
  qkv: usize,
  cache: usize,
  rowCount: i32,
  slots: i32,
  latentSize: i32,
  ropeSize: i32,
  context: i32,
  rowStride: i32,
  keyOffset: i32,
  length: i32,
  slot: i32,
  first: i32,
  last: i32,
): void {
  const latentBytes = (<usize>latentSize) << 2;
  const ropeBytes = (<usize>ropeSize) << 2;
  const ring = min(slot, slots - 1) * context;
  for (let row = first; row < min(last, min(rowCount, length)); row++) {
    const to = cache + <usize>(ring + row) * (latentBytes + ropeBytes);
    memory.copy(to, latent + <usize>row * latentBytes, latentBytes);
    memory.copy(to + latentBytes, qkv + ((<usize>(row * rowStride + keyOffset)) << 2), ropeBytes);
  }
}

/** Units of work: rows. */
export function latentCachePrefillUnits(rowCount: i32): i32 {
  return rowCount;
}

/** cache[s ÷ rowsPerRing, state[s, 0] mod ring] = latent and rotated key of row s; rows = rotated parts of its query heads. */
export function latentCacheDecode(
  latent: usize,
  queries: usize,
  ropeKey: usize,
  table: usize,
  state: usize,
  cache: usize,
  rows: usize,
  heads: i32,
  headSize: i32,
  latentSize: i32,
  ropeSize: i32,
  context: i32,
  ring: i32,
  rowsPerRing: i32,
  first: i32,
  last: i32,
): void {
  const headBytes = (<usize>headSize) << 2;
  const latentBytes = (<usize>latentSize) << 2;
  const ropeBytes = (<usize>ropeSize) << 2;
  const width = latentBytes + ropeBytes;
  const half = ropeSize >> 1;
  for (let slot = first; slot < last; slot++) {
    const position = positionOf(state, slot);
    const angles = table + <usize>min<u32>(position, context - 1) * ropeBytes;
    for (let head = slot * heads; head < (slot + 1) * heads; head++) {
      const part = queries + <usize>head * (headBytes + ropeBytes) + headBytes;
      rotatePairs(part, rows + <usize>head * width + latentBytes, angles, half, 1);
    }
    if (position >= <u32>context) continue;
    const to = cache + <usize>ringRow(slot, rowsPerRing, ring, position) * width;
    memory.copy(to, latent + <usize>slot * latentBytes, latentBytes);
    rotatePairs(ropeKey + <usize>slot * ropeBytes, to + latentBytes, angles, half, 1);
  }
}

/** Units of work: rows of the state. */
export function latentCacheDecodeUnits(slots: i32): i32 {
  return slots;
}

/** y[h] = x[h]·w[h] for every head of each row, with matrices that are parts of a larger one: steps in elements. */
export function headMatmul(
  x: usize,
  w: usize,
  y: usize,
  heads: i32,
  columns: i32,
  inner: i32,
  xStride: i32,
  yStride: i32,
  wOffset: i32,
  wHeadStep: i32,
  wColumnStep: i32,
  wInnerStep: i32,
  first: i32,
  last: i32,
): void {
  for (let head = first; head < last; head++) {
    const from = x + ((<usize>(head * xStride)) << 2);
    const to = y + ((<usize>(head * yStride)) << 2);
    const matrix = w + ((<usize>(wOffset + (head % heads) * wHeadStep)) << 2);
    if (wInnerStep === 1) {
      fewColumns(from, 0, matrix, (<usize>wColumnStep) << 2, 1, columns, inner, to, 0, 0, 0, 0, 0);
    } else {
      fewRows(from, 0, matrix, (<usize>wInnerStep) << 2, 1, columns, inner, to, 0, 0, 0, 0, 0, false);
    }
  }
}

/** Units of work: heads of all rows. */
export function headMatmulUnits(rows: i32, heads: i32): i32 {
  return rows * heads;
}

/** Whether one of the matrix's sizes lies in a row. */
export function headMatmulSuits(wColumnStep: i32, wInnerStep: i32): bool {
  return wColumnStep === 1 || wInnerStep === 1;
}
