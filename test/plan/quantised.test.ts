// Where the words and scales of quantised matrices lie: every word once, and bytes a value as the formats promise.
import { describe, expect, it } from 'vitest';
import {
  matrixWords,
  quantisedMatrices,
  quantisedWords,
  scalePlace,
  wordPlace,
} from '../../src/plan/quantised.ts';

describe.each(['int8', 'int4'] as const)('the layout of %s', (format) => {
  it.each([
    [1, 1],
    [31, 7],
    [32, 32],
    [33, 33],
    [64, 36],
    [100, 130],
  ])('gives %i inputs of %i columns places of their own', (inner, columns) => {
    const matrix = { format, inner, columns };
    const values = new Set<number>();
    const scales = new Set<number>();
    for (let c = 0; c < columns; c++) {
      for (let k = 0; k < inner; k++) {
        values.add(wordPlace(matrix, k, c));
        scales.add(scalePlace(matrix, k, c));
      }
    }
    const [valuesOfWord, group] = format === 'int8' ? [4, inner] : [8, 32];
    for (const [places, size] of [
      [values, valuesOfWord],
      [scales, group],
    ] as const) {
      expect(places.size * size).toBeGreaterThanOrEqual(columns * inner);
      expect((places.size - columns) * size).toBeLessThan(columns * inner);
    }
    const all = [...values, ...scales];
    expect(new Set(all).size).toBe(all.length);
    expect(Math.max(...all)).toBeLessThan(matrixWords(matrix));
  });

  it('takes 1 or 0.625 bytes a value where nothing is padded, and a scale a column', () => {
    const [inner, columns] = [576, 1536];
    const bits = 32 * matrixWords({ format, inner, columns });
    expect(bits).toBe(format === 'int8' ? columns * (8 * inner + 32) : columns * 5 * inner);
  });
});

describe('quantisedMatrices', () => {
  it('takes the rows of a table as outputs, and one matrix for each expert', () => {
    const table = quantisedMatrices('int8', { name: 'head', shape: [65, 32], isTable: true });
    expect(table).toEqual({ format: 'int8', matrices: 1, inner: 32, columns: 65 });
    const experts = quantisedMatrices('int4', { name: 'expand', shape: [3, 32, 64] });
    expect(experts).toEqual({ format: 'int4', matrices: 3, inner: 32, columns: 64 });
    expect(quantisedWords(experts)).toBe(3 * matrixWords(experts));
  });

  it('refuses a vector by name', () => {
    expect(() => quantisedMatrices('int8', { name: 'finalNorm', shape: [64] })).toThrow(
      'finalNorm [64] is no matrix',
    );
  });
});
