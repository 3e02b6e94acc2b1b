// The columns that the chart draws.
import { describe, expect, it } from 'vitest';
import {
  type ChartOptions,
  chartColumns,
  smoothValues,
  thinOut,
} from '../../../src/ui/run-views/chart-data.ts';
import type { RunSeries } from '../../../src/ui/state/series.ts';
import { near } from '../../near.ts';
import { fakeStep } from '../page/fake-lab.ts';

const evaluation = (step: number, loss: number) => ({
  step,
  tokens: step * 1024,
  flops: step * 1.9e9,
  seconds: step * 0.0043,
  loss,
});
const series: RunSeries = {
  points: [1, 2, 3].map(fakeStep),
  stride: 1,
  evaluations: [evaluation(0, 4.2), evaluation(3, 4)],
  floors: undefined,
};
const options: ChartOptions = { axis: 'step', logX: false, logY: false, smoothing: 0 };

describe('chart data', () => {
  it('joins training and validation in the order of the axis', () => {
    const columns = chartColumns(series, options);
    expect(columns.x).toEqual([0, 1, 2, 3]);
    expect(columns.raw.map((value) => value === null)).toEqual([true, false, false, false]);
    expect(columns.validation).toEqual([near(4.2), null, null, 4]);
    expect(columns.smooth).toEqual(columns.raw);
  });

  it('counts tokens, flops or seconds instead of steps', () => {
    expect(chartColumns(series, { ...options, axis: 'tokens' }).x).toEqual([0, 1024, 2048, 3072]);
    expect(chartColumns(series, { ...options, axis: 'flops' }).x[1]).toBe(1.9e9);
  });

  it('leaves out what a logarithm has no place for', () => {
    expect(chartColumns(series, { ...options, logX: true }).x).toEqual([1, 2, 3]);
    const bad: RunSeries = {
      ...series,
      points: [
        { ...fakeStep(1), loss: 0 },
        { ...fakeStep(2), loss: Number.NaN },
      ],
    };
    expect(chartColumns(bad, { ...options, logY: true }).raw.filter((value) => value !== null)).toEqual([]);
  });

  it('does not pull the smoothed curve towards its start', () => {
    expect(smoothValues([5, 5, 5], 0.9, 1)).toEqual([5, 5, 5].map((value) => expect.closeTo(value, 12)));
    const [first, second] = smoothValues([4, 2], 0.5, 1);
    expect(first).toBe(4);
    expect(second).toBeCloseTo((0.25 * 4 + 0.5 * 2) / 0.75, 12);
  });

  it('smooths a merged curve as much as the steps that it stands for', () => {
    const [, single] = smoothValues([4, 2], 0.81, 1);
    const [, merged] = smoothValues([4, 2], 0.9, 2);
    expect(merged).toBeCloseTo(single ?? 0, 12);
  });

  it('thins out evenly and keeps both ends', () => {
    const items = Array.from({ length: 1001 }, (_, index) => index);
    const chosen = thinOut(items, 11);
    expect(chosen).toEqual([0, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1000]);
    expect(thinOut([1, 2], 11)).toEqual([1, 2]);
    expect(thinOut(items, 1)).toEqual([1000]);
  });
});
