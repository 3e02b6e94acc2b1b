// Gradients of attention's sinks, a sample's part of each.
import { exponential } from './numeric/functions.ts';
import { firstLanes, madd, sumLanes } from './numeric/vector.ts';

/** sums[b, h] = −Σ_t exp(sinks[h] − logSumExp[b, h, t]) · delta[b, h, t]. */
export function attentionSinks(
  sinks: usize,
  logSumExp: usize,
  delta: usize,
  sums: usize,
  time: i32,
  heads: i32,
  first: i32,
  last: i32,
): void {
  const zero = f32x4.splat(0);
  for (let head = first; head < last; head++) {
    const sink = v128.load_splat<f32>(sinks + ((<usize>(head % heads)) << 2));
    const row = (<usize>(head * time)) << 2;
    let sum = zero;
    for (let t = 0; t < time; t += 4) {
      const at = row + ((<usize>t) << 2);
      const share = exponential(f32x4.sub(sink, v128.load(logSumExp + at)));
      sum = madd(firstLanes(share, zero, time - t), firstLanes(v128.load(delta + at), zero, time - t), sum);
    }
    f32.store(sums + ((<usize>head) << 2), -sumLanes(sum));
  }
}

/** Units of work: heads of every sample. */
export function attentionSinksUnits(batch: i32, heads: i32): i32 {
  return batch * heads;
}
