// Variants for subgroups of sixteen lanes, which real GPUs may find quickest, on a software driver that has as many.
import { expect, it } from 'vitest';
import { allKernels } from '../../src/lab/plans/kernel-catalogue.ts';
import { describeLanes, lanesOf } from './describe-kernel.ts';
import { matmulCases } from './matmul-shapes.ts';

const listed = await describeLanes(16, matmulCases());

it('are all here, in every layout', () => {
  const wanted = allKernels.filter((kernel) => lanesOf(kernel) === 16).map(({ name }) => name);
  expect(wanted.length).toBeGreaterThan(2);
  expect([...listed].sort()).toEqual(wanted.sort());
});
