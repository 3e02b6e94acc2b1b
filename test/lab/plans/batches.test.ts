// Where batches come from, and how many of their targets count.
import { describe, expect, it } from 'vitest';
import { createDataset } from '../../../src/data/dataset.ts';
import { countTargets, ignoredTarget, ListedBatches, RandomBatches } from '../../../src/lab/plans/batches.ts';

const tokens = Uint8Array.from({ length: 200 }, (_, i) => i);
const dataset = createDataset(tokens, { contextLength: 4, vocabularySize: 200 });

describe('random batches', () => {
  it('from the same seed are the same, and windows of the training split', () => {
    const [first, second] = [new RandomBatches(dataset, 3, 7), new RandomBatches(dataset, 3, 7)];
    const seen = new Set<number>();
    for (let i = 0; i < 50; i++) {
      const batch = first.next().tokens;
      expect(second.next().tokens).toEqual(batch);
      expect(batch).toHaveLength(15);
      for (let row = 0; row < 3; row++) {
        const start = batch[row * 5] ?? 0;
        seen.add(start);
        expect([...batch.subarray(row * 5, row * 5 + 5)]).toEqual([0, 1, 2, 3, 4].map((t) => start + t));
        expect(start + 4).toBeLessThan(180);
      }
    }
    expect(seen.size).toBeGreaterThan(80);
  });

  it('go on from a cursor', () => {
    const batches = new RandomBatches(dataset, 2, 7);
    batches.next();
    const { cursor } = batches;
    if (cursor.kind !== 'random') throw new Error('a random cursor is expected');
    const expected = [1, 2, 3].map(() => [...batches.next().tokens]);
    const resumed = new RandomBatches(dataset, 2, JSON.parse(JSON.stringify(cursor.state)));
    expect([1, 2, 3].map(() => [...resumed.next().tokens])).toEqual(expected);
    expect(resumed.cursor).toEqual(batches.cursor);
  });
});

it('random batches of a text with marks have targets where a token is marked', () => {
  const marks = tokens.map((_, place) => (place % 3 === 0 ? 1 : 0));
  const marked = createDataset(tokens, { contextLength: 4, vocabularySize: 200, marks });
  const { tokens: rows, targets } = new RandomBatches(marked, 2, 7).next();
  const expected = [0, 1].flatMap((row) =>
    [1, 2, 3, 4].map((t) => {
      const token = rows[row * 5 + t] ?? 0;
      return token % 3 === 0 ? token : ignoredTarget;
    }),
  );
  expect([...(targets ?? [])]).toEqual(expected);
});

describe('listed batches', () => {
  it('come in order, once', () => {
    const list = [1, 2].map((n) => ({ tokens: Uint32Array.of(n, n) }));
    const batches = new ListedBatches(list);
    expect([batches.next(), batches.next()]).toEqual(list);
    expect(batches.cursor).toEqual({ kind: 'list', next: 2 });
    expect(() => batches.next()).toThrow('all 2 were used');
  });
});

describe('targets that count', () => {
  const rows = new Uint32Array(2 * 4);
  const x = ignoredTarget;

  it('are the next tokens of all positions, or of the last', () => {
    expect(countTargets({ tokens: rows }, 3, 'all')).toBe(6);
    expect(countTargets({ tokens: rows }, 3, 'last')).toBe(2);
  });

  it('are those given and not ignored', () => {
    const targets = Uint32Array.of(1, x, 2, x, x, x);
    expect(countTargets({ tokens: rows, targets }, 3, 'all')).toBe(2);
    expect(countTargets({ tokens: rows, targets }, 3, 'last')).toBe(1);
  });
});
