// Variants for subgroups of eight lanes, on a device that has as many: elsewhere the tests' drivers have four.
import { expect, it } from 'vitest';
import { allKernels } from '../../src/lab/plans/kernel-catalogue.ts';
import { attentionCases, keyGradientCases, queryGradientCases } from './attention-shapes.ts';
import { decodeAttentionCases } from './decode-attention-shapes.ts';
import { describeLanes, lanesOf } from './describe-kernel.ts';
import { groupedMatmulCases } from './grouped-matmul-shapes.ts';
import { matmulCases } from './matmul-shapes.ts';
import { quantisedMatmulCases } from './quantised-matmul-shapes.ts';

const listed = [
  await describeLanes(8, matmulCases()),
  await describeLanes(8, groupedMatmulCases()),
  await describeLanes(8, quantisedMatmulCases),
  await describeLanes(8, attentionCases),
  await describeLanes(8, queryGradientCases),
  await describeLanes(8, keyGradientCases),
  await describeLanes(8, decodeAttentionCases),
].flat();

it('are all here, each in one layout at least', () => {
  const withoutLayout = (name: string) => name.replace(/\.(nn|nt|tn)\//, '/');
  const here = new Set(listed.map(withoutLayout));
  const wanted = allKernels.filter((kernel) => lanesOf(kernel) === 8).map(({ name }) => withoutLayout(name));
  expect(wanted.length).toBeGreaterThan(0);
  expect(wanted.filter((name) => !here.has(name))).toEqual([]);
});
