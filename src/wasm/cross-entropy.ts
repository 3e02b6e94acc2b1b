// The loss: cross-entropy that turns logits into their gradient in place, its targets, its sum.
import { exponential, hyperbolicTangent } from './numeric/functions.ts';
import { firstLanes, largestLane, storeLanes, sumLanes } from './numeric/vector.ts';

/** Target of a position that has none. */
const ignoredTarget: u32 = 0xffffffff;

/** loss = log Σ exp(logits) − logits[target]; with gradient = 1 logits become (softmax − one-hot) · lossScale. */
export function crossEntropy(
  targets: usize,
  logits: usize,
  loss: usize,
  columns: i32,
  gradient: i32,
  softcap: f32,
  lossScale: f32,
  first: i32,
  last: i32,
): void {
  const lowest = f32x4.splat(-Infinity);
  for (let row = first; row < last; row++) {
    const at = logits + ((<usize>row * columns) << 2);
    const target = load<u32>(targets + ((<usize>row) << 2));
    const counts = target !== ignoredTarget;
    let most = lowest;
    for (let c = 0; c < columns; c += 4) {
      most = f32x4.max(
        most,
        firstLanes(capped(v128.load(at + ((<usize>c) << 2)), softcap), lowest, columns - c),
      );
    }
    const largest = largestLane(most);
    const largests = f32x4.splat(largest);
    let total = f32x4.splat(0);
    for (let c = 0; c < columns; c += 4) {
      const logit = firstLanes(capped(v128.load(at + ((<usize>c) << 2)), softcap), lowest, columns - c);
      total = f32x4.add(total, exponential(f32x4.sub(logit, largests)));
    }
    const sum = sumLanes(total);
    const wanted = counts
      ? f32x4.extract_lane(capped(v128.load_splat<f32>(at + ((<usize>target) << 2)), softcap), 0)
      : 0;
    f32.store(
      loss + ((<usize>row) << 2),
      counts ? <f32>(<f64>largest + Math.log(<f64>sum) - <f64>wanted) : 0,
    );
    if (!gradient) continue;
    const factor: f32 = counts ? lossScale : 0;
    const factors = f32x4.splat(factor);
    const shares = f32x4.splat(factor / sum);
    // The target's own: one less, with the slope that the cap has there.
    const slopeThere: f32 = softcap > 0 ? 1 - (wanted / softcap) * (wanted / softcap) : 1;
    for (let c = 0; c < columns; c += 4) {
      const place = at + ((<usize>c) << 2);
      const logit = capped(v128.load(place), softcap);
      let part = f32x4.mul(exponential(f32x4.sub(logit, largests)), shares);
      if (softcap > 0) {
        const ratio = f32x4.div(logit, f32x4.splat(softcap));
        part = f32x4.mul(part, f32x4.sub(f32x4.splat(1), f32x4.mul(ratio, ratio)));
      }
      storeLanes(place, part, columns - c);
    }
    if (counts) {
      const place = at + ((<usize>target) << 2);
      f32.store(place, f32.load(place) - f32x4.extract_lane(factors, 0) * slopeThere);
    }
  }
}

/** Units of work: rows. */
export function crossEntropyUnits(rows: i32): i32 {
  return rows;
}

/** softcap · tanh(logit ÷ softcap), or the logit itself without a cap. */
function capped(logit: v128, softcap: f32): v128 {
  if (!(softcap > 0)) return logit;
  const cap = f32x4.splat(softcap);
  return f32x4.mul(cap, hyperbolicTangent(f32x4.div(logit, cap)));
}

/** selected[b, t] = tokens[b, t + shift], or ignoredTarget before the last position if lastOnly = 1. */
export function crossEntropySelectTargets(
  tokens: usize,
  selected: usize,
  rows: i32,
  time: i32,
  rowLength: i32,
  shift: i32,
  lastOnly: i32,
): void {
  for (let row = 0; row < rows; row++) {
    const sample = row / time;
    const t = row - sample * time;
    const token = load<u32>(tokens + ((<usize>(sample * rowLength + t + shift)) << 2));
    store<u32>(selected + ((<usize>row) << 2), lastOnly && t < time - 1 ? ignoredTarget : token);
  }
}

/** metrics[slot] = lossScale · Σ losses (+ metrics[slot]); metrics[markSlot] = the step's number. */
export function crossEntropySumLosses(
  losses: usize,
  metrics: usize,
  rows: i32,
  slot: i32,
  markSlot: i32,
  accumulate: i32,
  lossScale: f32,
  step: i32,
): void {
  let sum: f64 = 0;
  for (let row = 0; row < rows; row++) sum += f32.load(losses + ((<usize>row) << 2));
  const place = metrics + ((<usize>slot) << 2);
  f32.store(place, <f32>(sum * lossScale + (accumulate ? f32.load(place) : 0)));
  f32.store(metrics + ((<usize>markSlot) << 2), <f32>(step & 0xffffff));
}
