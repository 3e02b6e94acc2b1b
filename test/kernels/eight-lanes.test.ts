// Variants for subgroups of eight lanes, on a device that has as many: elsewhere the tests' drivers have four.
import { expect, it } from 'vitest';
import { allKernels } from '../../src/lab/plans/kernel-catalogue.ts';
import { attentionCases, keyGradientCases, queryGradientCases } from './attention-shapes.ts';
import { decodeAttentionCases } from './decode-attention-shapes.ts';
import { describeOnGpu, type KernelCase, lanesOf, missingLanes } from './describe-kernel.ts';
import { groupedMatmulCases } from './grouped-matmul-shapes.ts';
import { matmulCases } from './matmul-shapes.ts';
import { quantisedMatmulCases } from './quantised-matmul-shapes.ts';

const listed: string[] = [];

/** Where lanes are missing, which this project asks the driver for, tests end as those without a device do: in CI as failed. */
async function describeEightLanes<D extends string, B extends string>(
  cases: readonly KernelCase<D, B>[],
): Promise<void> {
  for (const { kernel, shapes, ...options } of cases.filter((one) => lanesOf(one.kernel) === 8)) {
    const missing = await missingLanes(kernel);
    if (missing === undefined) describeOnGpu(kernel, shapes, options);
    else it.skip(`${kernel.name} [skipped: ${missing}]`, () => undefined);
    listed.push(kernel.name);
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
  const here = new Set(listed.map(withoutLayout));
  const wanted = allKernels.filter((kernel) => lanesOf(kernel) === 8).map(({ name }) => withoutLayout(name));
  expect(wanted.length).toBeGreaterThan(0);
  expect(wanted.filter((name) => !here.has(name))).toEqual([]);
});
