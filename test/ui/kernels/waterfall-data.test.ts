// The waterfall's bars: each begins where the one before ended, and all parts end at the measured step.
import { expect, it } from 'vitest';
import { waterfallBars, waterfallTable } from '../../../src/ui/kernels/waterfall-data.ts';
import { near } from '../../near.ts';

const waterfall = {
  arithmeticAtPeak: 0.02,
  bandwidthExcess: 0.03,
  tileAndOccupancy: 0.04,
  launches: 0.005,
  hostAndQueue: 0.01,
  unexplained: -0.005,
  measured: 0.1,
};

it('is a chain from zero to the measured step, steps back included', () => {
  const bars = waterfallBars(waterfall);
  const parts = bars.slice(0, -1);
  parts.forEach((bar, index) => {
    expect(bar.from).toBe(parts[index - 1]?.to ?? 0);
    expect(bar.to).toBeCloseTo(bar.from + bar.seconds, 12);
  });
  const [last, whole] = bars.slice(-2);
  expect(last).toMatchObject({ id: 'unexplained', seconds: near(-0.005) });
  expect(last?.to).toBeCloseTo(0.1, 12);
  expect(whole).toMatchObject({ id: 'measured', from: 0, to: near(0.1), share: 1 });
});

it('has shares of the step in its table, and none of a step without time', () => {
  const [name, seconds, share] = waterfallTable(waterfallBars(waterfall)).rows[0] ?? [];
  expect([name, seconds]).toEqual(['arithmetic at peak', near(0.02)]);
  expect(share).toBeCloseTo(0.2, 12);
  const empty = waterfallBars({ ...waterfall, measured: 0 });
  expect(empty.every(({ share }) => share === 0)).toBe(true);
});
