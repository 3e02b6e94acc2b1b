// A run's curve in bounded memory.
import { describe, expect, it } from 'vitest';
import { SeriesCollector } from '../../../src/ui/state/series.ts';
import { fakeStep } from '../page/fake-lab.ts';

describe('run series', () => {
  it('keeps every step of a short run', () => {
    const series = new SeriesCollector(64);
    series.addSteps([1, 2, 3].map(fakeStep));
    const { points, stride } = series.snapshot();
    expect(stride).toBe(1);
    expect(points).toEqual([1, 2, 3].map(fakeStep));
  });

  it('never holds more points than its capacity and keeps the mean loss', () => {
    const series = new SeriesCollector(64);
    const steps = Array.from({ length: 10_240 }, (_, index) => fakeStep(index + 1));
    for (let start = 0; start < steps.length; start += 37) {
      series.addSteps(steps.slice(start, start + 37));
      expect(series.snapshot().points.length).toBeLessThanOrEqual(65);
    }
    const { points, stride } = series.snapshot();
    const mean = (values: readonly { readonly loss: number }[]) =>
      values.reduce((sum, { loss }) => sum + loss, 0) / values.length;
    expect(10_240 % stride).toBe(0);
    expect(mean(points)).toBeCloseTo(mean(steps), 10);
    expect(points[points.length - 1]?.step).toBe(10_240);
  });

  it('gives merged points the tokens of their steps over the seconds of their steps', () => {
    const series = new SeriesCollector(2);
    const step = (index: number, stepSeconds: number) => ({
      ...fakeStep(index),
      ...{ stepSeconds, tokensPerSecond: 100 / stepSeconds },
    });
    series.addSteps([0.1, 0.3, 0.1, 0.1].map((seconds, index) => step(index + 1, seconds)));
    const { points } = series.snapshot();
    expect(points).toHaveLength(1);
    expect(points[0]?.stepSeconds).toBeCloseTo(0.15, 9);
    expect(points[0]?.tokensPerSecond).toBeCloseTo(400 / 0.6, 6);
  });

  it('drops what a rewound run repeats', () => {
    const series = new SeriesCollector(64);
    series.addSteps([1, 2, 3, 4].map(fakeStep));
    series.addEvaluation({ step: 4, tokens: 1, flops: 1, seconds: 1, loss: 2 });
    series.addSteps([3].map(fakeStep));
    expect(series.snapshot().points.map(({ step }) => step)).toEqual([1, 2, 3]);
    expect(series.snapshot().evaluations).toEqual([]);
  });

  it('begins anew with the floors of the next run', () => {
    const series = new SeriesCollector();
    series.addSteps([fakeStep(1)]);
    series.clear({ uniform: 4, unigram: 3, bigram: 2 });
    expect(series.snapshot()).toEqual({
      points: [],
      stride: 1,
      evaluations: [],
      floors: { uniform: 4, unigram: 3, bigram: 2 },
    });
  });

  it('refuses an odd capacity', () => {
    expect(() => new SeriesCollector(3)).toThrow(/capacity/);
  });
});
