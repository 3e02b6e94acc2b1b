// Rotation of a head's channels by a position, pairs of which are half a head apart.
import { madd, storeLanes } from './vector.ts';

/**
 * Turns pairs (d, d + half) of `from` by the angles of a position, into `to`, which may be the same memory.
 * @param angles cosine and sine of each pair
 * @param direction −1 turns back
 */
export function rotatePairs(from: usize, to: usize, angles: usize, half: i32, direction: f32): void {
  const directions = f32x4.splat(direction);
  const gap = (<usize>half) << 2;
  for (let d = 0; d < half; d += 4) {
    const pairs0 = v128.load(angles + ((<usize>d) << 3));
    const pairs1 = v128.load(angles + ((<usize>d) << 3), 16);
    const cosine = i32x4.shuffle(pairs0, pairs1, 0, 2, 4, 6);
    const sine = f32x4.mul(i32x4.shuffle(pairs0, pairs1, 1, 3, 5, 7), directions);
    const at = (<usize>d) << 2;
    const a = v128.load(from + at);
    const b = v128.load(from + gap + at);
    storeLanes(to + at, f32x4.sub(f32x4.mul(a, cosine), f32x4.mul(b, sine)), half - d);
    storeLanes(to + gap + at, madd(b, cosine, f32x4.mul(a, sine)), half - d);
  }
}
