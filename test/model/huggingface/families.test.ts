// Tests of the published families: what Transformers writes is read, comes out as it went in, and refuses what we do not compute.
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { readSafetensors } from '../../../src/data/safetensors.ts';
import { type ModelConfig, parseExperiment, parseModel } from '../../../src/model/config.ts';
import { arithmeticOf } from '../../../src/model/huggingface/computation.ts';
import {
  layoutOf,
  readHuggingFaceConfig,
  readPublishedConfig,
  writeHuggingFaceConfig,
} from '../../../src/model/huggingface/config.ts';
import { families } from '../../../src/model/huggingface/families.ts';
import {
  exportParameters,
  importParameters,
  type NamedTensor,
} from '../../../src/model/huggingface/weights.ts';
import { initialiseParameters } from '../../../src/model/initialise.ts';
import { countParameters, parameterSpecs } from '../../../src/model/parameters.ts';
import { findPreset, presets } from '../../../src/model/presets/catalogue.ts';
import { fixtureBytes, fixtureJson } from '../run-model.ts';
import { familyFixtures } from './family-fixtures.ts';

type Json = Readonly<Record<string, unknown>>;

const configOf = (name: string) => fixtureJson<Json>(name, 'config.json');
const readWith = (name: string, keys: Json) => () => readHuggingFaceConfig({ ...configOf(name), ...keys });
const throughJson = (model: ModelConfig, type?: string): Json =>
  JSON.parse(JSON.stringify(writeHuggingFaceConfig(model, type)));

function tensorsOf(name: string, file: string): Map<string, NamedTensor> {
  const { tensors } = readSafetensors(fixtureBytes(name, file));
  return new Map([...tensors].map(([key, { shape, data }]) => [key, { shape, data: data() }]));
}

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

/** A digest of every tensor: comparing hundreds of thousands of values one by one takes seconds. */
const digestsOf = (tensors: ReadonlyMap<string, Float32Array>) =>
  new Map([...tensors].map(([name, values]) => [name, createHash('sha256').update(values).digest('hex')]));

test('there is a fixture of every family', () => {
  expect(new Set(familyFixtures.map((name) => configOf(name).model_type))).toEqual(
    new Set(families.map(({ type }) => type)),
  );
});

describe.each(familyFixtures)('%s', (name) => {
  const given = configOf(name);
  const { model, type } = readPublishedConfig(given);

  test('is written in its own layout, with the keys and values of Transformers', () => {
    expect(layoutOf(model, type)).toBe(given.model_type);
    const written = throughJson(model, type);
    // Token ids we do not keep; where no layer has a window its limits are nobody's; the balance loss is not asked for.
    const lost = ['bos_token_id', 'eos_token_id', 'max_window_layers', 'router_aux_loss_coef'];
    // What changes scores beyond a length that the model has not is left out.
    lost.push('attn_temperature_tuning', 'attention_types');
    const keys = Object.keys(written).filter((key) => key in given && !lost.includes(key));
    const chosen = (of: Json) => Object.fromEntries(keys.map((key) => [key, of[key]]));
    expect(chosen(written)).toEqual(chosen(given));
    expect(written).not.toHaveProperty('flopscope');
    expect(readHuggingFaceConfig(written)).toEqual(model);
  });

  test('has the parameters that Transformers counts, and its weights come out bit for bit', () => {
    const tensors = tensorsOf(name, 'model.safetensors');
    expect(countParameters(model)).toBe(fixtureJson<Json>(name, 'expected.json').parameters);
    const parameters = importParameters(model, tensors, type);
    for (const { name: own, shape } of parameterSpecs(model))
      expect(parameters.get(own)?.length, own).toBe(shape.reduce((product, size) => product * size, 1));
    const written = exportParameters(model, lookIn(parameters), { content: 'weights', type });
    expect([...written.keys()].sort()).toEqual([...tensors.keys()].sort());
    for (const [tensor, expected] of tensors) expect(written.get(tensor), tensor).toEqual(expected);
  });

  test('has gradients named and shaped as Transformers names and shapes them', () => {
    const values = randomParameters(model);
    const gradients = exportParameters(model, lookIn(values), { content: 'gradients', type });
    const shapes = (tensors: ReadonlyMap<string, { readonly shape: readonly number[] }>) =>
      Object.fromEntries([...tensors].map(([key, { shape }]) => [key, shape]));
    const expected = tensorsOf(name, 'expected.safetensors');
    expected.delete('logits');
    expect(shapes(gradients)).toEqual(shapes(expected));
  });
});

