// What routers do, summed over tokens: load, drops, entropy and mean share per layer and expert, and the bias that balances.
import { logarithm } from '../numeric/functions.ts';
import { isUsable } from '../numeric/metrics.ts';
import { firstLanes, madd, storeLanes, sumLanes } from '../numeric/vector.ts';

/** Adds a replay's numbers: tokens, Σ entropy, Σ (log Σ exp)², 0; then rows of E: load, dropped, share, step's load. */
export function routerStatisticsGather(
  scores: usize,
  rowSums: usize,
  counts: usize,
  offsets: usize,
  statistics: usize,
  tokens: i32,
  experts: i32,
  sigmoid: i32,
  firstElement: i32,
): void {
  const bytes = (<usize>experts) << 2;
  const own = statistics + ((<usize>firstElement) << 2);
  const loads = own + 16;
  const dropped = loads + bytes;
  const shares = dropped + bytes;
  const zero = f32x4.splat(0);
  let entropy: f64 = 0;
  let squares: f64 = 0;
  for (let token = 0; token < tokens; token++) {
    const rowSum = f32.load(rowSums + ((<usize>token) << 2));
    const row = scores + <usize>token * bytes;
    const divisor = f32x4.splat(sigmoid ? rowSum : 1);
    let sums = zero;
    for (let e = 0; e < experts; e += 4) {
      const at = (<usize>e) << 2;
      const share = firstLanes(f32x4.div(v128.load(row + at), divisor), zero, experts - e);
      sums = madd(share, logarithm(f32x4.max(share, f32x4.splat(1e-30))), sums);
      storeLanes(shares + at, f32x4.add(v128.load(shares + at), share), experts - e);
    }
    entropy -= sumLanes(sums);
    if (!sigmoid) squares += <f64>rowSum * rowSum;
  }
  f32.store(own, f32.load(own) + <f32>tokens);
  f32.store(own, f32.load(own, 4) + <f32>entropy, 4);
  f32.store(own, f32.load(own, 8) + <f32>squares, 8);
  const stepLoads = shares + bytes;
  for (let e: usize = 0; e < bytes; e += 4) {
    const count = load<i32>(counts + e);
    const kept = load<i32>(offsets + e, 4) - load<i32>(offsets + e);
    f32.store(loads + e, f32.load(loads + e) + <f32>count);
    f32.store(dropped + e, f32.load(dropped + e) + <f32>(count - kept));
    f32.store(stepLoads + e, f32.load(stepLoads + e) + <f32>count);
  }
}

/** bias += rate · sign(mean load − load) of the step, unless it is not finite; the step's loads are left at zero. */
export function routerStatisticsUpdateBias(
  metrics: usize,
  statistics: usize,
  bias: usize,
  layers: i32,
  experts: i32,
  rate: f32,
): void {
  const bytes = (<usize>experts) << 2;
  const changes = isUsable(metrics);
  for (let layer = 0; layer < layers; layer++) {
    const loads = statistics + <usize>layer * (16 + 4 * bytes) + 16 + 3 * bytes;
    const biases = bias + <usize>layer * bytes;
    let sum: f32 = 0;
    for (let e: usize = 0; e < bytes; e += 4) sum += f32.load(loads + e);
    const mean = sum / <f32>experts;
    for (let e: usize = 0; e < bytes; e += 4) {
      const below = mean - f32.load(loads + e);
      const sign: f32 = below > 0 ? 1 : below < 0 ? -1 : 0;
      if (changes) f32.store(biases + e, f32.load(biases + e) + rate * sign);
      f32.store(loads + e, 0);
    }
  }
}
