// Products with quantised weights against their reference: sizes around tiles, words and groups, with every option.
import { describe, expect, it } from 'vitest';
import { recordQuantisedMatmul } from '../../src/kernels/quantised-matmul.ts';
import { baselineCapabilities, type Capabilities } from '../../src/plan/kernel.ts';
import { quantisedMatrices, quantisedWords } from '../../src/plan/quantised.ts';
import { persistentTensor } from '../../src/plan/store.ts';
import { Tape } from '../../src/plan/tape.ts';
import { describeCases } from './describe-kernel.ts';
import { quantisedMatmulCases } from './quantised-matmul-shapes.ts';

await describeCases(quantisedMatmulCases);

function chosen(
  capabilities: Capabilities,
  rows: number,
  columns: number,
  inner: number,
): string | undefined {
  const tape = new Tape({ capabilities });
  const quantised = quantisedMatrices('int4', { name: 'w', shape: [inner, columns] });
  const words = persistentTensor('w', [quantisedWords(quantised)], 'u32', 'weights');
  const w = { ...words, shape: [inner, columns], quantised };
  const [x, y] = [tape.tensor('x', [rows, inner]), tape.tensor('y', [rows, columns])];
  recordQuantisedMatmul(tape, { x, w, y }, { rows });
  return tape.dispatches[0]?.kernel.name.replace('quantisedMatmul.int4/', '');
}

describe('recordQuantisedMatmul', () => {
  const software = { ...baselineCapabilities, features: new Set(['subgroups']) };
  const of = (lanes: number) => ({ ...software, subgroupMinSize: lanes, subgroupMaxSize: lanes });

  it('takes lanes for few rows on software adapters, and register tiles for more', () => {
    expect([1, 2, 3, 8, 9, 100].map((rows) => chosen(of(8), rows, 96, 64))).toEqual([
      ...['lanes8', 'lanes8', 'subgroup8-4x8', 'subgroup8-4x8', 'subgroup8-16x8', 'subgroup8-16x8'],
    ]);
    expect(chosen(of(4), 1, 96, 64)).toBe('lanes4');
  });

  it('takes sums in workgroup memory for few rows elsewhere, and tiles for more', () => {
    expect(chosen(baselineCapabilities, 4, 96, 64)).toBe('row');
    expect(chosen(baselineCapabilities, 5, 96, 64)).toBe('tiled-32x32-4x4');
    expect(chosen(baselineCapabilities, 512, 1024, 64)).toBe('tiled-64x64-4x4');
    expect(chosen({ ...baselineCapabilities, maxInvocationsPerWorkgroup: 1 }, 1, 96, 64)).toBe('plain');
  });

  it('refuses to be trained', () => {
    const tape = new Tape({ capabilities: baselineCapabilities, training: true });
    const quantised = quantisedMatrices('int8', { name: 'qkv', shape: [4, 4] });
    const w = { ...persistentTensor('qkv', [100], 'u32', 'weights'), shape: [4, 4], quantised };
    const [x, y] = [tape.tensor('x', [1, 4]), tape.tensor('y', [1, 4])];
    expect(() => recordQuantisedMatmul(tape, { x, w, y }, { rows: 1 })).toThrow(
      'qkv [4, 4] int8 has no gradients. Train with f32 weights.',
    );
  });
});