test.each(presets.map(({ id }) => id))('the preset %s survives being saved and loaded', (id) => {
  const parsed = parseExperiment(findPreset(id)?.experiment);
  if (parsed.kind === 'problem') throw new Error(parsed.problems[0].message);
  const model = { ...parsed.experiment.model, vocabulary: 11 };
  expect(layoutOf(model)).not.toBe('flopscope');
  expect(readHuggingFaceConfig(throughJson(model))).toEqual(model);
  if (countParameters(model) > 5e5) return; // the smaller ones show the layouts
  const values = randomParameters(model);
  const tensors = exportParameters(model, lookIn(values), { content: 'weights' });
  expect(digestsOf(importParameters(model, tensors))).toEqual(digestsOf(values));
});

test.each([
  ['llama-a', { layer_types: ['full_attention', 'full_attention'] }, { windowPattern: '' }],
  ['mistral', { sliding_window: null }, { windowPattern: '' }],
  ['mistral', { sliding_window: 100 }, { windowPattern: 'L', window: 100 }],
  ['mistral', { num_key_value_heads: null }, { keyValueHeads: 3 }],
  ['mistral', { attention_bias: false }, { bias: false }],
  ['mixtral', { sliding_window: 9 }, { windowPattern: 'L', window: 9 }],
  ['mixtral', { output_router_logits: true, router_aux_loss_coef: 0 }, { balanceLoss: 0 }],
  [
    'qwen3',
    { layer_types: null, use_sliding_window: true, sliding_window: 6, max_window_layers: 1 },
    { windowPattern: 'GL', window: 6 },
  ],
  ['qwen3', { sliding_window: 0, layer_types: null }, { windowPattern: '' }],
  [
    'qwen3',
    { rope_scaling: { rope_type: 'linear', factor: 4 } },
    { ropeScaling: 'linear', ropeScalingFactor: 4 },
  ],
  [
    'qwen3',
    { rope_scaling: { rope_type: 'yarn', factor: 4, original_max_position_embeddings: 6 } },
    { ropeScaling: 'yarn', ropeScalingFactor: 4, ropeOriginalContext: 6 },
  ],
  ['qwen3-moe', { num_experts: null, num_local_experts: 6 }, { experts: 6 }],
  ['qwen3-moe', { mlp_only_layers: [], decoder_sparse_step: 2 }, { denseLayers: 1, moeInterval: 1 }],
  ['qwen3-moe', { mlp_only_layers: [] }, { denseLayers: 0, moeInterval: 1 }],
  ['qwen3-moe', { norm_topk_prob: false }, { renormalize: false }],
  ['gemma3', { layer_types: null, sliding_window_pattern: 2 }, { windowPattern: 'LG' }],
  ['gemma3', { query_pre_attn_scalar: 8 }, { attentionScale: 0 }],
  ['gemma3', { final_logit_softcapping: 30 }, { logitSoftcap: 30 }],
  ['gemma3', { sliding_window: 24 }, { windowPattern: 'LG', window: 24, localRopeBase: 10_000 }],
  ['olmo2', { rope_scaling: { type: 'linear', factor: 2 } }, { ropeScaling: 'linear' }],
  [
    'deepseek-v3',
    {
      rope_scaling: {
        type: 'yarn',
        factor: 40,
        mscale: 1,
        mscale_all_dim: 1,
        original_max_position_embeddings: 4,
      },
    },
    {
      ropeScaling: 'yarn',
      ropeAttentionFactor: 1,
      attentionScale: (0.1 * Math.log(40) + 1) ** 2 / 10 ** 0.5,
    },
  ],
  ['smollm3', { no_rope_layers: null, no_rope_layer_interval: 3 }, { positionPattern: 'RRN' }],
  [
    'smollm3',
    { layer_types: null, use_sliding_window: true, sliding_window: 5 },
    { windowPattern: 'GL', window: 5 },
  ],
  ['deepseek-v2', { topk_method: 'group_limited_greedy', n_group: 5, topk_group: 5 }, { experts: 5 }],
  ['deepseek-v2', { aux_loss_alpha: 0.1, seq_aux: false, moe_layer_freq: 1, ep_size: 1 }, { balanceLoss: 0 }],
  ['deepseek-v3', { first_k_dense_replace: 0, topk_method: 'noaux_tc' }, { denseLayers: 0 }],
  ['deepseek-v3', { flopscope: { routerBiasRate: 0 } }, { routerBiasRate: 0 }],
  [
    'qwen2',
    { use_sliding_window: true, sliding_window: 6, max_window_layers: 1, layer_types: null },
    { windowPattern: 'GL', window: 6 },
  ],
  [
    'qwen2',
    { rope_parameters: null, rope_theta: 1e6, rope_scaling: null },
    { ropeBase: 1e6, ropeScaling: 'none' },
  ],
  [
    'gemma2',
    { attn_logit_softcapping: null, final_logit_softcapping: null },
    { attentionSoftcap: 0, logitSoftcap: 0 },
  ],
  [
    'gemma2',
    { layer_types: null, hidden_act: 'gelu_pytorch_tanh', cache_implementation: 'hybrid' },
    { windowPattern: 'LG' },
  ],
  ['gemma2', { sliding_window: null }, { windowPattern: '' }],
  ['olmo3', { layer_types: null, num_hidden_layers: 5 }, { windowPattern: 'LLLG' }],
  [
    'olmo3',
    { rope_parameters: null, rope_theta: 100, rope_scaling: { rope_type: 'yarn', factor: 2 } },
    { ropeBase: 100, localRopeBase: 100, ropeScaling: 'yarn' },
  ],
  ['gpt-neo', { attention_types: [[['local'], 2]] }, { windowPattern: 'L' }],
  ['gpt-neo', { embed_dropout: 0.1, resid_dropout: 0.1, attention_dropout: 0.1 }, { dropout: 0.1 }],
  ['gpt-neo', { num_layers: null, num_hidden_layers: 2, intermediate_size: null }, { layers: 2, hidden: 48 }],
  [
    'gpt-neox',
    { rope_parameters: null, rotary_pct: 0.5, rotary_emb_base: 100 },
    { ropeFraction: 0.5, ropeBase: 100 },
  ],
  [
    'gpt-neox',
    { use_parallel_residual: false, attention_bias: false },
    { parallelBlocks: false, qkvBias: 'off' },
  ],
  [
    'granite',
    { attention_multiplier: 6 ** -0.5, embedding_multiplier: 1 },
    { attentionScale: 0, embeddingMultiplier: 1 },
  ],
  ['granite', { logits_scaling: 6 }, { logitScale: 1 / 6 }],
  [
    'starcoder2',
    { use_bias: false, sliding_window: null, mlp_type: 'default', norm_type: 'layer_norm' },
    { bias: false, normBias: 'on' },
  ],
  [
    'phi3',
    { sliding_window: null, rope_parameters: null, partial_rotary_factor: 1 / 3 },
    { ropeFraction: 1 / 3, ropeScaling: 'none' },
  ],
  ['llama4', { attn_temperature_tuning: false, floor_scale: 4 }, { positionPattern: 'RN' }],
  ['llama4', { moe_layers: null, interleave_moe_layer_step: 3, attention_chunk_size: null }, { experts: 0 }],
])('%s with %j is honoured', (name, keys, expected) => {
  const { model, type } = readPublishedConfig({ ...configOf(name), ...keys });
  expect(model).toMatchObject(expected);
  expect(layoutOf(model, type)).toBe(type);
  const again = readHuggingFaceConfig(throughJson(model, type));
  expect(arithmeticOf(again)).toBe(arithmeticOf(model));
  const names = (of: ModelConfig) =>
    [...exportParameters(of, lookIn(randomParameters(of)), { content: 'weights' }).keys()].sort();
  expect(names(again)).toEqual(names(model));
});

