// Seeded random numbers whose whole state is four integers, so a run can be stopped, saved and continued exactly.
// Generator: xoshiro128** 1.1 (Blackman and Vigna 2018, period 2^128 − 1), seeded through splitmix32.

/** The whole state of a generator: four unsigned 32-bit integers, not all zero; plain JSON. */
export type RandomState = readonly [number, number, number, number];

/** A stream of random numbers; every draw advances the state that `state()` returns. */
export interface Random {
  /** An integer in [0, 2^32). */
  uint32(): number;
  /** A number in [0, 1) with 53 random bits. */
  uniform(): number;
  /** An integer in [0, bound), each equally likely; `bound` is an integer from 1 to 2^32. */
  integer(bound: number): number;
  /** A draw from the normal distribution with mean 0 and deviation 1 (Box and Muller 1958, the cosine half). */
  normal(): number;
  /** The state from which `restoreRandom` continues this very stream. */
  state(): RandomState;
}

const twoTo32 = 0x1_0000_0000;
/** 2^−53, the spacing of the values of `uniform`. */
const uniformStep = 2 ** -53;

/** Starts a stream from a seed: any integer from 0 to 2^53 − 1, all of whose bits count. @throws RangeError for others */
export function createRandom(seed: number): Random {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new RangeError(
      `random: the seed is not an integer from 0 to 2^53 - 1: ${seed}. Pass a whole number.`,
    );
  }
  // The low and the high half of the seed each start one splitmix32 sequence; their sum fills the state.
  const low = splitMix32(seed >>> 0);
  const high = splitMix32(Math.floor(seed / twoTo32) ^ 0x5851f42d);
  const word = (): number => (low() + high()) >>> 0;
  return restoreRandom([word(), word(), word(), word() || 1]);
}

/** Continues a stream from a saved state. @throws RangeError if it is not four 32-bit integers, or all zero */
export function restoreRandom(saved: readonly number[]): Random {
  const isWord = (value: number): boolean => Number.isInteger(value) && value >= 0 && value < twoTo32;
  if (saved.length !== 4 || !saved.every(isWord) || saved.every((word) => word === 0)) {
    const found = JSON.stringify(saved);
    throw new RangeError(`random: not a state of four 32-bit integers: ${found}. The saved run is damaged.`);
  }
  const s = Uint32Array.from(saved);

  function uint32(): number {
    const scrambled = Math.imul(rotateLeft(Math.imul(s[1], 5), 7), 9) >>> 0;
    const shifted = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotateLeft(s[3], 11);
    return scrambled;
  }

  function uniform(): number {
    const high = uint32() >>> 5; // 27 bits
    const low = uint32() >>> 6; // 26 bits
    return (high * 0x400_0000 + low) * uniformStep;
  }

  function integer(bound: number): number {
    if (!Number.isInteger(bound) || bound < 1 || bound > twoTo32) {
      throw new RangeError(`random: the bound of an integer is not within 1 and 2^32: ${bound}.`);
    }
    // Values above the last whole multiple of bound would favour small results: draw again.
    const limit = twoTo32 - (twoTo32 % bound);
    let value = uint32();
    while (value >= limit) value = uint32();
    return value % bound;
  }

  function normal(): number {
    // 1 − uniform lies in (0, 1], so the logarithm is finite.
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    return radius * Math.cos(2 * Math.PI * uniform());
  }

  return { uint32, uniform, integer, normal, state: () => [s[0], s[1], s[2], s[3]] };
}

/** One element of a list that is not empty, each equally likely. */
export function pick<T>(random: Random, list: readonly T[]): T {
  return list[random.integer(list.length)];
}

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

/** The 32-bit member of the splitmix family (Steele, Lea and Flood 2014) with the murmur3 finaliser. */
function splitMix32(start: number): () => number {
  let counter = start >>> 0;
  return () => {
    counter = (counter + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(counter ^ (counter >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return (mixed ^ (mixed >>> 16)) >>> 0;
  };
}
