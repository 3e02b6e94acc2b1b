// Scales and ticks: places and back, domains that hold their values, labels at round numbers.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { axisTicks, domainOf, placeOf, type Scale, spread, valueAt } from '../../src/text/ticks.ts';
import { near } from '../near.ts';

describe('placeOf', () => {
  it('puts a decade at the same distance wherever it lies', () => {
    const scale: Scale = { kind: 'log', domain: [1, 1e4], range: [0, 400] };
    expect([1, 10, 100, 1e3, 1e4].map((value) => placeOf(scale, value))).toEqual([0, 100, 200, 300, 400]);
  });

  it('runs downwards as a drawing does', () => {
    const scale: Scale = { kind: 'linear', domain: [0, 10], range: [200, 0] };
    expect(placeOf(scale, 2.5)).toBe(150);
  });

  it('has no place for zero on a log axis, nor for what is no number', () => {
    const scale: Scale = { kind: 'log', domain: [1, 10], range: [0, 1] };
    for (const value of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
      expect(placeOf(scale, value)).toBeUndefined();
  });

  it('is undone by valueAt', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('linear' as const, 'log' as const),
        fc.double({ min: 1e-6, max: 1e25, noNaN: true }),
        (kind, value) => {
          const scale: Scale = { kind, domain: [1e-7, 1e26], range: [40, 640] };
          const back = valueAt(scale, placeOf(scale, value) ?? Number.NaN);
          const tolerance = kind === 'log' ? value * 1e-9 : 1e26 * 1e-12;
          expect(Math.abs(back - value)).toBeLessThanOrEqual(tolerance);
        },
      ),
    );
  });
});

describe('domainOf', () => {
  it('holds every value that has a place', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('linear' as const, 'log' as const),
        fc.array(fc.double({ min: 1e-9, max: 1e20, noNaN: true }), { minLength: 1, maxLength: 20 }),
        (kind, values) => {
          const [low, high] = domainOf(kind, values);
          expect(low).toBeLessThan(high);
          for (const value of values) {
            expect(value).toBeGreaterThanOrEqual(low * (1 - 1e-9));
            expect(value).toBeLessThanOrEqual(high * (1 + 1e-9));
          }
        },
      ),
    );
  });

  it('leaves out what a log axis cannot show', () => {
    expect(domainOf('log', [0, -5, 10, 1000], { padding: 0 })).toEqual([10, 1000]);
    expect(domainOf('log', [0])).toEqual([1, 10]);
  });

  it('takes values that differ by rounding alone for one', () => {
    const [low, high] = domainOf('linear', [1, 1 + Number.EPSILON], { padding: 0 });
    expect(high - low).toBeCloseTo(0.2, 9);
  });

  it('begins at zero exactly where it is asked to', () => {
    expect(domainOf('linear', [3, 10], { isFromZero: true, padding: 0.1 })).toEqual([0, 11]);
  });
});

describe('axisTicks', () => {
  const labels = (...of: Parameters<typeof axisTicks>): number[] =>
    axisTicks(...of)
      .filter(({ isLabelled }) => isLabelled)
      .map(({ value }) => value);

  it('counts in ones, twos and fives', () => {
    expect(labels('linear', [0, 1], 5)).toEqual([0, near(0.2), near(0.4), near(0.6), near(0.8), 1]);
    expect(labels('linear', [-30, 170], 5)).toEqual([0, 50, 100, 150]);
  });

  it('names decades, or 1, 2 and 5 where there are few', () => {
    expect(labels('log', [1, 1e5], 6)).toEqual([1, 10, 100, 1e3, 1e4, 1e5]);
    expect(labels('log', [10, 1000], 7)).toEqual([10, 20, 50, 100, 200, 500, 1000]);
  });

  it('skips decades where they would crowd', () => {
    expect(labels('log', [1, 1e20], 5)).toEqual([1, 1e4, 1e8, 1e12, 1e16, 1e20]);
  });

  it('names something on any axis, ascending, inside, and not too much', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('linear' as const, 'log' as const),
        fc.double({ min: 1e-12, max: 1e25, noNaN: true }),
        fc.double({ min: 1.05, max: 1e18, noNaN: true }),
        fc.integer({ min: 3, max: 9 }),
        (kind, low, factor, most) => {
          const ticks = axisTicks(kind, [low, low * factor], most);
          const values = ticks.map(({ value }) => value);
          expect(values).toEqual([...values].sort((a, b) => a - b));
          for (const value of values) {
            const slack = kind === 'log' ? value * 1e-6 : low * (factor - 1) * 1e-6;
            expect(value).toBeGreaterThanOrEqual(low - slack);
            expect(value).toBeLessThanOrEqual(low * factor + slack);
          }
          const named = ticks.filter(({ isLabelled }) => isLabelled).length;
          expect(named).toBeGreaterThanOrEqual(1);
          expect(named).toBeLessThanOrEqual(most + 2);
        },
      ),
    );
  });

  it('gives none for a domain that is none', () => {
    expect(axisTicks('log', [0, 10], 5)).toEqual([]);
    expect(axisTicks('linear', [3, 3], 5)).toEqual([]);
    expect(axisTicks('linear', [0, Number.NaN], 5)).toEqual([]);
    expect(axisTicks('linear', [1, 1 + Number.EPSILON], 5)).toEqual([]);
  });
});

describe('spread', () => {
  it('keeps both ends to the last digit', () => {
    const values = spread('log', [128, 32_768], 17);
    expect(values[0]).toBe(128);
    expect(values.at(-1)).toBe(32_768);
    expect(values[8] / values[7]).toBeCloseTo(Math.SQRT2, 12);
  });
});
