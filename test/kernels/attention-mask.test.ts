// Which keys a query sees, and the dropout mask's rate. The WGSL is checked with the kernels of attention.
import { describe, expect, it } from 'vitest';
import { firstVisible, keepFactor, visiblePairs } from '../../src/kernels/attention-mask.ts';
import { packedDims } from '../../src/kernels/attention-shape.ts';

const sizes = { batch: 2, time: 5, heads: 4, keyValueHeads: 2, keySize: 3, valueSize: 7 };

describe('visiblePairs', () => {
  it.each([1, 2, 3, 7, 16, 31, 32, 33, 69, 70, 71, 500])(
    'in a window of %i are those of a mask',
    (window) => {
      let count = 0;
      for (let query = 0; query < 70; query++) {
        for (let key = 0; key < 70; key++) if (key <= query && query - key < window) count++;
      }
      expect(visiblePairs(70, window)).toBe(count);
    },
  );
});

describe('firstVisible', () => {
  it('is the token itself in a window of one, and the first token while the window reaches it', () => {
    expect([0, 1, 9].map((query) => firstVisible(query, 1))).toEqual([0, 1, 9]);
    expect([0, 3, 4, 9].map((query) => firstVisible(query, 4))).toEqual([0, 0, 1, 6]);
  });
});

describe('keepFactor', () => {
  it('drops at the asked rate, scales what it keeps, and is the same when asked again', () => {
    const dims = packedDims({ ...sizes, time: 100 }, 1, 0.25, 3);
    const scalars = { dropoutSeed: 7, step: 2, sampleOffset: 4 };
    const mask = () => Array.from({ length: 10_000 }, (_, i) => keepFactor(dims, scalars, 1, 2, i % 100, i));
    const dropped = mask().filter((factor) => factor === 0).length;
    expect(Math.abs(dropped / 10_000 - 0.25)).toBeLessThan(0.02); // four and a half standard deviations
    expect(Math.max(...mask())).toBeCloseTo(1 / 0.75);
    expect(mask()).toEqual(mask());
  });
});
