// Tests of importing and exporting parameters: on the golden files, on hand-made matrices, and on damaged files.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type ModelConfig, parseModel } from '../../../src/model/config.ts';
import {
  layoutOf,
  readHuggingFaceConfig,
  writeHuggingFaceConfig,
} from '../../../src/model/huggingface/config.ts';
import {
  exportParameters,
  importParameters,
  type NamedTensor,
  streamParameters,
} from '../../../src/model/huggingface/weights.ts';
import { initialiseParameters } from '../../../src/model/initialise.ts';
import { countParameters, parameterSpecs } from '../../../src/model/parameters.ts';

type Tensors = Map<string, NamedTensor>;

const fixtures = ['gpt2-a', 'gpt2-b', 'gpt2-erf', 'llama-a', 'llama-b', 'llama-c'];
const fixture = (name: string, file: string): URL =>
  new URL(`../../fixtures/${name}/${file}`, import.meta.url);
const readJson = (url: URL) => JSON.parse(readFileSync(url, 'utf8'));

/** All tensors of an F32 safetensors file. */
function readTensors(url: URL): Tensors {
  const bytes = readFileSync(url);
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const header: Record<string, { shape: number[]; data_offsets: [number, number] }> = JSON.parse(
    bytes.toString('utf8', 8, start),
  );
  const entries = Object.entries(header).filter(([name]) => name !== '__metadata__');
  return new Map(
    entries.map(
      ([
        name,
        {
          shape,
          data_offsets: [begin, end],
        },
      ]) => {
        const data = new Float32Array(Uint8Array.from(bytes.subarray(start + begin, start + end)).buffer);
        return [name, { shape, data }];
      },
    ),
  );
}

function model(changes: Partial<ModelConfig>): ModelConfig {
  const parsed = parseModel({ layers: 2, width: 12, heads: 2, context: 5, vocabulary: 7, ...changes });
  if (parsed.kind === 'problem') throw new Error(parsed.problems[0].message);
  return parsed.model;
}

const llama = {
  norm: 'rmsNorm',
  position: 'rope',
  gated: true,
  activation: 'silu',
  normEpsilon: 1e-6,
} as const;

function randomParameters(config: ModelConfig): Map<string, Float32Array> {
  const values = new Map<string, Float32Array>();
  initialiseParameters(parameterSpecs(config), 3, (name, array) => {
    values.set(
      name,
      array.map((value, i) => value + 0.001 * i),
    );
  });
  return values;
}

const lookIn = (values: ReadonlyMap<string, Float32Array>) => (name: string) =>
  values.get(name) ?? new Float32Array();

test.each(fixtures)('%s has the parameters that PyTorch counts, and comes out as it went in', (name) => {
  const config = readHuggingFaceConfig(readJson(fixture(name, 'config.json')));
  const tensors = readTensors(fixture(name, 'model.safetensors'));
  expect(countParameters(config)).toBe(readJson(fixture(name, 'expected.json')).parameters);
  const parameters = importParameters(config, tensors);
  for (const { name: own, shape } of parameterSpecs(config)) {
    expect(parameters.get(own)?.length, own).toBe(shape.reduce((product, size) => product * size, 1));
  }
  const written = exportParameters(config, lookIn(parameters), { names: tensors.keys(), content: 'weights' });
  const weights = new Map([...tensors].filter(([tensor]) => !tensor.endsWith('.attn.bias')));
  expect(new Set(written.keys())).toEqual(new Set(weights.keys()));
  for (const [tensor, { shape, data }] of weights)
    expect(written.get(tensor), tensor).toEqual({ shape, data });
});

test.each(fixtures)('gradients of %s are named and shaped as the oracle names and shapes them', (name) => {
  const config = readHuggingFaceConfig(readJson(fixture(name, 'config.json')));
  const names = readTensors(fixture(name, 'model.safetensors')).keys();
  const gradients = exportParameters(config, lookIn(randomParameters(config)), {
    names,
    content: 'gradients',
  });
  const expected = readTensors(fixture(name, 'expected.safetensors'));
  expected.delete('logits');
  const shapes = (tensors: Tensors) =>
    Object.fromEntries([...tensors].map(([key, { shape }]) => [key, shape]));
  expect(shapes(gradients)).toEqual(shapes(expected));
});

