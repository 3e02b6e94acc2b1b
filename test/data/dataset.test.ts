// Tests of splits and batches: bounds, resuming, coverage and every refusal.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  coveringBatches,
  createDataset,
  drawTrainingBatch,
  fillEvaluationBatch,
} from '../../src/data/dataset.ts';
import { createRandom, restoreRandom } from '../../src/data/random.ts';

/** The tokens 0, 1, 2, …: the value of a token is its place, so a window shows where it was taken. */
const places = (length: number): Uint32Array => Uint32Array.from({ length }, (_, i) => i);

test('the first nine tenths train and the rest validates, as views of one array', () => {
  const tokens = places(105);
  const dataset = createDataset(tokens, { contextLength: 4, vocabularySize: 105 });
  expect([...dataset.training.subarray(-2), ...dataset.validation.subarray(0, 2)]).toEqual([92, 93, 94, 95]);
  expect(dataset.validation.length).toBe(11);
  expect(dataset.training.buffer).toBe(tokens.buffer);
});

test('Tiny Shakespeare is cut where nanoGPT cuts it', () => {
  const dataset = createDataset(new Uint8Array(1_115_394), { contextLength: 64, vocabularySize: 65 });
  expect([dataset.training.length, dataset.validation.length]).toEqual([1_003_854, 111_540]);
});

test('training rows are consecutive tokens of the training split and reach its first and last window', () => {
  const dataset = createDataset(places(20), {
    contextLength: 8,
    vocabularySize: 20,
    validationFraction: 0.45,
  });
  const rows = new Uint32Array(3 * 9);
  const random = createRandom(1);
  const starts = new Set<number>();
  for (let i = 0; i < 50; i++) {
    drawTrainingBatch(dataset, random, rows);
    for (let row = 0; row < 3; row++) {
      const window = rows.subarray(row * 9, row * 9 + 9);
      expect([...window]).toEqual(Array.from({ length: 9 }, (_, j) => window[0] + j));
      expect(window[8]).toBeLessThan(dataset.training.length);
      starts.add(window[0]);
    }
  }
  expect(dataset.training.length).toBe(11);
  expect([...starts].sort((a, b) => a - b)).toEqual([0, 1, 2]);
});

test('the saved state of the generator continues the batches exactly', () => {
  const dataset = createDataset(places(5000), { contextLength: 16, vocabularySize: 5000 });
  const draw = (random: ReturnType<typeof createRandom>): number[] => {
    const rows = new Uint32Array(4 * 17);
    drawTrainingBatch(dataset, random, rows);
    return [...rows];
  };
  const random = createRandom(9);
  draw(random);
  const resumed = restoreRandom(random.state());
  expect(draw(resumed)).toEqual(draw(random));
  expect(draw(resumed)).not.toEqual(draw(createRandom(9)));
});

test('evaluation windows are within the split, the same each time, and cover it when there are enough', () => {
  const sizes = fc.record({
    contextLength: fc.integer({ min: 1, max: 12 }),
    extra: fc.integer({ min: 1, max: 150 }),
    batch: fc.integer({ min: 1, max: 5 }),
  });
  fc.assert(
    fc.property(sizes, ({ contextLength, extra, batch }) => {
      const split = places(contextLength + extra);
      const batches = coveringBatches(split.length, contextLength, batch);
      const targets = new Set<number>();
      for (let index = 0; index < batches; index++) {
        const rows = new Uint32Array(batch * (contextLength + 1));
        const again = rows.slice();
        fillEvaluationBatch(split, contextLength, { batch, batches, index }, rows);
        fillEvaluationBatch(split, contextLength, { batch, batches, index }, again);
        expect(again).toEqual(rows);
        for (let i = 0; i < rows.length; i++) {
          if (i % (contextLength + 1) === 0) continue;
          expect(rows[i]).toBe(rows[i - 1] + 1);
          targets.add(rows[i]);
        }
      }
      expect(Math.max(...targets)).toBe(split.length - 1);
      expect(targets.size).toBe(split.length - 1);
    }),
    { seed: 4 },
  );
});

