// First values of parameters from a seed: every parameter has a stream of its own, so their order does not matter.
import { createRandom, type Random, restoreRandom } from '../data/random.ts';
import { fnv1a } from '../text/checksum.ts';
import type { ParameterSpec } from './parameters.ts';

/**
 * Makes the first values of every parameter and hands them to `write`, one parameter at a time.
 * @param seed a whole number from 0; equal seeds and names give equal values, bit for bit
 */
export function initialiseParameters(
  specs: readonly ParameterSpec[],
  seed: number,
  write: (name: string, values: Float32Array<ArrayBuffer>) => void,
): void {
  for (const spec of specs) write(spec.name, initialValues(spec, seed));
}

function initialValues(
  { name, shape, initialisation }: ParameterSpec,
  seed: number,
): Float32Array<ArrayBuffer> {
  const values = new Float32Array(shape.reduce((product, size) => product * size, 1));
  switch (initialisation.kind) {
    case 'zeros':
      return values;
    case 'ones':
      return values.fill(1);
    case 'scaleAndBias':
      return values.fill(1, 0, values.length / 2);
    case 'normal': {
      fillNormal(values, initialisation.deviation, namedStream(seed, name));
      return values;
    }
    default:
      throw new Error(`initialise: ${name} starts as ${JSON.stringify(initialisation satisfies never)}.`);
  }
}

/** Normal values in pairs (Box and Muller 1958): 32 random bits each are more than a float32 keeps. */
function fillNormal(values: Float32Array, deviation: number, random: Random): void {
  for (let i = 0; i < values.length; i += 2) {
    const radius = deviation * Math.sqrt(-2 * Math.log((random.uint32() + 0.5) / 2 ** 32));
    const angle = (2 * Math.PI * random.uint32()) / 2 ** 32;
    values[i] = radius * Math.cos(angle);
    if (i + 1 < values.length) values[i + 1] = radius * Math.sin(angle);
  }
}

/** A stream of its own for a name: the states of the seed's and of the name's generators, mixed word by word. */
function namedStream(seed: number, name: string): Random {
  const bySeed = createRandom(seed);
  const byName = createRandom(hashName(name));
  const words = Array.from({ length: 4 }, () => (bySeed.uint32() ^ byName.uint32()) >>> 0);
  return restoreRandom(words);
}

/** 53 bits of a name: two FNV-1a hashes from different offsets. */
function hashName(name: string): number {
  const bytes = new TextEncoder().encode(name);
  return fnv1a(bytes) + (fnv1a(bytes, 0x2545f491) & 0x1fffff) * 2 ** 32;
}
