// Software adapters are told from GPUs by the width of their subgroups.
import { expect, it } from 'vitest';
import { baselineCapabilities } from '../../src/plan/kernel.ts';
import { isSoftwareLike } from '../../src/plan/software-like.ts';

const withSubgroups = { ...baselineCapabilities, features: new Set(['subgroups']) };

it('takes subgroups of 4 and 8 lanes for a CPU, wider ones for a GPU', () => {
  expect([4, 8].map((lanes) => isSoftwareLike({ ...withSubgroups, subgroupMaxSize: lanes }))).toEqual([
    true,
    true,
  ]);
  expect([16, 64].map((lanes) => isSoftwareLike({ ...withSubgroups, subgroupMaxSize: lanes }))).toEqual([
    false,
    false,
  ]);
});

it('takes a device that reports no subgroups for a GPU', () => {
  expect(isSoftwareLike({ ...baselineCapabilities, subgroupMaxSize: 4 })).toBe(false);
});
