// Counts of pairs, attended to and launched, and the packing of a row.
import { describe, expect, it } from 'vitest';
import { attendedPairs, launchedPairs, packedDims } from '../../src/kernels/attention-shape.ts';

const sizes = { batch: 2, time: 5, heads: 4, keyValueHeads: 2, keySize: 3, valueSize: 7 };

describe('packedDims', () => {
  it('puts query heads, key heads and value heads one after another', () => {
    const { qOffset, kOffset, vOffset, rowStride } = packedDims(sizes, 1, 0, 0);
    expect({ qOffset, kOffset, vOffset, rowStride }).toEqual({
      qOffset: 0,
      kOffset: 12,
      vOffset: 18,
      rowStride: 32,
    });
  });
});

describe('pairs', () => {
  const dims = packedDims(sizes, 1, 0, 0);
  it('attended to are the lower triangle with its diagonal', () => {
    expect(attendedPairs(dims)).toBe(2 * 4 * 15);
  });

  it('launched are whole tiles up to the diagonal', () => {
    expect(launchedPairs(dims, 1, 1)).toBe(attendedPairs(dims));
    expect(launchedPairs(dims, 2, 4)).toBe(2 * 4 * (2 * 4 + 2 * 4 + 2 * 8));
  });
});

describe('pairs in a window', () => {
  const windows = [1, 2, 3, 7, 16, 31, 32, 33, 69, 70, 71, 500];
  const visible = (window: number, query: number, key: number) => key <= query && query - key < window;

  it.each(windows)('of %i are launched in whole chunks that show some of them', (window) => {
    const dims = packedDims({ ...sizes, batch: 1, heads: 1, time: 70 }, 1, 0, 0, { window });
    for (const [rows, chunk] of [
      [1, 8],
      [16, 16],
      [32, 32],
      [64, 8],
    ] as const) {
      let pairs = 0;
      for (let row = 0; row < 70; row += rows) {
        for (let first = 0; first < 70; first += chunk) {
          let isNeeded = false;
          for (let q = row; q < row + rows; q++) {
            for (let k = first; k < first + chunk; k++) isNeeded ||= q < 70 && visible(window, q, k);
          }
          if (isNeeded) pairs += rows * chunk;
        }
      }
      expect(launchedPairs(dims, rows, chunk)).toBe(pairs);
    }
  });
});
