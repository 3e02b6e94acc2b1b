// The norm over all gradients, whether it and the loss are finite, and the factor that clips it.
import { firstLanes, madd, sumLanes } from './numeric/vector.ts';

const runElements: i32 = 512;

/** Bits of a step's number that a float counts exactly. */
const stepBits: i32 = 0xffffff;

/** squares[g] = Σ gradient² over every groups-th run of 512 elements from run g. */
export function gradientNormSumSquares(
  gradients: usize,
  squares: usize,
  elements: i32,
  groups: i32,
  first: i32,
  last: i32,
): void {
  const zero = f32x4.splat(0);
  for (let group = first; group < last; group++) {
    let even = zero;
    let odd = zero;
    for (let start = group * runElements; start < elements; start += groups * runElements) {
      const end = min(start + runElements, elements);
      let i = start;
      for (; i + 8 <= end; i += 8) {
        const a = v128.load(gradients + ((<usize>i) << 2));
        const b = v128.load(gradients + ((<usize>i) << 2), 16);
        even = madd(a, a, even);
        odd = madd(b, b, odd);
      }
      for (; i < end; i += 4) {
        const a = firstLanes(v128.load(gradients + ((<usize>i) << 2)), zero, end - i);
        even = madd(a, a, even);
      }
    }
    f32.store(squares + ((<usize>group) << 2), sumLanes(f32x4.add(even, odd)));
  }
}

/** Units of work: groups. */
export function gradientNormSumSquaresUnits(groups: i32): i32 {
  return groups;
}

/** metrics[1..4] = norm, 1 if it and the loss are finite, clip ÷ (norm + 1e-6) but at most 1, the step's number. */
export function gradientNormFinish(sums: usize, metrics: usize, groups: i32, clip: f32, step: i32): void {
  let total: f64 = 0;
  for (let i = 0; i < groups; i++) total += f32.load(sums + ((<usize>i) << 2));
  const single = <f32>total;
  const loss = f32.load(metrics);
  const isBounded = single - single === 0 && loss - loss === 0;
  const norm = sqrt<f64>(total);
  f32.store(metrics, <f32>norm, 4);
  f32.store(metrics, isBounded ? 1 : 0, 8);
  f32.store(metrics, clip > 0 && isBounded ? <f32>min<f64>(1, clip / (norm + 1e-6)) : 1, 12);
  f32.store(metrics, <f32>(step & stepBits), 16);
}
