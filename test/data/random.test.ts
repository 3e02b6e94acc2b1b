// Tests of the seeded generator: known answers, restoring, ranges and moments.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRandom, pick, restoreRandom } from '../../src/data/random.ts';

test('xoshiro128** from the state 1, 2, 3, 4 gives the first values worked out by hand', () => {
  // First: rotl(2·5, 7)·9 = 1280·9 = 11520. The state becomes s1 = 0, so the second is 0.
  // Third: s1 = 7 ^ 0 … = 1029 → rotl(5145, 7)·9 = 658560·9.
  const random = restoreRandom([1, 2, 3, 4]);
  expect([random.uint32(), random.uint32(), random.uint32()]).toEqual([11520, 0, 5927040]);
});

test('a restored state continues the same stream of every kind of draw', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.nat(50), (seed, skip) => {
      const first = createRandom(seed);
      for (let i = 0; i < skip; i++) first.normal();
      const saved: unknown = JSON.parse(JSON.stringify(first.state()));
      const second = restoreRandom(saved as number[]);
      for (let i = 0; i < 5; i++) {
        expect(second.uint32()).toBe(first.uint32());
        expect(second.uniform()).toBe(first.uniform());
        expect(second.integer(10)).toBe(first.integer(10));
        expect(second.normal()).toBe(first.normal());
      }
      expect(second.state()).toEqual(first.state());
    }),
    { numRuns: 50, seed: 1 },
  );
});

test('equal seeds agree, and seeds that differ in the low or only in the high bits differ', () => {
  const first = (seed: number): number[] => Array.from({ length: 4 }, createRandom(seed).uint32);
  expect(first(7)).toEqual(first(7));
  const seeds = [0, 1, 2, 7, 2 ** 32, 2 ** 32 + 7, 2 ** 33, 2 ** 53 - 1];
  expect(new Set(seeds.map((seed) => first(seed).join())).size).toBe(seeds.length);
});

test.each([-1, 0.5, Number.NaN, 2 ** 53, Number.POSITIVE_INFINITY])('the seed %s is refused', (seed) => {
  expect(() => createRandom(seed)).toThrow(/random: the seed .*Pass a whole number/);
});

test.each([[[0, 0, 0, 0]], [[1, 2, 3]], [[1, 2, 3, 2 ** 32]], [[1, 2, 3, -1]], [[1, 2, 3, 0.5]]])(
  'the state %j is refused',
  (state) => {
    expect(() => restoreRandom(state)).toThrow('random: not a state');
  },
);

test.each([0, -3, 1.5, 2 ** 32 + 1])('the bound %s of an integer is refused', (bound) => {
  expect(() => createRandom(1).integer(bound)).toThrow('random: the bound');
});

test('integer covers its range evenly', () => {
  const random = createRandom(3);
  const counts = new Array<number>(7).fill(0);
  const draws = 70_000;
  for (let i = 0; i < draws; i++) counts[random.integer(7)]++;
  const chiSquare = counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0);
  expect(chiSquare).toBeLessThan(22.5); // six degrees of freedom, p = 0.001
});

test('integer rejects the biased tail of bounds that do not divide 2^32', () => {
  // With the bound 3·2^30 a plain remainder gives the lowest third twice as often as the others.
  const random = createRandom(4);
  const bound = 3 * 2 ** 30;
  let low = 0;
  for (let i = 0; i < 30_000; i++) if (random.integer(bound) < 2 ** 30) low++;
  expect(Math.abs(low - 10_000)).toBeLessThan(330); // four standard deviations
});

test('uniform stays in [0, 1) with mean 1/2 and variance 1/12', () => {
  const random = createRandom(5);
  let outside = 0;
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < 100_000; i++) {
    const value = random.uniform();
    outside += value >= 0 && value < 1 ? 0 : 1;
    sum += value;
    squares += value * value;
  }
  const mean = sum / 100_000;
  expect(outside).toBe(0);
  expect(mean).toBeCloseTo(0.5, 2);
  expect(squares / 100_000 - mean * mean).toBeCloseTo(1 / 12, 2);
});

test('normal has the mean, variance, skew and kurtosis of the normal distribution', () => {
  const random = createRandom(6);
  const moments = [0, 0, 0, 0];
  const draws = 200_000;
  for (let i = 0; i < draws; i++) {
    const value = random.normal();
    for (let power = 0; power < 4; power++) moments[power] += value ** (power + 1) / draws;
  }
  expect(Math.abs(moments[0])).toBeLessThan(0.01);
  expect(Math.abs(moments[1] - 1)).toBeLessThan(0.015);
  expect(Math.abs(moments[2])).toBeLessThan(0.04);
  expect(Math.abs(moments[3] - 3)).toBeLessThan(0.1);
});

test('pick reaches every element', () => {
  const random = createRandom(8);
  const seen = new Set(Array.from({ length: 100 }, () => pick(random, ['a', 'b', 'c'])));
  expect([...seen].sort()).toEqual(['a', 'b', 'c']);
});