test.each([
  [
    'mistral',
    { sliding_window: 0 },
    /sliding_window is 0, not a whole number from 1 to \d+\. Give such a number/,
  ],
  ['mistral', { sliding_window: 'all' }, /sliding_window is "all", not a number/],
  ['llama-a', { layer_types: ['full_attention', 'sliding_attention'] }, /layer_types a list is not known/],
  ['mistral', { layer_types: ['full_attention', 'full_attention'] }, /layer_types a list is not known/],
  ['mistral', { attention_bias: true }, /attention_bias true changes the arithmetic/],
  ['mixtral', { num_local_experts: 0 }, /num_local_experts is 0/],
  ['mixtral', { num_experts_per_tok: 5 }, /model\.expertsPerToken: 5 is more than model\.experts 4/],
  ['mixtral', { num_experts_per_tok: 0 }, /num_experts_per_tok is 0/],
  ['qwen3', { use_sliding_window: true, sliding_window: 0 }, /sliding_window is 0/],
  ['qwen3', { layer_types: ['sliding_attention', 'full_attention'] }, /sliding_attention without a window/],
  ['qwen3', { layer_types: ['full_attention'] }, /layer_types is of 1 entries/],
  ['qwen3', { layer_types: ['full_attention', 'linear_attention'] }, /layer_types has "linear_attention"/],
  ['qwen3-moe', { num_experts: 0 }, /num_experts is 0/],
  ['qwen3-moe', { mlp_only_layers: [0, 1] }, /mlp_only_layers \[0, 1\] with decoder_sparse_step 1 leaves/],
  ['qwen3-moe', { num_hidden_layers: 4, mlp_only_layers: [1] }, /mlp_only_layers \[1\]/],
  ['qwen3-moe', { mlp_only_layers: 'x' }, /mlp_only_layers is no list/],
  ['gemma3', { use_bidirectional_attention: true }, /use_bidirectional_attention true lets tokens see/],
  ['gemma3', { attn_logit_softcapping: 50 }, /attn_logit_softcapping is given/],
  ['gemma3', { query_pre_attn_scalar: 0 }, /query_pre_attn_scalar is 0/],
  ['gemma3', { final_logit_softcapping: -1 }, /model\.logitSoftcap: -1/],
  ['smollm3', { no_rope_layers: [1, 0] }, /no_rope_layers is of 2 entries/],
  ['smollm3', { no_rope_layers: [1, 0, 2] }, /no_rope_layers has 2/],
  ['deepseek-v2', { norm_topk_prob: true }, /norm_topk_prob true is computed one way by DeepSeek/],
  [
    'deepseek-v2',
    { topk_method: 'group_limited_greedy', n_group: 5, topk_group: 2 },
    /n_group 5 with topk_group 2/,
  ],
  ['deepseek-v2', { mlp_bias: true }, /mlp_bias true changes the arithmetic/],
  ['deepseek-v2', { n_shared_experts: 0 }, /n_shared_experts is 0/],
  ['deepseek-v3', { n_group: 5 }, /n_group 5 with topk_group 1 limits a token to experts of 1 groups/],
  ['deepseek-v3', { n_group: null, topk_group: null }, /n_group 8 with topk_group 4/],
  ['deepseek-v3', { scoring_func: 'softmax' }, /scoring_func "softmax"/],
  ['deepseek-v3', { rope_interleave: false }, /rope_interleave false pairs other channels/],
  ['deepseek-v3', { num_key_value_heads: 1 }, /num_key_value_heads 1 differs from num_attention_heads 3/],
  [
    'deepseek-v3',
    { rms_norm_eps: 1e-5 },
    /rms_norm_eps 0\.00001 is another than that of the norms of latents/,
  ],
  ['deepseek-v3', { qk_rope_head_dim: 3, head_dim: 3, qk_head_dim: 9 }, /model\.ropeHeadSize: 3 is odd/],
  ['deepseek-v3', { kv_lora_rank: 100 }, /model\.latentSize: 100 is more than the 39 channels/],
  ['deepseek-v3', { first_k_dense_replace: 2 }, /model\.denseLayers: 2 leaves no layer/],
  ['deepseek-v3', { attention_bias: true }, /attention_bias true changes the arithmetic/],
  ['qwen2', { attention_bias: true }, /attention_bias true changes the arithmetic/],
  ['gemma2', { use_bidirectional_attention: true }, /use_bidirectional_attention true lets tokens see/],
  ['gpt-neo', { attention_types: [[['global'], 3]] }, /attention_types has a list/],
  ['gpt-neo', { attention_types: [[['global', 'wide'], 1]] }, /attention_types say 2 layers/],
  ['gpt-neo', { attention_types: 'global' }, /attention_types say 0 layers, and num_layers is 2/],
  ['gpt-neo', { num_heads: 5 }, /num_heads 5 does not divide hidden_size 12/],
  ['gpt-neox', { rope_parameters: null, rotary_pct: 0 }, /partial_rotary_factor is 0\./],
  ['granite', { logits_scaling: 0 }, /model\.logitScale: Infinity/],
  ['starcoder2', { mlp_type: 'gated' }, /mlp_type "gated" is another feed-forward part/],
  ['phi3', { full_attn_mod: 2 }, /full_attn_mod 2 leaves full attention out/],
  ['phi3', { lm_head_bias: true }, /lm_head_bias true is not known and could change/],
  ['llama4', { use_qk_norm: true }, /use_qk_norm true norms queries and keys without a weight/],
  ['llama4', { moe_layers: [1] }, /moe_layers gives layers experts/],
  ['llama4', { moe_layers: null }, /moe_layers gives layers experts/],
  ['llama4', { attention_chunk_size: 8 }, /attention_chunk_size 8 is below max_position_embeddings 16/],
  ['llama4', { floor_scale: 8 }, /attn_temperature_tuning changes scores beyond floor_scale 8 tokens/],
])('%s with %j is refused by name', (name, keys, message) => {
  expect(readWith(name, keys)).toThrow(message);
  expect(readWith(name, keys)).toThrow(expect.objectContaining({ name: 'InvalidFileError' }));
  expect(readWith(name, keys)).toThrow(/^config\.json: [^\n]*$/);
});

