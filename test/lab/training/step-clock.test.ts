// Medians of recent steps, and what they say of the device.
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { StepClock } from '../../../src/lab/training/step-clock.ts';
import type { PendingStep } from '../../../src/lab/training/trainer.ts';
import { near } from '../../near.ts';

function pending(encodeSeconds: number, gpuSeconds?: number): PendingStep {
  const record = {
    ...{ step: 1, tokens: 1, loss: 1, learningRate: 1, gradientNorm: 1, stepSeconds: 1 },
    ...{ tokensPerSecond: 1, flops: 1, seconds: 1, isFinite: true },
  };
  return { record: Promise.resolve(record), encodeSeconds, gpuSeconds: Promise.resolve(gpuSeconds) };
}

async function add(clock: StepClock, stepSeconds: number, encode: number, gpu?: number): Promise<void> {
  const one = pending(encode, gpu);
  clock.add(one, { ...(await one.record), stepSeconds, tokensPerSecond: 64 / stepSeconds });
  await one.gpuSeconds;
}

describe('the clock of steps', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['performance'] });
  });

  it('says nothing before the first step', () => {
    expect(new StepClock(1e9).timing(undefined, undefined)).toBeUndefined();
  });

  it('gives medians, so that one slow step changes little', async () => {
    const clock = new StepClock(1e9);
    for (const seconds of [0.1, 0.1, 5, 0.1, 0.1]) await add(clock, seconds, 0.001, 0.08);
    const timing = clock.timing(0.12, 1e11);
    expect(timing).toMatchObject({
      stepSeconds: near(0.1),
      encodeSeconds: near(0.001),
      gpuSeconds: near(0.08),
      predictedSeconds: near(0.12),
    });
    expect(timing?.readbackSeconds).toBeCloseTo(0.02, 9);
  });

  it('gives rates as sums over sums: no mean of rates, and no median of seconds', async () => {
    const clock = new StepClock(1e9);
    for (const seconds of [0.1, 0.1, 0.7, 0.1]) await add(clock, seconds, 0.001, 0.08);
    const timing = clock.timing(undefined, 1e11);
    expect(timing?.tokensPerSecond).toBeCloseTo((4 * 64) / 1, 9);
    expect(timing?.modelFlopsUtilization).toBeCloseTo(4e9 / 1 / 1e11, 9);
  });

  it('takes what is not encoding for the GPU where the GPU has no clock', async () => {
    const clock = new StepClock(1e9);
    await add(clock, 0.1, 0.01);
    const timing = clock.timing(undefined, undefined);
    expect(timing?.gpuSeconds).toBeCloseTo(0.09, 9);
    expect(timing).not.toHaveProperty('modelFlopsUtilization');
    expect(timing).not.toHaveProperty('predictedSeconds');
  });

  it('never shows more GPU time than the step took', async () => {
    const clock = new StepClock(1e9);
    await add(clock, 0.1, 0.01, 0.3);
    expect(clock.timing(undefined, undefined)).toMatchObject({ gpuSeconds: near(0.1), readbackSeconds: 0 });
  });

  it('forgets steps of long ago', async () => {
    const clock = new StepClock(1e9);
    for (let i = 0; i < 40; i++) await add(clock, 9, 0.1, 9);
    for (let i = 0; i < 32; i++) await add(clock, 0.5, 0.1, 0.4);
    expect(clock.timing(undefined, undefined)?.stepSeconds).toEqual(near(0.5));
  });

  it('is due twice a second', () => {
    const clock = new StepClock(1e9);
    expect(clock.isDue()).toBe(true);
    clock.timing(undefined, undefined);
    expect(clock.isDue()).toBe(false);
    vi.advanceTimersByTime(499);
    expect(clock.isDue()).toBe(false);
    vi.advanceTimersByTime(2);
    expect(clock.isDue()).toBe(true);
  });
});
