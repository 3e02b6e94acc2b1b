// Tests of parameter names, shapes, order, decay and counts.
import { expect, test } from 'vitest';
import { type ModelConfig, parseModel } from '../../src/model/config.ts';
import { countParameters, parameterSpecs } from '../../src/model/parameters.ts';
import { near } from '../near.ts';

function model(changes: Partial<ModelConfig>): ModelConfig {
  const parsed = parseModel({ layers: 1, width: 40, heads: 5, context: 37, vocabulary: 101, ...changes });
  if (parsed.kind === 'problem') throw new Error(parsed.problems[0].message);
  return parsed.model;
}

const shapesOf = (config: ModelConfig) =>
  parameterSpecs(config).map(({ name, shape, decay }) => [name, shape, decay]);

test('a GPT-2 layer with biases packs scale and bias of its norms, which do not decay', () => {
  expect(shapesOf(model({ bias: true }))).toEqual([
    ['tokenEmbedding', [101, 40], true],
    ['positionEmbedding', [37, 40], true],
    ['layers.0.attentionNorm', [2, 40], false],
    ['layers.0.attention.qkv', [40, 120], true],
    ['layers.0.attention.qkvBias', [120], false],
    ['layers.0.attention.projection', [40, 40], true],
    ['layers.0.attention.projectionBias', [40], false],
    ['layers.0.ffnNorm', [2, 40], false],
    ['layers.0.ffn.expand', [40, 160], true],
    ['layers.0.ffn.expandBias', [160], false],
    ['layers.0.ffn.contract', [160, 40], true],
    ['layers.0.ffn.contractBias', [40], false],
    ['finalNorm', [2, 40], false],
  ]);
});

test('a Llama layer packs query, key and value columns, and gate and up', () => {
  const llama = model({
    norm: 'rmsNorm',
    position: 'rope',
    activation: 'silu',
    gated: true,
    keyValueHeads: 1,
    tiedHead: false,
  });
  expect(shapesOf(llama)).toEqual([
    ['tokenEmbedding', [101, 40], true],
    ['layers.0.attentionNorm', [40], false],
    ['layers.0.attention.qkv', [40, 40 + 2 * 8], true],
    ['layers.0.attention.projection', [40, 40], true],
    ['layers.0.ffnNorm', [40], false],
    ['layers.0.ffn.gateUp', [40, 2 * 104], true],
    ['layers.0.ffn.contract', [104, 40], true],
    ['finalNorm', [40], false],
    ['head', [101, 40], true],
  ]);
});

test('norms of heads and sinks stand behind the projection that they belong to, and do not decay', () => {
  const some = { keyValueHeads: 1, attentionSinks: true } as const;
  const added = (queryKeyNorm: 'head' | 'all') =>
    shapesOf(model({ ...some, queryKeyNorm }))
      .filter(([name]) => /Norm$|sinks/.test(`${name}`))
      .slice(1, 4);
  expect(added('head')).toEqual([
    ['layers.0.attention.queryNorm', [8], false],
    ['layers.0.attention.keyNorm', [8], false],
    ['layers.0.attention.sinks', [5], false],
  ]);
  expect(added('all').map(([, shape]) => shape)).toEqual([[40], [8], [5]]);
});

test('an RMSNorm has no bias even where linear layers have', () => {
  const specs = parameterSpecs(model({ norm: 'rmsNorm', bias: true }));
  expect(specs.find(({ name }) => name === 'finalNorm')?.shape).toEqual([40]);
});

test('residual projections start smaller by the root of twice the layers', () => {
  const specs = parameterSpecs(model({ layers: 8 }));
  const deviationOf = (name: string) => specs.find((spec) => spec.name === name)?.initialisation;
  expect(deviationOf('layers.7.attention.projection')).toEqual({ kind: 'normal', deviation: near(0.02 / 4) });
  expect(deviationOf('layers.0.ffn.contract')).toEqual({ kind: 'normal', deviation: near(0.02 / 4) });
  expect(deviationOf('layers.0.ffn.expand')).toEqual({ kind: 'normal', deviation: near(0.02) });
});

test('names are unique and a count leaves out the tables it is told to', () => {
  const config = model({ layers: 3, tiedHead: false });
  const names = parameterSpecs(config).map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  const all = countParameters(config);
  expect(countParameters(config, { positions: false })).toBe(all - 37 * 40);
  expect(countParameters(config, { embeddings: false })).toBe(all - 2 * 101 * 40);
});

test('a vocabulary that is not known yet is an error', () => {
  expect(() => parameterSpecs(model({ vocabulary: 0 }))).toThrow('parameters: model.vocabulary is 0.');
});
