// The matrices of Muon cover those of the blocks once, packed ones in parts.
import { describe, expect, it } from 'vitest';
import { parseModel } from '../../src/model/config.ts';
import { muonMatrices } from '../../src/model/muon-matrices.ts';
import { parameterSpecs } from '../../src/model/parameters.ts';

function modelOf(more: object) {
  const parsed = parseModel({
    layers: 2,
    width: 12,
    heads: 4,
    keyValueHeads: 2,
    context: 6,
    vocabulary: 11,
    ...more,
  });
  if (parsed.kind === 'problem') throw new Error(parsed.problems[0]?.message);
  return parsed.model;
}

describe('the matrices that Muon takes', () => {
  it('are those of the blocks, queries, keys, values, gate and up each on its own', () => {
    const matrices = muonMatrices(modelOf({ gated: true, hidden: 16 })).filter(({ name }) =>
      /^layers.0/.test(name),
    );
    expect(matrices.map(({ name, columns, first }) => [name.slice(9), columns, first])).toEqual([
      ['attention.qkv', 12, 0],
      ['attention.qkv', 6, 12],
      ['attention.qkv', 6, 18],
      ['attention.projection', 12, 0],
      ['ffn.gateUp', 16, 0],
      ['ffn.gateUp', 16, 16],
      ['ffn.contract', 12, 0],
    ]);
  });

  it.each([{}, { gated: true, bias: true }, { experts: 3, sharedExperts: 1, gated: true }])(
    'of %j cover each matrix of a block once, and nothing else',
    (more) => {
      const model = modelOf(more);
      const covered = new Map<string, number>();
      for (const { name, rows, columns } of muonMatrices(model))
        covered.set(name, (covered.get(name) ?? 0) + rows * columns);
      const wanted = parameterSpecs(model)
        .filter(({ name, shape, decay }) => name.startsWith('layers.') && decay && shape.length === 2)
        .map(({ name, shape: [rows = 0, columns = 0] }) => [name, rows * columns]);
      expect([...covered]).toEqual(wanted);
    },
  );
});
