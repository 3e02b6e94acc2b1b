// Variants for subgroups of eight lanes, on a device that has as many: elsewhere the tests' drivers have four.
import { expect, it } from 'vitest';
import { allKernels } from '../../src/lab/plans/kernel-catalogue.ts';
import { attentionCases, keyGradientCases, queryGradientCases } from './attention-shapes.ts';
import { decodeAttentionCases } from './decode-attention-shapes.ts';
import { describeOnGpu, type KernelCase, lanesOf, skipWide } from './describe-kernel.ts';
import { groupedMatmulCases } from './grouped-matmul-shapes.ts';
import { matmulCases } from './matmul-shapes.ts';
import { quantisedMatmulCases } from './quantised-matmul-shapes.ts';

const described: string[] = [];

async function describeEightLanes<D extends string, B extends string>(
  cases: readonly KernelCase<D, B>[],
): Promise<void> {
  for (const { kernel, shapes, ...options } of cases.filter((one) => lanesOf(one.kernel) === 8)) {
    if (!(await skipWide(kernel))) describeOnGpu(kernel, shapes, options);
    described.push(kernel.name);
  }
}

await describeEightLanes(matmulCases());
await describeEightLanes(groupedMatmulCases());
await describeEightLanes(quantisedMatmulCases);
await describeEightLanes(attentionCases);
await describeEightLanes(queryGradientCases);
await describeEightLanes(keyGradientCases);
await describeEightLanes(decodeAttentionCases);

it('are all here, each in one layout at least', () => {
  const withoutLayout = (name: string) => name.replace(/\.(nn|nt|tn)\//, '/');
  const here = new Set(described.map(withoutLayout));
  const wanted = allKernels.filter((kernel) => lanesOf(kernel) === 8).map(({ name }) => withoutLayout(name));
  expect(wanted.length).toBeGreaterThan(0);
  expect(wanted.filter((name) => !here.has(name))).toEqual([]);
});
