// Seeded random numbers for resampling and synthetic runs: mulberry32 (Ettinger 2017), whose streams other languages repeat easily.

/** A stream of numbers in [0, 1) with 32 random bits. */
export type Uniform = () => number;

/** Starts a stream from a 32-bit seed. */
export function mulberry32(seed: number): Uniform {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A draw from the normal distribution (Box and Muller 1958, the cosine half); two uniforms a draw. */
export function gaussian(uniform: Uniform): number {
  const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
  return radius * Math.cos(2 * Math.PI * uniform());
}
