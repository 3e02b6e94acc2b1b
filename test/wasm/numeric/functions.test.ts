// Exponentials and what is made of them, compiled by themselves, against double precision: over all of their range, at its
// ends, and of what is no number.
import { existsSync, readFileSync } from 'node:fs';
import asc from 'assemblyscript/asc';
import { beforeAll, describe, expect, it } from 'vitest';

const functions = ['exponential', 'logarithm', 'sigmoid', 'hyperbolicTangent', 'normalShare'] as const;
/** GELU by tanh and by erf, SiLU, and GELU by a sigmoid: by their numbers, and their slopes. */
const smoothKinds = [0, 1, 2, 5];
const activations = smoothKinds.flatMap((kind) => [`activate${kind}`, `slopeOf${kind}`] as const);
const names: readonly string[] = [...functions, ...activations];

/** Reads and writes four floats at an address. */
type OfFour = (at: number) => void;

let ofFour: Record<string, OfFour>;
let floats: Float32Array;

/** f of each number, by the function of that name. */
function valuesOf(name: string, numbers: readonly number[]): number[] {
  const address = 8192;
  return numbers.flatMap((number) => {
    floats.fill(number, address / 4, address / 4 + 4);
    ofFour[name]?.(address);
    return [floats[address / 4] ?? 0];
  });
}

/** Numbers from `from` to `to` that single precision holds. */
function range(from: number, to: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => Math.fround(from + ((to - from) * index) / (count - 1)));
}

/** Largest difference from f, as a part of `of` of what is expected. */
function largestError(
  name: string,
  numbers: readonly number[],
  f: (x: number) => number,
  of: (value: number) => number = Math.abs,
): number {
  const errors = valuesOf(name, numbers).map((value, index) => {
    const exact = f(numbers[index] ?? Number.NaN);
    return Math.abs(value - exact) / of(exact);
  });
  return Math.max(...errors);
}

beforeAll(async () => {
  const calls = names.map((name) => {
    const [of = name, kind] = name.split(/(?=\d)/);
    const values = kind === undefined ? 'v128.load(at)' : `${kind}, v128.load(at)`;
    return `export function ${name}Of(at: usize): void { v128.store(at, ${of}(${values})); }`;
  });
  const entry = `import { ${functions.join(', ')} } from './src/wasm/numeric/functions';
    import { activate, slopeOf } from './src/wasm/numeric/activations';\n${calls.join('\n')}`;
  let binary = new Uint8Array();
  const { error, stderr } = await asc.main(
    [
      'entry.ts',
      '--outFile',
      'entry.wasm',
      '--runtime',
      'stub',
      '--use',
      'abort=',
      '-O3',
      '--enable',
      'simd',
    ],
    {
      readFile: (name) =>
        name === 'entry.ts' ? entry : existsSync(name) ? readFileSync(name, 'utf8') : null,
      writeFile: (_, contents) => {
        if (typeof contents !== 'string') binary = Uint8Array.from(contents);
      },
      listFiles: () => [],
    },
  );
  if (error) throw new Error(stderr.toString());
  const { instance } = await WebAssembly.instantiate(binary);
  const { memory, ...exported } = instance.exports as Record<string, OfFour> & {
    memory: WebAssembly.Memory;
  };
  memory.grow(1);
  floats = new Float32Array(memory.buffer);
  ofFour = Object.fromEntries(names.map((name) => [name, exported[`${name}Of`]])) as typeof ofFour;
});

describe('exponential', () => {
  it('is exact to the last bits of single precision', () => {
    expect(largestError('exponential', range(-87, 88, 50_000), Math.exp)).toBeLessThan(2e-7);
    expect(largestError('exponential', range(-1, 1, 20_001), Math.exp)).toBeLessThan(2e-7);
  });

  it('goes to nothing and to infinity past its ends', () => {
    const [least = 1, ...nothing] = valuesOf('exponential', [-87.5, -88, -104, -3e38, -Infinity]);
    expect(least).toBeLessThan(1.1e-38);
    expect(nothing).toEqual([0, 0, 0, 0]);
    expect(valuesOf('exponential', [89, 3e38, Infinity])).toEqual([Infinity, Infinity, Infinity]);
  });
});

describe('what is made of exponentials', () => {
  it.each([
    ['sigmoid', (x: number) => 1 / (1 + Math.exp(-x)), 4e-7, range(-80, 80, 20_001)],
    ['logarithm', Math.log, 2e-7, range(1.5, 1e6, 20_001)],
  ] as const)('%s is exact to single precision', (name, f, bound, numbers) => {
    expect(largestError(name, numbers, f)).toBeLessThan(bound);
  });

  it.each([
    ['hyperbolicTangent', Math.tanh, 2e-7],
    ['normalShare', (x: number) => (1 + erf(x / Math.SQRT2)) / 2, 3e-7],
  ] as const)('%s differs by little from its value', (name, f, bound) => {
    expect(largestError(name, range(-6, 6, 2001), f, () => 1)).toBeLessThan(bound);
  });
});

it.each(smoothKinds)('activation %i of large numbers is 0 or the number, and its slope 0 or 1', (kind) => {
  const large = [1e3, 1e8, 1e13, 1e15, 1e18].map(Math.fround);
  const negative = large.map((number) => -number);
  expect(largestError(`activate${kind}`, large, (x) => x)).toBeLessThan(1e-6);
  expect(largestError(`slopeOf${kind}`, large, () => 1)).toBeLessThan(1e-6);
  for (const name of [`activate${kind}`, `slopeOf${kind}`])
    expect(
      largestError(
        name,
        negative,
        () => 0,
        () => 1,
      ),
    ).toBeLessThan(1e-6);
});

it.each(functions.filter((name) => name !== 'logarithm'))('%s of what is no number is none', (name) => {
  // With bits behind the first one too: a payload that reaches an exponent would make a number of it.
  const address = 8192;
  const bits = new Uint32Array(floats.buffer);
  for (const none of [0x7fc00000, 0x7fc00001, 0xffc001ff]) {
    bits.fill(none, address / 4, address / 4 + 4);
    ofFour[name]?.(address);
    expect(
      [...floats.subarray(address / 4, address / 4 + 4)].filter((value) => !Number.isNaN(value)),
    ).toEqual([]);
  }
});

/** The error function by its series (Abramowitz and Stegun 7.1.6). */
function erf(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; n < 200; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}
