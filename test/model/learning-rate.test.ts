// Tests of the learning-rate schedules.
import { expect, test } from 'vitest';
import type { ScheduleConfig } from '../../src/model/config.ts';
import { learningRateAt, type ScheduleSettings } from '../../src/model/learning-rate.ts';
import { near } from '../near.ts';

function settings(kind: ScheduleConfig['kind'], warmupSteps = 100, decayFraction = 0.2): ScheduleSettings {
  return {
    steps: 2000,
    schedule: { kind, warmupSteps, minimumLearningRate: 1e-4, decayFraction },
    optimizer: { learningRate: 1e-3 },
  };
}

test.each(['cosine', 'linear', 'constant', 'warmupStableDecay', 'inverseSquareRoot'] as const)(
  '%s warms up as nanoGPT: η·(step + 1) / (warmup + 1)',
  (kind) => {
    expect(learningRateAt(settings(kind), 0)).toBeCloseTo(1e-3 / 101, 12);
    expect(learningRateAt(settings(kind), 99)).toBeCloseTo((1e-3 * 100) / 101, 12);
    expect(learningRateAt(settings(kind), 100)).toEqual(near(1e-3));
  },
);

test('cosine is half-way in the middle and at its minimum from the last step on', () => {
  expect(learningRateAt(settings('cosine'), 1050)).toBeCloseTo(5.5e-4, 12);
  expect(learningRateAt(settings('cosine'), 575)).toBeCloseTo(1e-4 + 0.5 * (1 + Math.SQRT1_2) * 9e-4, 12);
  expect(learningRateAt(settings('cosine'), 2000)).toEqual(near(1e-4));
  expect(learningRateAt(settings('cosine'), 5000)).toEqual(near(1e-4));
});

test('linear falls evenly and constant stays', () => {
  expect(learningRateAt(settings('linear'), 1050)).toBeCloseTo(5.5e-4, 12);
  expect(learningRateAt(settings('linear'), 2000)).toEqual(near(1e-4));
  expect(learningRateAt(settings('constant'), 1_000_000)).toEqual(near(1e-3));
});

test('warm-up, stable, decay stays until the last part of the run and falls evenly there', () => {
  const rate = (step: number, fraction = 0.2, warmup = 100) =>
    learningRateAt(settings('warmupStableDecay', warmup, fraction), step);
  expect([rate(100), rate(1000), rate(1600)]).toEqual([near(1e-3), near(1e-3), near(1e-3)]);
  expect(rate(1800)).toBeCloseTo(5.5e-4, 12);
  expect(rate(2000)).toEqual(near(1e-4));
  expect(rate(1999, 0)).toEqual(near(1e-3));
  // A part as long as the run begins when warm-up ends: a line.
  expect(rate(1050, 1)).toBe(learningRateAt(settings('linear'), 1050));
});

test('the inverse square root halves when the steps are four times the warm-up', () => {
  const rate = (step: number) => learningRateAt(settings('inverseSquareRoot'), step);
  expect(rate(100)).toEqual(near(1e-3));
  expect(rate(400)).toBeCloseTo(5e-4, 12);
  expect(rate(10_000)).toBeCloseTo(1e-4, 12);
});

test('no warm-up, or one longer than the run, gives finite rates that never exceed the peak', () => {
  for (const warmup of [0, 2000, 5000]) {
    for (const kind of ['cosine', 'linear', 'constant', 'warmupStableDecay', 'inverseSquareRoot'] as const) {
      for (const step of [0, 1, 1999, 2000, 2001, 4999, 5000, 9999]) {
        const rate = learningRateAt(settings(kind, warmup), step);
        expect(rate).toBeGreaterThan(0);
        expect(rate).toBeLessThanOrEqual(1e-3);
      }
    }
  }
});
