// The soft cap of attention scores, for every kernel that computes scores: its WGSL, its twin, its cost.
import source from '../../shaders/attention-cap.wgsl?raw';

/** WGSL of `capped` and `capSlope`, which takes the dim `softcap`. */
export const capSource = source;

/** Twin of WGSL's capped: softcap · tanh(score ÷ softcap), or the score itself without a cap. */
export function cappedScore(score: number, softcap: number): number {
  return softcap === 0 ? score : softcap * Math.tanh(score / softcap);
}

/** Operations per pair that cap a score: divide, tanh, multiply. The slope takes as many: square, subtract, multiply. */
export function capFlops({ softcap }: { readonly softcap: number }): number {
  return softcap === 0 ? 0 : 3;
}
