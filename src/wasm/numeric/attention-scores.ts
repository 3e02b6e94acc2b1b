// What all attention kernels share: where heads lie in packed rows, four rows of scores at once, masks, caps and dropout.
import { multiplyBlock, zeros } from './block.ts';
import { hyperbolicTangent } from './functions.ts';
import { panelBytes, panelColumns } from './panels.ts';
import { randomUniform } from './random.ts';

/** Rows that are computed together. */
export const blockRows: i32 = 4;

/** Bytes of a row of `count` values, whole panels. */
export function paddedBytes(count: i32): usize {
  return <usize>((count + panelColumns - 1) / panelColumns) * panelBytes;
}

/** Rows of a head and sample whose gaps are `stride` bytes: the last one repeats where a block reaches past it. */
export function clampedRow(base: usize, stride: usize, row: i32, rows: i32): usize {
  return base + <usize>min(row, rows - 1) * stride;
}

/**
 * to[r, c] = x[row + r] · panel column c for four rows and the panels [firstPanel, endPanel). Strides in bytes.
 * @param x first row of the sample and head
 */
export function scoreRows(
  x: usize,
  xStride: usize,
  row: i32,
  rows: i32,
  panels: usize,
  inner: i32,
  firstPanel: i32,
  endPanel: i32,
  to: usize,
  toStride: usize,
): void {
  const x0 = clampedRow(x, xStride, row, rows);
  const x1 = clampedRow(x, xStride, row + 1, rows);
  const x2 = clampedRow(x, xStride, row + 2, rows);
  const x3 = clampedRow(x, xStride, row + 3, rows);
  const panelSize = <usize>inner * panelBytes;
  for (let panel = firstPanel; panel < endPanel; panel++) {
    const at = to + <usize>panel * panelBytes;
    multiplyBlock(x0, x1, x2, x3, panels + <usize>panel * panelSize, inner, at, toStride, zeros, 0);
  }
}

/**
 * y[r, d] (+)= Σ over c in [start, end) of p[r, c] · panel row c, for four rows of which `count` are stored.
 * @param panels columns of the other operand, [size, 8] each
 * @param size rows of a panel
 */
export function combineRows(
  p: usize,
  pStride: usize,
  start: i32,
  end: i32,
  panels: usize,
  size: i32,
  columns: i32,
  y: usize,
  yStride: usize,
  count: i32,
  adds: bool,
  block: usize,
): void {
  const x = p + ((<usize>start) << 2);
  const inner = end - start;
  for (let d = 0; d < columns; d += panelColumns) {
    const panel = panels + ((<usize>d * size) << 2) + <usize>start * panelBytes;
    const at = y + ((<usize>d) << 2);
    if (count === blockRows && d + panelColumns <= columns) {
      multiplyBlock(
        x,
        x + pStride,
        x + 2 * pStride,
        x + 3 * pStride,
        panel,
        inner,
        at,
        yStride,
        adds ? at : zeros,
        adds ? yStride : 0,
      );
      continue;
    }
    multiplyBlock(
      x,
      x + pStride,
      x + 2 * pStride,
      x + 3 * pStride,
      panel,
      inner,
      block,
      panelBytes,
      zeros,
      0,
    );
    for (let r = 0; r < count; r++) {
      for (let c = 0; c < min(panelColumns, columns - d); c++) {
        const place = at + <usize>r * yStride + ((<usize>c) << 2);
        const value = f32.load(block + <usize>r * panelBytes + ((<usize>c) << 2));
        f32.store(place, adds ? f32.load(place) + value : value);
      }
    }
  }
}

/** softcap · tanh(score ÷ softcap), or the score itself without a cap. */
export function cappedScore(score: v128, softcap: f32): v128 {
  if (softcap === 0) return score;
  const cap = f32x4.splat(softcap);
  return f32x4.mul(cap, hyperbolicTangent(f32x4.div(score, cap)));
}

/** ∂(capped score) ÷ ∂score. */
export function capSlope(capped: v128, softcap: f32): v128 {
  if (softcap === 0) return f32x4.splat(1);
  const ratio = f32x4.div(capped, f32x4.splat(softcap));
  return f32x4.sub(f32x4.splat(1), f32x4.mul(ratio, ratio));
}

/** 0 for a dropped probability, 1 / (1 − dropout) for a kept one. Elements are counted per sample. */
export function keepFactor(
  seed: u32,
  step: u32,
  sample: u32,
  operation: u32,
  element: u32,
  dropout: f32,
): f32 {
  return randomUniform(seed, step, sample, operation, element) >= dropout ? 1 / (1 - dropout) : 0;
}

/** What dropout leaves of a query's numbers for keys from start to end; `element` counts that of key 0. */
export function dropKeys(
  row: usize,
  start: i32,
  end: i32,
  element: u32,
  seed: u32,
  step: u32,
  sample: u32,
  operation: u32,
  dropout: f32,
): void {
  for (let key = start; key < end; key++) {
    const place = row + ((<usize>key) << 2);
    const keep = keepFactor(seed, step, sample, operation, element + key, dropout);
    f32.store(place, f32.load(place) * keep);
  }
}

/**
 * Gradients of four unscaled scores: ds = p · (dp − delta) · cap′ · scale. The softmax's Jacobian needs of a whole row
 * only delta = Σ p·dp, which is Σ y·dy and known before (Dao et al. 2022, appendix B.4).
 */
export function scoreGradients(p: v128, dp: v128, delta: v128, capped: v128, softcap: f32, scale: f32): v128 {
  const slope = f32x4.mul(capSlope(capped, softcap), f32x4.splat(scale));
  return f32x4.mul(f32x4.mul(p, f32x4.sub(dp, delta)), slope);
}

/** All ones in the lanes whose index lies in [start, end). */
export function lanesWithin(index: i32, start: i32, end: i32): v128 {
  const places = i32x4.add(i32x4.splat(index), i32x4(0, 1, 2, 3));
  return v128.and(i32x4.ge_s(places, i32x4.splat(start)), i32x4.lt_s(places, i32x4.splat(end)));
}
