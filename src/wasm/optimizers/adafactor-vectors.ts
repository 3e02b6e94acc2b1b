// Adafactor for vectors, whose second moment is kept whole.
import { newPart, relativeRate } from '../numeric/adafactor.ts';
import { clipFactor, isUsable } from '../numeric/metrics.ts';
import { firstLanes, madd, storeLanes, sumLanes } from '../numeric/vector.ts';

/** v += b(g² − v); w −= α·u ÷ max(1, rms(u) ÷ updateClip); all [vectors, columns], each vector by itself. */
export function adafactorVectors(
  metrics: usize,
  weights: usize,
  gradients: usize,
  variances: usize,
  columns: i32,
  decayExponent: f32,
  epsilon: f32,
  minimumScale: f32,
  updateClip: f32,
  clearGradient: i32,
  learningRate: f32,
  step: i32,
  first: i32,
  last: i32,
): void {
  const changes = isUsable(metrics);
  const factor = f32x4.splat(clipFactor(metrics));
  const part = f32x4.splat(newPart(step, decayExponent));
  const bytes = (<usize>columns) << 2;
  const zero = f32x4.splat(0);
  for (let vector = first; vector < last; vector++) {
    const weight = weights + <usize>vector * bytes;
    const given = gradients + <usize>vector * bytes;
    const variance = variances + <usize>vector * bytes;
    if (changes) {
      let updates = zero;
      let squares = zero;
      for (let c = 0; c < columns; c += 4) {
        const at = (<usize>c) << 2;
        const gradient = f32x4.mul(v128.load(given + at), factor);
        const before = v128.load(variance + at);
        const mean = madd(part, f32x4.sub(f32x4.mul(gradient, gradient), before), before);
        storeLanes(variance + at, mean, columns - c);
        const update = firstLanes(updateOf(gradient, mean, epsilon), zero, columns - c);
        updates = madd(update, update, updates);
        const own = firstLanes(v128.load(weight + at), zero, columns - c);
        squares = madd(own, own, squares);
      }
      const rate = relativeRate(learningRate, step, minimumScale, sumLanes(squares) / <f32>columns);
      const size = sqrt<f32>(sumLanes(updates) / <f32>columns);
      const clipped = f32x4.splat(rate / max<f32>(1, size / updateClip));
      for (let c = 0; c < columns; c += 4) {
        const at = (<usize>c) << 2;
        const gradient = f32x4.mul(v128.load(given + at), factor);
        const update = updateOf(gradient, v128.load(variance + at), epsilon);
        const changed = f32x4.sub(v128.load(weight + at), f32x4.mul(clipped, update));
        storeLanes(weight + at, changed, columns - c);
      }
    }
    if (clearGradient) memory.fill(given, 0, bytes);
  }
}

/** Units of work: vectors. */
export function adafactorVectorsUnits(vectors: i32): i32 {
  return vectors;
}

function updateOf(gradient: v128, variance: v128, epsilon: f32): v128 {
  return f32x4.div(gradient, f32x4.sqrt(f32x4.max(variance, f32x4.splat(epsilon * epsilon))));
}
