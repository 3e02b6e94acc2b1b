// Grouping, sums and order of the kernel table.
import { describe, expect, it } from 'vitest';
import type { KernelRow } from '../../../src/contract/kernels.ts';
import { boundsOf, groupRows, layerOf, ratioOf, sumGroup } from '../../../src/ui/run-views/kernel-data.ts';
import { near } from '../../near.ts';

const row = (index: number, label: string, kernel: string, measuredSeconds?: number): KernelRow => ({
  index,
  label,
  phase: index < 2 ? 'forward' : 'backward',
  kernel,
  shape: '[1]',
  workgroups: 1,
  usefulFlops: 10 * (index + 1),
  launchedFlops: 10 * (index + 1),
  bytes: 4,
  predictedSeconds: 1,
  boundBy: 'launch',
  ...(measuredSeconds === undefined ? {} : { measuredSeconds }),
});
const rows = [
  row(0, 'embedding', 'embedding', 1),
  row(1, 'layers.0.query', 'matmul', 2),
  row(2, 'layers.0.query.dw', 'matmul', 4),
  row(3, 'layers.11.norm', 'norm', 3),
];

describe('kernel data', () => {
  it.each([
    ['layers.3.attention', 'layer 3'],
    ['layer12/query', 'layer 12'],
    ['h.0.attn', 'layer 0'],
    ['block_7 norm', 'layer 7'],
    ['embedding', 'outside the layers'],
    ['width3', 'outside the layers'],
  ])('finds the layer of %s', (label, layer) => {
    expect(layerOf(label)).toBe(layer);
  });

  it('says what bounds a group, most of its rows first', () => {
    const [first, second, third] = rows;
    if (!first || !second || !third) throw new Error('the test has three rows');
    expect(boundsOf(rows)).toBe('launch');
    expect(boundsOf([first, { ...second, boundBy: 'bandwidth' }, { ...third, boundBy: 'bandwidth' }])).toBe(
      'bandwidth, launch',
    );
    expect(boundsOf([])).toBe('');
  });

  it('gathers by kernel in the order of the plan and adds up', () => {
    const groups = groupRows(rows, 'kernel', 'index');
    expect(groups.map(({ name }) => name)).toEqual(['embedding', 'matmul', 'norm']);
    expect(groups[1]).toMatchObject({ usefulFlops: 50, bytes: 8, predictedSeconds: 2, measuredSeconds: 6 });
  });

  it('sorts groups and the rows in them, largest first', () => {
    const groups = groupRows(rows, 'kernel', 'measuredSeconds');
    expect(groups.map(({ name }) => name)).toEqual(['matmul', 'norm', 'embedding']);
    expect(groups[0]?.rows.map(({ index }) => index)).toEqual([2, 1]);
  });

  it('knows no sum where a row was not measured', () => {
    const group = sumGroup('all', [...rows, row(4, 'add', 'add')]);
    expect(group.measuredSeconds).toBeUndefined();
    expect(ratioOf(group)).toBeUndefined();
    expect(ratioOf({ predictedSeconds: 2, measuredSeconds: 3 })).toEqual(near(1.5));
  });
});
