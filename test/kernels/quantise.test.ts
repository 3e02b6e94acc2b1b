// Rounding to int8 and int4 against integers worked out by hand, and the bound that the step gives on any numbers.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromFloat16 } from '../../src/data/half-float.ts';
import { dequantise, quantise, quantisedValue } from '../../src/kernels/quantise.ts';
import { matrixWords, scalePlace, wordPlace } from '../../src/plan/quantised.ts';
import { near } from '../near.ts';

const single = { matrices: 1, isTable: false } as const;

describe('int8', () => {
  it('rounds to nearest, halves away from zero, with a scale for each column', () => {
    // Columns [127, 0.5, −1.5, 2.4, −2.6] and [0, 0, 0, 0, 0].
    const values = Float32Array.of(127, 0, 0.5, 0, -1.5, 0, 2.4, 0, -2.6, 0);
    const source = { ...single, format: 'int8', inner: 5, columns: 2 } as const;
    const words = quantise('w', values, source);
    const bytes = [0, 1, 2, 3, 4].map((k) => {
      const word = words[wordPlace(source, k, 0)] ?? 0;
      return (word << (24 - 8 * (k % 4))) >> 24;
    });
    expect(bytes).toEqual([127, 1, -2, 2, -3]);
    expect(new Float32Array(words.buffer)[scalePlace(source, 0, 0)]).toBe(1);
    expect(words[scalePlace(source, 0, 1)]).toBe(0);
    expect([...dequantise(words, source)].filter((_, i) => i % 2 === 1)).toEqual([0, 0, 0, 0, 0]);
  });
});

describe('int8 of numbers whose scale is subnormal', () => {
  it('keeps their signs', () => {
    const source = { ...single, format: 'int8', inner: 2, columns: 1 } as const;
    const words = quantise('w', Float32Array.of(2.5e-43, -2.5e-43), source);
    expect((words[0] ?? 0) & 0xffff).toBe(0x817f); // 127, −127
  });
});

describe('int4', () => {
  it('rounds to nearest, halves up, between the least and the largest of 32 inputs', () => {
    const values = Float32Array.from({ length: 40 }, (_, k) => (k < 16 ? k : k < 32 ? k - 16.5 : -7));
    values[16] = 0; // the least is 0, so that scale is 1
    const source = { ...single, format: 'int4', inner: 40, columns: 1 } as const;
    const words = quantise('w', values, source);
    const nibble = (k: number) => ((words[wordPlace(source, k, 0)] ?? 0) >>> (4 * (k % 8))) & 15;
    expect([0, 1, 15, 17, 18, 31].map(nibble)).toEqual([0, 1, 15, 1, 2, 15]);
    expect(words[scalePlace(source, 0, 0)]).toBe(0x3c00); // scale 1, minimum 0
    // A group without spread is its minimum.
    expect(quantisedValue(words, 0, source, 39, 0)).toBe(-7);
  });

  it('keeps numbers that are such steps already, from the least or from the largest', () => {
    const half = fc.integer({ min: 0x1000, max: 0x3fff }).map(fromFloat16);
    const group = fc.record({
      scale: fc.tuple(half, fc.constantFrom(1, -1)).map(([size, sign]) => size * sign),
      // GGUF's Q4_0 counts from −8, Q4_1 from a number of its own.
      minimum: fc.oneof(fc.constant(undefined), half),
      codes: fc.array(fc.nat(15), { minLength: 32, maxLength: 32 }),
    });
    const property = fc.property(group, ({ scale, minimum = -8 * scale, codes }) => {
      fc.pre(new Set(codes).size > 1);
      const values = Float32Array.from(codes, (code) => scale * code + minimum);
      // Beyond 24 bits the sum itself was rounded.
      fc.pre(values.every((value, i) => value === scale * codes[i] + minimum));
      const source = { ...single, format: 'int4', inner: 32, columns: 1 } as const;
      expect([...dequantise(quantise('w', values, source), source)]).toEqual([...values].map(near));
    });
    fc.assert(property, { numRuns: 300, seed: 3 });
  });

  it('refuses what f16 cannot hold, and what is no number, by name', () => {
    const source = { ...single, format: 'int4', inner: 2, columns: 1 } as const;
    expect(() => quantise('qkv', Float32Array.of(1, 70_000), source)).toThrow(
      'number 1 of qkv is 70000, and int4 holds finite numbers up to 65504',
    );
    expect(() => quantise('qkv', Float32Array.of(Number.NaN, 1), source)).toThrow('number 0 of qkv is NaN');
    const short = () => quantise('qkv', new Float32Array(3), source);
    expect(short).toThrow('qkv has 3 numbers, and 2 are needed');
  });
});

describe.each(['int8', 'int4'] as const)('%s', (format) => {
  it('is off by half a step at most, in matrices, tables and experts', () => {
    const sizes = fc.record({
      matrices: fc.integer({ min: 1, max: 2 }),
      inner: fc.integer({ min: 1, max: 70 }),
      columns: fc.integer({ min: 1, max: 37 }),
      isTable: fc.boolean(),
      seed: fc.integer(),
    });
    const property = fc.property(sizes, ({ seed, ...of }) => {
      const source = { ...of, format };
      const { matrices, inner, columns, isTable } = source;
      const values = Float32Array.from({ length: matrices * inner * columns }, (_, i) => {
        return 0.05 * Math.sin(seed + 12.9898 * i) * (1 + (i % 7));
      });
      const words = quantise('w', values, source);
      const back = dequantise(words, source);
      for (let m = 0; m < matrices; m++) {
        for (let c = 0; c < columns; c++) {
          for (let k = 0; k < inner; k++) {
            const i = m * inner * columns + (isTable ? c * inner + k : k * columns + c);
            const scale = words[m * matrixWords(source) + scalePlace(source, k, c)] ?? 0;
            expect(Math.abs((back[i] ?? 0) - (values[i] ?? 0))).toBeLessThanOrEqual(halfStep(format, scale));
          }
        }
      }
    });
    fc.assert(property, { numRuns: 20, seed: 1 });
  });
});

/** Half of the step that the bits of a scale say, and the rounding of scale and minimum to f16. */
function halfStep(format: 'int8' | 'int4', bits: number): number {
  if (format === 'int8') return 0.5001 * (new Float32Array(Uint32Array.of(bits).buffer)[0] ?? 0);
  const half = (pattern: number) => (1 + (pattern & 0x3ff) / 1024) * 2 ** (((pattern >> 10) & 31) - 15);
  const [scale, minimum] = [bits & 0xffff, bits >>> 16];
  return (0.5 + 15 / 2048) * half(scale) + half(minimum) / 2048 + 2 ** -15;
}
