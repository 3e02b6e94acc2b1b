// The cap of scores on numbers: near 0, at the limits, and its cost. The WGSL is checked with the kernels of attention.
import { expect, it } from 'vitest';
import { capFlops, cappedScore } from '../../src/kernels/attention-cap.ts';

it('leaves small scores and bounds large ones', () => {
  expect(cappedScore(1e-6, 30)).toBeCloseTo(1e-6, 15);
  expect(cappedScore(1e9, 30)).toBe(30);
  expect(cappedScore(-1e9, 30)).toBe(-30);
  expect(cappedScore(30, 30)).toBeCloseTo(30 * 0.7615941559557649, 12);
});

it('does and costs nothing at 0', () => {
  expect(cappedScore(-7.25, 0)).toBeCloseTo(-7.25);
  expect([capFlops({ softcap: 0 }), capFlops({ softcap: 1e-3 })]).toEqual([0, 3]);
});
