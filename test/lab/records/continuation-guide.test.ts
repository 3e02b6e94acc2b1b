// The README of a folder that goes on elsewhere: its costs are the flops that are left over the rate that is assumed.
import { expect, it } from 'vitest';
import { continuationGuide, deviceHours } from '../../../src/lab/records/continuation-guide.ts';
import { tinyExperiment } from '../training/tiny-runs.ts';

const costs = { pressFlopsPerToken: 1e12, planFlopsPerToken: 2e12, utilization: 0.5 };

it('divides flops by the part of the peak that is reached', () => {
  expect(deviceHours(3600 * 1e12, 2e12, 0.5)).toBeCloseTo(1, 10);
});

it('says what is left, and by both counts what that costs', () => {
  const experiment = tinyExperiment(); // 50 steps of 4 rows of 8 tokens
  const guide = continuationGuide(experiment, { step: 40, tokens: 1280 }, costs);
  expect(guide).toContain('step 40 of 50, after 1,280 tokens');
  expect(guide).toContain('320 tokens are left');
  // 320 TFLOP over half of 989 TFLOP/s: 0.65 s.
  expect(guide).toMatch(/\| NVIDIA H100 \(SXM\) \| 989\sTFLOP\/s \| 1\.80e-4 \| 3\.60e-4 \|/);
  expect(guide).not.toContain('Dropout');
});

it('says that dropout is another, and that a run that has ended costs nothing', () => {
  const guide = continuationGuide(
    tinyExperiment({ model: { dropout: 0.1 } }),
    { step: 60, tokens: 1920 },
    costs,
  );
  expect(guide).toContain('Dropout is drawn anew');
  expect(guide).toMatch(/\n0 tokens are left/);
});