test('Llama matrices are transposed and packed side by side', () => {
  const config = model({
    ...llama,
    layers: 1,
    width: 2,
    heads: 2,
    headSize: 2,
    keyValueHeads: 1,
    hidden: 1,
    vocabulary: 1,
  });
  const tensor = (shape: number[], start: number): NamedTensor => ({
    shape,
    data: Float32Array.from({ length: shape[0] * (shape[1] ?? 1) }, (_, i) => start + i),
  });
  const tensors: Tensors = new Map([
    ['model.embed_tokens.weight', tensor([1, 2], 0)],
    ['model.norm.weight', tensor([2], 0)],
    ['model.layers.0.input_layernorm.weight', tensor([2], 0)],
    ['model.layers.0.post_attention_layernorm.weight', tensor([2], 0)],
    ['model.layers.0.self_attn.q_proj.weight', tensor([4, 2], 10)],
    ['model.layers.0.self_attn.k_proj.weight', tensor([2, 2], 30)],
    ['model.layers.0.self_attn.v_proj.weight', tensor([2, 2], 50)],
    ['model.layers.0.self_attn.o_proj.weight', tensor([2, 4], 70)],
    ['model.layers.0.mlp.gate_proj.weight', tensor([1, 2], 80)],
    ['model.layers.0.mlp.up_proj.weight', tensor([1, 2], 90)],
    ['model.layers.0.mlp.down_proj.weight', tensor([2, 1], 100)],
  ]);
  const parameters = importParameters(config, tensors);
  // Row = input channel; columns = 4 of query, 2 of key, 2 of value. Tensor rows are outputs.
  expect([...(parameters.get('layers.0.attention.qkv') ?? [])]).toEqual(
    [10, 12, 14, 16, 30, 32, 50, 52].concat([11, 13, 15, 17, 31, 33, 51, 53]),
  );
  expect([...(parameters.get('layers.0.attention.projection') ?? [])]).toEqual([
    70, 74, 71, 75, 72, 76, 73, 77,
  ]);
  expect([...(parameters.get('layers.0.ffn.gateUp') ?? [])]).toEqual([80, 90, 81, 91]);
});

test('a LayerNorm with bias packs weight above bias', () => {
  const config = model({ bias: true });
  const values = randomParameters(config);
  const norm = Float32Array.from({ length: 24 }, (_, i) => i);
  values.set('finalNorm', norm);
  const tensors = exportParameters(config, lookIn(values), { content: 'weights' });
  expect(tensors.get('transformer.ln_f.weight')).toEqual({ shape: [12], data: norm.slice(0, 12) });
  expect(tensors.get('transformer.ln_f.bias')).toEqual({ shape: [12], data: norm.slice(12) });
  expect(importParameters(config, tensors).get('finalNorm')).toEqual(norm);
});

const kinds: [string, Partial<ModelConfig>, string][] = [
  ['GPT-2', { bias: true }, 'gpt2'],
  ['GPT-2 without biases', { bias: false, dropout: 0.2 }, 'gpt2'],
  [
    'GPT-2 with its own head and a narrow feed-forward layer',
    { tiedHead: false, hidden: 20, activation: 'relu' },
    'gpt2',
  ],
  ['Llama', { ...llama, keyValueHeads: 1 }, 'llama'],
  [
    'Llama with biases, dropout and its own head',
    { ...llama, bias: true, dropout: 0.1, tiedHead: false },
    'llama',
  ],
  ['rotary positions with LayerNorm', { position: 'rope', bias: true, tiedHead: false }, 'gpt_neox'],
  [
    'rotary positions with LayerNorm and norms of heads',
    { position: 'rope', queryKeyNorm: 'head' },
    'flopscope',
  ],
  ['learned positions with shared key/value heads', { keyValueHeads: 1 }, 'flopscope'],
];
test.each(kinds)('%s survives being saved and loaded', (_, changes, layout) => {
  const config = model(changes);
  expect(layoutOf(config)).toBe(layout);
  expect(readHuggingFaceConfig(JSON.parse(JSON.stringify(writeHuggingFaceConfig(config))))).toEqual(config);
  const values = randomParameters(config);
  const tensors = exportParameters(config, lookIn(values), { content: 'weights' });
  expect(importParameters(config, tensors)).toEqual(values);
  const bare = new Map(
    [...tensors].map(([name, tensor]) => [name.replace(/^(transformer|model)\./, ''), tensor]),
  );
  expect(importParameters(config, bare)).toEqual(values);
  expect([
    ...exportParameters(config, lookIn(values), { names: bare.keys(), content: 'weights' }).keys(),
  ]).toEqual([...bare.keys()]);
});

