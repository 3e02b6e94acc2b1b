// The tables of a measured step, from rows written by hand.
import { expect, it } from 'vitest';
import { describeProfile } from '../../src/cli/profile-text.ts';
import type { KernelRow, KernelTable } from '../../src/contract/kernels.ts';
import { totalsBy } from '../../src/lab/cost/kernel-table.ts';

const row = (index: number, more: Partial<KernelRow>): KernelRow => ({
  index,
  label: 'layer 0 / qkv',
  phase: 'forward',
  kernel: 'matmul',
  shape: 'rows 4, columns 8',
  workgroups: 1,
  usefulFlops: 2e6,
  launchedFlops: 2e6,
  bytes: 3000,
  boundBy: 'arithmetic',
  ...more,
});

const table: KernelTable = {
  rows: [
    row(0, { limitSeconds: 1e-3, predictedSeconds: 2e-3, measuredSeconds: 3e-3, term: 'qkv' }),
    row(1, {
      ...{ kernel: 'adamW', phase: 'update', term: 'optimizer', shape: 'elements 8'.padEnd(90, '!') },
      ...{ limitSeconds: 1e-3, predictedSeconds: 2e-3, measuredSeconds: 4e-3, boundBy: 'bandwidth' },
    }),
  ],
  method: 'by hand',
  accumulation: 2,
  stepSeconds: 0.02,
  sumOverStep: 0.5,
};

it('gives rows their ratio, totals their share of the step, and counts micro-batches', () => {
  const totals = { kernel: totalsBy('kernel', table), term: totalsBy('term', table) };
  const [rows = '', kernels = '', terms = '', facts = ''] = describeProfile(table, totals, {
    device: 'here',
    trace: '/t.json',
  }).split('\n\n');
  expect(rows.split('\n')[1]).toMatch(
    /^matmul +rows 4, columns 8 +2\.00\sMFLOP +3\.00\skB +1\.00\sms +2\.00\sms +3\.00\sms +1\.50× +arithmetic$/,
  );
  expect(rows.split('\n')[2]).toMatch(/^adamW +elements 8!+… /);
  expect(kernels.split('\n')).toEqual([
    expect.stringMatching(/^kernel +dispatches .* share$/),
    expect.stringMatching(
      /^matmul +2 +4\.00\sMFLOP +6\.00\skB +2\.00\sms +4\.00\sms +6\.00\sms +1\.50× +60\.0\s%$/,
    ),
    expect.stringMatching(/^adamW +1 .* 2\.00× +40\.0\s%$/),
    expect.stringMatching(/^whole step +3 .* 10\.0\sms +1\.67× +100\s%$/),
  ]);
  expect(terms).toMatch(/^qkv .*\noptimizer /m);
  expect(facts).toMatch(/^dispatches +2; all but the update run 2 times in a step$/m);
  expect(facts).toMatch(/^rows, summed +50\.0\s% of it$/m);
  expect(facts).toMatch(/^trace +\/t\.json$/m);
});

it('shows a dash for what is not known', () => {
  const bare = { rows: [row(0, {})], method: 'not measured' };
  const totals = { kernel: totalsBy('kernel', bare), term: totalsBy('term', bare) };
  const text = describeProfile(bare, totals, { device: 'here' });
  expect(text).toMatch(/^matmul .* – +– +– +– +arithmetic$/m);
  expect(text).toMatch(/^other +1 .*–$/m);
  expect(text).not.toMatch(/not profiled|NaN|undefined/);
});