test('few evaluation windows are spread from the first to the last token', () => {
  const rows = new Uint32Array(2 * 5);
  const starts: number[] = [];
  for (let index = 0; index < 2; index++) {
    fillEvaluationBatch(places(95), 4, { batch: 2, batches: 2, index }, rows);
    starts.push(rows[0], rows[5]);
  }
  expect(starts).toEqual([0, 30, 60, 90]);
  fillEvaluationBatch(places(95), 4, { batch: 1, batches: 1, index: 0 }, rows.subarray(0, 5));
  expect([...rows.subarray(0, 5)]).toEqual([0, 1, 2, 3, 4]);
});

test('a split that cannot fill one row is refused with its sizes', () => {
  const options = { contextLength: 8, vocabularySize: 1000 };
  expect(() => createDataset(places(80), options)).toThrow(
    'dataset: the validation split is shorter than context + 1: 8 of 80 tokens, the context is 8.',
  );
  expect(() => createDataset(places(90), options)).not.toThrow();
  expect(() => createDataset(places(90), { ...options, validationFraction: 0.95 })).toThrow(
    'the training split is shorter than context + 1: 4 of 90 tokens',
  );
  expect(() => createDataset(new Uint8Array(0), options)).toThrow('0 of 0 tokens');
});

test('a token outside the vocabulary is refused with value and position, in either split', () => {
  const tokens = places(100).map((token) => token % 10);
  tokens[99] = 10;
  expect(() => createDataset(tokens, { contextLength: 4, vocabularySize: 10 })).toThrow('10 at position 99');
});

test.each([0, 1, -0.1, Number.NaN])('the validation fraction %s is refused', (validationFraction) => {
  const options = { contextLength: 4, vocabularySize: 100, validationFraction };
  expect(() => createDataset(places(100), options)).toThrow('the validation fraction');
});

test.each([0, -1, 2.5, Number.NaN])('the context length %s is refused', (contextLength) => {
  expect(() => createDataset(places(100), { contextLength, vocabularySize: 100 })).toThrow(
    'the context length',
  );
});

test('arrays of the wrong size and batches that do not exist are refused', () => {
  const dataset = createDataset(places(100), { contextLength: 4, vocabularySize: 100 });
  expect(() => drawTrainingBatch(dataset, createRandom(1), new Uint32Array(6))).toThrow(
    '6 elements for rows of 5',
  );
  expect(() => drawTrainingBatch(dataset, createRandom(1), new Uint32Array(0))).toThrow('training batch');
  const fill = (part: { batch: number; batches: number; index: number }, length: number): void =>
    fillEvaluationBatch(dataset.validation, 4, part, new Uint32Array(length));
  expect(() => fill({ batch: 2, batches: 1, index: 0 }, 5)).toThrow('evaluation batch: the array');
  expect(() => fill({ batch: 1, batches: 3, index: 3 }, 5)).toThrow('no such batch: 3 of 3');
  expect(() =>
    fillEvaluationBatch(places(4), 4, { batch: 1, batches: 1, index: 0 }, new Uint32Array(5)),
  ).toThrow('4 tokens, the context is 4');
});

test('marked tokens are drawn beside their window, and no window without a target', () => {
  const marks = Uint8Array.from({ length: 200 }, (_, at) => (at % 50 === 7 ? 1 : 0));
  const options = { contextLength: 4, vocabularySize: 200, marks };
  const dataset = createDataset(places(200), { ...options, validationFraction: 0.25 });
  const [rows, drawn] = [new Uint32Array(3 * 5), new Uint32Array(3 * 5)];
  const random = createRandom(1);
  for (let i = 0; i < 40; i++) {
    drawTrainingBatch(dataset, random, rows, drawn);
    expect([...drawn]).toEqual([...rows].map((place) => marks[place]));
    for (let row = 0; row < 3; row++) expect(drawn.subarray(row * 5 + 1, row * 5 + 5)).toContain(1);
  }
  const bare = (from: number, to: number) => marks.map((mark, at) => (at >= from && at < to ? 0 : mark));
  expect(() => createDataset(places(200), { ...options, marks: bare(0, 180) })).toThrow(
    'dataset: no token of the training split counts as a target',
  );
  expect(() => createDataset(places(200), { ...options, marks: bare(180, 200) })).toThrow(
    /the validation split/,
  );
});