test('a GPT-2 without biases is written with zeros, which are not gradients and must stay zero', () => {
  const config = model({});
  const values = randomParameters(config);
  const tensors = exportParameters(config, lookIn(values), { content: 'weights' });
  const bias = 'transformer.h.1.mlp.c_fc.bias';
  expect(tensors.get(bias)).toEqual({ shape: [48], data: new Float32Array(48) });
  expect(exportParameters(config, lookIn(values), { content: 'gradients' }).has(bias)).toBe(false);
  tensors.get(bias)?.data.fill(1, 3, 4);
  expect(() => importParameters(config, tensors)).toThrow(/c_fc\.bias is not zero, but config\.json says/);
});

test('a tied head in the file is accepted where it is the embedding, and refused where it is not', () => {
  const config = model({ bias: true });
  const tensors: Tensors = exportParameters(config, lookIn(randomParameters(config)), { content: 'weights' });
  const embedding = tensors.get('transformer.wte.weight');
  if (!embedding) throw new Error('no embedding');
  tensors.set('lm_head.weight', embedding);
  expect(importParameters(config, tensors).get('tokenEmbedding')).toEqual(embedding.data);
  tensors.set('lm_head.weight', { shape: embedding.shape, data: embedding.data.map((value) => value + 1) });
  expect(() => importParameters(config, tensors)).toThrow('lm_head.weight differs from the token embedding');
});

test('tensors that are missing, unknown or of another shape are named', () => {
  const config = model({ ...llama });
  const good = exportParameters(config, lookIn(randomParameters(config)), { content: 'weights' });
  const name = 'model.layers.1.self_attn.k_proj.weight';
  const attempt = (change: (tensors: Tensors) => void) => () => {
    const tensors: Tensors = new Map(good);
    change(tensors);
    importParameters(config, tensors);
  };
  const one = { shape: [1], data: new Float32Array(1) };
  expect(attempt((tensors) => tensors.delete(name))).toThrow(`weights: ${name} is missing.`);
  expect(
    attempt((tensors) => {
      tensors.delete(name);
      tensors.set('model.layers.1.self_attn.qkv_proj.weight', one);
    }),
  ).toThrow(`${name} is missing, while model.layers.1.self_attn.qkv_proj.weight is not known in this layout`);
  expect(attempt((tensors) => tensors.clear())).toThrow(/layernorm\.weight.* and \d+ more are missing/);
  expect(attempt((tensors) => tensors.set('model.layers.2.x', one))).toThrow(
    'weights: model.layers.2.x is not known',
  );
  expect(attempt((tensors) => tensors.set('__proto__', one))).toThrow('weights: __proto__ is not known');
  expect(attempt((tensors) => tensors.set(name, one))).toThrow(
    `weights: ${name} is [1], config.json makes it [12, 12].`,
  );
  const short = { shape: [12, 12], data: new Float32Array(143) };
  expect(attempt((tensors) => tensors.set(name, short))).toThrow(`weights: ${name} has 143 numbers`);
  expect(
    attempt((tensors) => tensors.set('model.layers.0.self_attn.rotary_emb.inv_freq', one)),
  ).not.toThrow();
});

test('names that wrappers of PyTorch made longer are found', () => {
  const config = model({ ...llama });
  const values = randomParameters(config);
  const good = exportParameters(config, lookIn(values), { content: 'weights' });
  for (const prefix of ['_orig_mod.', 'module.', 'module._orig_mod.']) {
    const wrapped = new Map([...good].map(([name, tensor]) => [`${prefix}${name}`, tensor]));
    expect(importParameters(config, wrapped)).toEqual(values);
  }
  const renamed = (rename: (name: string) => string) =>
    new Map([...good].map(([name, tensor]) => [rename(name), tensor]));
  for (const rename of [
    (name: string) => `base_model.model.${name}`,
    (name: string) => `model.${name}`, // held by a module that trains it
    (name: string) => `base_model.${name}`,
    (name: string) => `net.backbone.${name}`,
    (name: string) => `module.student._orig_mod.${name}`,
    (name: string) => name.replace('layers.0.', 'layers.0._checkpoint_wrapped_module._orig_mod.'),
  ])
    expect(importParameters(config, renamed(rename))).toEqual(values);
  const adapted = renamed((name) => name.replace('q_proj.', 'q_proj.base_layer.'));
  expect(() => importParameters(config, adapted)).toThrow(/is of an adapter\. Merge it/);
  const twice = new Map([
    ...good,
    ['module.model.norm.weight', good.get('model.norm.weight') ?? { shape: [], data: new Float32Array() }],
  ]);
  expect(() => importParameters(config, twice)).toThrow(
    /module\.model\.norm\.weight"? are one tensor by their names/,
  );
});

