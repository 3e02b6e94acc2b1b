// Rounding into a cache: word for word the reference's, the last rows of a prompt, ties, zeros, and what is not finite.
import { describe, expect, it } from 'vitest';
import {
  cacheQuantiseDecode,
  cacheQuantisePrefill,
  packedRow,
  quantisePrefill,
} from '../../src/kernels/cache-quantise.ts';
import { floatOfBits } from '../../src/kernels/quantise.ts';
import { baselineCapabilities } from '../../src/plan/kernel.ts';
import { partPlace, rowElements } from '../../src/plan/quantised-cache.ts';
import { Tape } from '../../src/plan/tape.ts';
import { describeKernel } from './describe-kernel.ts';
import { runOp } from './run-op.ts';

/** Words are compared as numbers up to 2³²: one in the lowest byte is no less than this of them. */
const tolerance = 1e-10;

/** [parts, firstSize, secondSize, columns before them] */
const rows = (
  [
    [1, 1, 1, 1],
    [2, 8, 10, 24],
    [1, 130, 0, 0],
    [3, 31, 33, 7],
  ] as const
).map(([parts, firstSize, secondSize, before]) => packedRow({ parts, firstSize, secondSize }, before));

// The step record's length is 5 unless said; rings that have room, and such that keep the last rows.
describeKernel(
  cacheQuantisePrefill,
  rows.map((row, i) => ({
    ...row,
    rows: [3, 37, 5, 64][i] ?? 1,
    slots: 1 + i,
    context: [7, 4, 64, 5][i] ?? 1,
  })),
  { tolerance },
);
describeKernel(
  cacheQuantiseDecode,
  rows.map((row, i) => ({
    ...row,
    ...{ slots: [1, 3, 2, 7][i] ?? 1, context: [1, 7, 64, 300][i] ?? 1, rowsPerRing: [1, 1, 5, 2][i] ?? 1 },
  })),
  { tolerance },
);

describe('a row that is rounded into a cache', () => {
  const row = packedRow({ parts: 1, firstSize: 6, secondSize: 3 }, 1);
  const roundedRow = async (values: readonly number[]) => {
    const words = rowElements(row, 'int8');
    const result = await runOp(
      {
        packed: { shape: [1, row.rowStride], values: [99, ...values] },
        cache: { shape: [1, words], values: new Array(words).fill(0), elementType: 'u32' },
      },
      (tape, { packed, cache }) => {
        quantisePrefill(tape, packed, cache, row);
        return packed;
      },
      { training: false, scalars: { length: 1, slot: 0 } },
    );
    const cache = result.inputs.cache ?? [];
    return [0, 1].map((part) => {
      const { size, word, scale } = partPlace(row, part);
      const bytes = Array.from({ length: size }, (_, d) => {
        return ((cache[word + (d >> 2)] ?? 0) << (24 - 8 * (d % 4))) >> 24;
      });
      return { scale: floatOfBits(cache[scale] ?? 0), bytes };
    });
  };

  it('has a scale a part, and halves go away from zero', async () => {
    const [key, value] = await roundedRow([127, -2.5, 0.5, -0.49, 0, 126.4, 0, -12.7, 3]);
    expect(key?.bytes).toEqual([127, -3, 1, 0, 0, 126]);
    expect(key?.scale).toBeCloseTo(1, 4);
    expect(value?.bytes).toEqual([0, -127, 30]);
    expect(value?.scale).toBeCloseTo(0.1, 5);
  });

  it('of zeros is 0, and of what is not finite has a scale that is none', async () => {
    const [zeros, broken] = await roundedRow([0, 0, 0, 0, 0, 0, 1, Number.POSITIVE_INFINITY, 2]);
    expect(zeros).toEqual({ scale: 0, bytes: [0, 0, 0, 0, 0, 0] });
    expect(broken).toEqual({ scale: Number.NaN, bytes: [0, 0, 0] });
  });

  it('is refused where the cache has another width, or is of f32', () => {
    const tape = new Tape({ capabilities: baselineCapabilities });
    const packed = tape.tensor('packed', [4, row.rowStride]);
    const record = (words: number, type: 'f32' | 'u32') => () =>
      quantisePrefill(tape, packed, tape.tensor('cache', [4, words], type), row);
    expect(record(5, 'u32')).not.toThrow();
    expect(record(6, 'u32')).toThrow(/the cache \[context, 5\] u32/);
    expect(record(5, 'f32')).toThrow(/cache \[4, 5\] f32/);
  });
});
