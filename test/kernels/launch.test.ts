// Work is divided so that nothing is left out and wide devices are filled first.
import { expect, it } from 'vitest';
import {
  elementGroups,
  elementSteps,
  elementThreads,
  rowGroups,
  rowLaneLevels,
  weightSlices,
} from '../../src/kernels/launch.ts';

it.each([1, 127, 128, 129, 24_576, 49_151, 49_152, 1_000_003, 50_000_000])(
  '%i elements are all covered',
  (elements) => {
    const covered = elementGroups(elements) * elementThreads * elementSteps(elements);
    expect(covered).toBeGreaterThanOrEqual(elements);
    expect(covered - elements).toBeLessThan(elementThreads * elementSteps(elements));
  },
);

it('gives an invocation several elements only when there are many workgroups', () => {
  expect(elementSteps(10_000)).toBe(1);
  expect(elementSteps(393_216)).toBe(16);
  for (const elements of [49_152, 98_304, 300_000, 10_000_000]) {
    expect(elementGroups(elements)).toBeGreaterThanOrEqual(192);
  }
});

it('covers all rows', () => {
  expect(rowGroups(9, 40)).toBe(2); // 8 rows of 8 lanes in 64 invocations
  expect(rowGroups(9, 768)).toBe(5); // 2 rows of 32 lanes
  expect(1 << rowLaneLevels(128)).toBe(8);
});

it('cuts long columns into at most 64 slices', () => {
  expect([1, 128, 129, 768, 16_384].map(weightSlices)).toEqual([1, 1, 2, 6, 64]);
});