test('a tied model whose file has the table under the name of the head only is read', () => {
  const config = model({ ...llama, tiedHead: true });
  const values = randomParameters(config);
  const tensors: Tensors = exportParameters(config, lookIn(values), { content: 'weights' });
  const table = tensors.get('model.embed_tokens.weight');
  if (!table) throw new Error('no embedding');
  tensors.delete('model.embed_tokens.weight');
  tensors.set('lm_head.weight', table);
  expect(importParameters(config, tensors)).toEqual(values);
});

test('parameters that stay in their file come as they do from memory, tables in parts', async () => {
  for (const changes of [
    { bias: true },
    { ...llama, width: 24, vocabulary: 200_000 },
    { ...llama, tiedHead: false },
  ]) {
    const config = model(changes);
    const values = randomParameters(config);
    const tensors = exportParameters(config, lookIn(values), { content: 'weights' });
    const stored = new Map(
      [...tensors].map(([name, { shape, data }]) => {
        const read = async (first = 0, count = data.length - first) => data.subarray(first, first + count);
        return [name, { dtype: 'F32' as const, shape, read }];
      }),
    );
    const found = new Map([...values].map(([name, { length }]) => [name, new Float32Array(length)]));
    const largest: number[] = [];
    await streamParameters(config, stored, ({ name, first, values: part }) => {
      largest.push(part.length);
      found.get(name)?.set(part, first);
    });
    for (const [name, array] of values)
      expect(
        array.every((value, at) => value === found.get(name)?.[at]),
        name,
      ).toBe(true);
    expect(Math.max(...largest)).toBeLessThanOrEqual(2 ** 22);
  }
});

test('a transposed matrix is said to be one', () => {
  const config = model({ bias: true });
  const tensors: Tensors = exportParameters(config, lookIn(randomParameters(config)), { content: 'weights' });
  const name = 'transformer.h.0.attn.c_attn.weight';
  tensors.set(name, { shape: [36, 12], data: new Float32Array(36 * 12) });
  expect(() => importParameters(config, tensors)).toThrow(
    `${name} is [36, 12], config.json makes it [12, 36]: it is transposed, as nn.Linear stores`,
  );
});

test('experts that lie in one tensor, as Transformers 5 holds them, are the same experts', () => {
  const config = model({ ...llama, experts: 3, expertHidden: 4, keyValueHeads: 1 });
  const values = randomParameters(config);
  const apart = exportParameters(config, lookIn(values), { content: 'weights' });
  const stacked = (layer: number, names: readonly string[]) =>
    [0, 1, 2].flatMap((expert) =>
      names.flatMap((name) => [
        ...(apart.get(`model.layers.${layer}.block_sparse_moe.experts.${expert}.${name}.weight`)?.data ?? []),
      ]),
    );
  const fused: Tensors = new Map([...apart].filter(([name]) => !name.includes('block_sparse_moe')));
  for (const layer of [0, 1]) {
    const router = apart.get(`model.layers.${layer}.block_sparse_moe.gate.weight`);
    if (!router) throw new Error('no router');
    fused.set(`model.layers.${layer}.mlp.gate.weight`, router);
    fused.set(`model.layers.${layer}.mlp.experts.gate_up_proj`, {
      shape: [3, 8, 12],
      data: Float32Array.from(stacked(layer, ['w1', 'w3'])),
    });
    fused.set(`model.layers.${layer}.mlp.experts.down_proj`, {
      shape: [3, 12, 4],
      data: Float32Array.from(stacked(layer, ['w2'])),
    });
  }
  expect(layoutOf(config)).toBe('mixtral');
  expect(importParameters(config, fused)).toEqual(values);
  const again = exportParameters(config, lookIn(values), { content: 'weights', names: fused.keys() });
  expect(new Map(again)).toEqual(fused);
});

test('a parameter of another length cannot be written', () => {
  expect(() => exportParameters(model({}), () => new Float32Array(1), { content: 'weights' })).toThrow(
    'export: tokenEmbedding has 1 numbers, not [7, 12].',
  );
});
