// The ranking of variants: those that pay first, order kept, and padding weighed against a narrower tile.
import { expect, it } from 'vitest';
import { fillsWidth, ranked } from '../../src/kernels/tile-variants.ts';

it('puts the variants that pay first and keeps the order of both groups', () => {
  const variants = [64, 16, 32, 1].map((rows) => ({ kernel: rows, pays: (dims: number) => dims >= rows }));
  expect(ranked(variants, 20)).toEqual([16, 1, 64, 32]);
  expect(ranked(variants, 64)).toEqual([64, 16, 32, 1]);
});

it('leaves columns that fill half a tile to the narrower one', () => {
  expect([32, 65, 160].map((columns) => fillsWidth(columns, 64))).toEqual([false, false, true]);
  expect([64, 128, 256].map((columns) => fillsWidth(columns, 64))).toEqual([true, true, true]);
});
