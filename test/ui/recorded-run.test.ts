// The recorded run: what is read, what is refused, and what a replay shows.
import { describe, expect, it } from 'vitest';
import { type RecordedRun, readRecordedRun, replayUntil } from '../../src/ui/recorded-run.ts';
import { fakeStep } from './fake-lab.ts';

const recorded: RecordedRun = {
  version: 1,
  presetId: 'nano',
  device: 'Example GPU 9000',
  isSoftware: false,
  recordedAt: '2026-11-22T10:00:00Z',
  note: 'The nano preset.',
  totalSteps: 100,
  steps: Array.from({ length: 50 }, (_, index) => fakeStep(2 * index + 2)),
  evaluations: [10, 60, 100].map((step) => ({ step, tokens: step, flops: step, seconds: step, loss: 2 })),
  samples: [{ step: 50, text: 'Once' }],
  floors: { uniform: 4, unigram: 3, bigram: 2 },
};

describe('recorded run', () => {
  it('reads what it wrote', () => {
    expect(readRecordedRun(JSON.parse(JSON.stringify(recorded)))).toEqual(recorded);
  });

  it.each([
    ['another version', { ...recorded, version: 2 }],
    ['too many steps', { ...recorded, steps: Array.from({ length: 1001 }, (_, index) => fakeStep(index)) }],
    ['a loss that is no number', { ...recorded, steps: [{ ...fakeStep(1), loss: null }, fakeStep(2)] }],
    ['a page of text', '<!doctype html>'],
  ])('refuses %s', (_, json) => {
    expect(readRecordedRun(json)).toBeUndefined();
  });

  it('shows nothing that lies ahead of the replay', () => {
    const half = replayUntil(recorded, 0.5);
    expect(half.steps[half.steps.length - 1]?.step).toBe(50);
    expect(half.evaluations.map(({ step }) => step)).toEqual([10]);
    expect(half.samples).toHaveLength(1);
    expect(replayUntil(recorded, 0).steps).toHaveLength(1);
  });

  it('ends with everything', () => {
    const { steps, evaluations, samples } = replayUntil(recorded, 1);
    expect([steps.length, evaluations.length, samples.length]).toEqual([50, 3, 1]);
  });
});
