// The recorded run: what a replay shows at each moment.
import { describe, expect, it } from 'vitest';
import { replayUntil } from '../../../src/ui/run-views/recorded-run.ts';
import { exampleRecord } from '../../lab/records/example-record.ts';
import { fakeStep } from '../page/fake-lab.ts';

const recorded = exampleRecord({
  totalSteps: 100,
  steps: Array.from({ length: 50 }, (_, index) => fakeStep(2 * index + 2)),
  evaluations: [10, 60, 100].map((step) => ({ step, tokens: step, flops: step, seconds: step, loss: 2 })),
  samples: [{ step: 50, text: 'Once' }],
});

describe('recorded run', () => {
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

  it('of no steps shows none', () => {
    expect(replayUntil({ ...recorded, steps: [] }, 0.5).steps).toEqual([]);
  });
});
