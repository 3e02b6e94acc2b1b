// The matrices of a model's parameters: each number of a parameter in one matrix, packed ones apart.
import { describe, expect, it } from 'vitest';
import { type ModelConfig, parseModel } from '../../src/model/config.ts';
import { parameterSpecs } from '../../src/model/parameters.ts';
import { isMatrix, matricesOf } from '../../src/plan/matrices.ts';

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

/** The matrices of the blocks, with the parameter that each lies in. */
const blockMatrices = (model: ModelConfig) =>
  parameterSpecs(model)
    .filter(({ isTable }) => !isTable)
    .flatMap((spec) => matricesOf(spec).map((matrix) => ({ name: spec.name, ...matrix })));

describe('the matrices of a model', () => {
  it('are tables, projections and experts; vectors are none, even where two share a tensor', () => {
    const specs = parameterSpecs(modelOf({ bias: true, position: 'learned', tiedHead: false }));
    const tables = specs.filter(({ isTable }) => isTable);
    expect(tables.map(({ name }) => name)).toEqual(['tokenEmbedding', 'positionEmbedding', 'head']);
    for (const spec of tables) expect(matricesOf(spec)).toHaveLength(1);
    for (const spec of specs) {
      expect(isMatrix(spec), spec.name).toBe(!/Norm$|Bias$/.test(spec.name));
      if (!isMatrix(spec)) expect(matricesOf(spec)).toEqual([]);
    }
  });

  it('of blocks are queries, keys, values, gate and up each on its own', () => {
    const matrices = blockMatrices(modelOf({ gated: true, hidden: 16 })).filter(({ name }) =>
      /^layers.0/.test(name),
    );
    expect(matrices.map(({ name, columns, firstElement }) => [name.slice(9), columns, firstElement])).toEqual(
      [
        ['attention.qkv', 12, 0],
        ['attention.qkv', 6, 12],
        ['attention.qkv', 6, 18],
        ['attention.projection', 12, 0],
        ['ffn.gateUp', 16, 0],
        ['ffn.gateUp', 16, 16],
        ['ffn.contract', 12, 0],
      ],
    );
  });

  it.each([
    {},
    { gated: true, bias: true, queryKeyNorm: 'head', attentionSinks: true },
    { experts: 3, sharedExperts: 1, gated: true },
    { experts: 2, denseLayers: 1, expertHidden: 5 },
  ])('of %j cover each number of each matrix of a block once, and nothing else', (more) => {
    const model = modelOf(more);
    const covered = new Map<string, number[]>();
    for (const { name, rows, columns, stride, firstElement } of blockMatrices(model)) {
      const elements = covered.get(name) ?? [];
      for (let i = 0; i < rows * columns; i++)
        elements.push(firstElement + Math.floor(i / columns) * stride + (i % columns));
      covered.set(name, elements);
    }
    const wanted = parameterSpecs(model)
      .filter(({ name, shape, decay }) => name.startsWith('layers.') && decay && shape.length > 1)
      .map(({ name, shape }) => [name, shape.reduce((product, size) => product * size, 1)] as const);
    expect([...covered.keys()]).toEqual(wanted.map(([name]) => name));
    for (const [name, count] of wanted) {
      const sorted = covered.get(name)?.sort((a, b) => a - b);
      expect(sorted, name).toEqual(Array.from({ length: count }, (_, i) => i));
    }
  });

  it('are as many of a stack as there are experts, each as large as an expert', () => {
    const matrices = blockMatrices(modelOf({ experts: 3, gated: true, expertHidden: 5 }));
    const ofStack = (name: string) => matrices.filter((matrix) => matrix.name === `layers.1.experts.${name}`);
    expect(
      ofStack('contract').map(({ rows, columns, firstElement }) => [rows, columns, firstElement]),
    ).toEqual([
      [5, 12, 0],
      [5, 12, 60],
      [5, 12, 120],
    ]);
    expect(ofStack('gateUp').map(({ firstElement }) => firstElement)).toEqual([0, 5, 120, 125, 240, 245]);
  });
});
