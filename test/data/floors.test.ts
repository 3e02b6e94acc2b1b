// Tests of the reference losses on texts small enough to work out by hand.
import { expect, test } from 'vitest';
import { bigramCrossEntropy, computeLossFloors, unigramCrossEntropy } from '../../src/data/floors.ts';
import { createRandom } from '../../src/data/random.ts';

test('the loss of token counts equals the one counted by hand', () => {
  // Training 0 2 1 2 with 0.1 added and V = 4: p = 1.1/4.4, 1.1/4.4, 2.1/4.4, 0.1/4.4.
  const training = Uint8Array.of(0, 2, 1, 2);
  const loss = (...tokens: number[]): number => unigramCrossEntropy(training, Uint8Array.from(tokens), 4);
  expect(loss(0, 1)).toBeCloseTo(Math.log(4), 12);
  expect(loss(2, 3)).toBeCloseTo((-Math.log(2.1 / 4.4) - Math.log(0.1 / 4.4)) / 2, 12);
  expect(unigramCrossEntropy(training, training, 3, 0)).toBeCloseTo(1.5 * Math.log(2), 12); // its entropy
});

test('the pair loss equals the one counted by hand', () => {
  // Training 0 1 0 1 1: pairs 01 twice, 10 once, 11 once. With 0.1 added and V = 2:
  // p(1|0) = 2.1/2.2, p(0|1) = 1.1/2.2, p(1|1) = 1.1/2.2, p(0|0) = 0.1/2.2.
  const training = Uint8Array.of(0, 1, 0, 1, 1);
  const loss = (...tokens: number[]): number => bigramCrossEntropy(training, Uint8Array.from(tokens), 2);
  expect(loss(0, 1)).toBeCloseTo(-Math.log(2.1 / 2.2), 12);
  expect(loss(1, 0, 0)).toBeCloseTo((-Math.log(1.1 / 2.2) - Math.log(0.1 / 2.2)) / 2, 12);
  expect(bigramCrossEntropy(training, Uint8Array.of(0, 0), 2, 1)).toBeCloseTo(-Math.log(1 / 4), 12);
});

test('a token never followed in training leaves the uniform loss', () => {
  expect(bigramCrossEntropy(Uint8Array.of(0, 1), Uint8Array.of(1, 2, 0), 3)).toBeCloseTo(Math.log(3), 12);
});

test('the table and the map of pairs agree', () => {
  // The same tokens under a vocabulary below and above the bound; smoothing·V is kept equal.
  const random = createRandom(1);
  const draw = (): Uint32Array => Uint32Array.from({ length: 500 }, () => random.integer(5));
  const [training, validation] = [draw(), draw()];
  const small = bigramCrossEntropy(training, validation, 4096, 1);
  const large = bigramCrossEntropy(training, validation, 4097, 1);
  const counts = (a: number, b: number): number =>
    training.reduce((n, token, i) => n + (i > 0 && training[i - 1] === a && token === b ? 1 : 0), 0);
  const followed = (a: number): number => training.subarray(0, -1).filter((token) => token === a).length;
  for (const [loss, size] of [[small, 4096] as const, [large, 4097] as const]) {
    let sum = 0;
    for (let i = 1; i < validation.length; i++) {
      const [a, b] = [validation[i - 1], validation[i]];
      sum -= Math.log((counts(a, b) + 1) / (followed(a) + size));
    }
    expect(loss).toBeCloseTo(sum / (validation.length - 1), 10);
  }
});

test('all three together: falling for a text whose pairs repeat', () => {
  const text = Uint8Array.from({ length: 400 }, (_, i) => [0, 1, 0, 2][i % 4]);
  const floors = computeLossFloors(text.subarray(0, 360), text.subarray(360), 4);
  expect(floors.uniform).toBeCloseTo(Math.log(4), 12);
  expect(floors.unigram).toBeCloseTo(1.5 * Math.log(2), 2);
  expect(floors.bigram).toBeLessThan(0.4);
  expect(floors.bigram).toBeGreaterThan(0.5 * Math.log(2)); // after 0 come 1 and 2 alike: half a choice per token
});

test('splits too short to count are refused', () => {
  expect(() => unigramCrossEntropy(Uint8Array.of(0), new Uint8Array(0), 3)).toThrow(
    'floors: no tokens to count',
  );
  expect(() => bigramCrossEntropy(Uint8Array.of(0, 1), Uint8Array.of(0), 2)).toThrow(
    'validation 1. Use a longer text',
  );
});

test('marked tokens alone are counted, and said what they cost', () => {
  // Every second token is one of 2 that follow their neighbours; those between do not matter.
  const text = Uint8Array.from({ length: 400 }, (_, i) =>
    i % 2 === 0 ? (i / 2) % 2 : 2 + (((i - 1) / 2) % 2),
  );
  const marks = Uint8Array.from({ length: 400 }, (_, i) => i % 2);
  const split = { training: marks.subarray(0, 360), validation: marks.subarray(360) };
  const floors = computeLossFloors(text.subarray(0, 360), text.subarray(360), 4, split);
  expect(floors.unigram).toBeCloseTo(Math.log(2), 2);
  expect(floors.bigram).toBeLessThan(0.02);
  const all = computeLossFloors(text.subarray(0, 360), text.subarray(360), 4);
  expect(all.unigram).toBeCloseTo(Math.log(4), 2);
});