test.each([
  [
    'mixtral',
    { router_jitter_noise: 0.1 },
    /router_jitter_noise 0\.1 multiplies what goes into experts by noise in training/,
  ],
  ['mixtral', { output_router_logits: true }, /output_router_logits true adds a loss over the routers/],
])('%s with %j is read with a note', (name, keys, note) => {
  const { model, notes } = readPublishedConfig({ ...configOf(name), ...keys });
  expect(model).toEqual(readHuggingFaceConfig(configOf(name)));
  expect(notes).toEqual([expect.stringMatching(note)]);
});

test('a model that a family can say but for one setting keeps our own layout', () => {
  const gemma = readHuggingFaceConfig(configOf('gemma3'));
  for (const change of [
    { normPlacement: 'pre' },
    { attentionSinks: true },
    { attentionSoftcap: 50 },
    { residualScale: 0.5 },
    { ropeScaling: 'ntk' },
    { localRopeBase: 0 },
    { parallelBlocks: true, normPlacement: 'pre' },
  ] as const) {
    const parsed = parseModel({ ...gemma, ...change });
    if (parsed.kind === 'problem') throw new Error(parsed.problems[0].message);
    expect(layoutOf(parsed.model)).toBe('flopscope');
    expect(readHuggingFaceConfig(throughJson(parsed.model))).toEqual(parsed.model);
  }
});

test('a model is written in a family whose file Transformers opens, and stays in the one that it came from', () => {
  const keys = { hidden_size: 40, num_attention_heads: 3, head_dim: 16 };
  const { model, type } = readPublishedConfig({ ...configOf('llama-a'), ...keys });
  expect(layoutOf(model)).toBe('mistral'); // 3 does not divide 40, which LlamaConfig refuses
  expect(layoutOf(model, type)).toBe('llama');
  expect(arithmeticOf(readHuggingFaceConfig(throughJson(model)))).toBe(arithmeticOf(model));
  expect(layoutOf({ ...model, width: 48 })).toBe('llama');
  const partial = { ...readHuggingFaceConfig(configOf('llama-b')), ropeFraction: 0.5 };
  expect(layoutOf(partial)).toBe('phi3');
  expect(layoutOf({ ...partial, ropeScaling: 'dynamic', ropeOriginalContext: partial.context })).toBe(
    'flopscope',
  );
});
