// Tests of reading config.json: what is honoured, what is ignored, and what is refused by name.
import { expect, test } from 'vitest';
import { activationFunctions, activationNames } from '../../../src/kernels/activation-functions.ts';
import {
  readHuggingFaceConfig,
  readPublishedConfig,
  writeHuggingFaceConfig,
} from '../../../src/model/huggingface/config.ts';
import { countParameters } from '../../../src/model/parameters.ts';
import { near } from '../../near.ts';

/** The published GPT-2 124M config.json, key for key. */
const gpt2 = {
  activation_function: 'gelu_new',
  architectures: ['GPT2LMHeadModel'],
  attn_pdrop: 0.1,
  bos_token_id: 50256,
  embd_pdrop: 0.1,
  eos_token_id: 50256,
  initializer_range: 0.02,
  layer_norm_epsilon: 1e-5,
  model_type: 'gpt2',
  n_ctx: 1024,
  n_embd: 768,
  n_head: 12,
  n_layer: 12,
  n_positions: 1024,
  resid_pdrop: 0.1,
  summary_activation: null,
  summary_first_dropout: 0.1,
  summary_proj_to_labels: true,
  summary_type: 'cls_index',
  summary_use_proj: true,
  task_specific_params: { 'text-generation': { do_sample: true, max_length: 50 } },
  vocab_size: 50257,
};

const llama = {
  model_type: 'llama',
  vocab_size: 101,
  hidden_size: 40,
  intermediate_size: 56,
  num_hidden_layers: 2,
  num_attention_heads: 5,
  num_key_value_heads: 1,
  max_position_embeddings: 37,
};

test('the published GPT-2 is GPT-2 124M', () => {
  const model = readHuggingFaceConfig(gpt2);
  expect(model).toMatchObject({
    bias: true,
    tiedHead: true,
    dropout: near(0.1),
    activation: 'geluTanh',
    hidden: 3072,
  });
  expect(countParameters(model)).toBe(124_439_808);
});

test('a bare Llama has the defaults of Transformers', () => {
  expect(readHuggingFaceConfig(llama)).toMatchObject({
    headSize: 8,
    keyValueHeads: 1,
    normEpsilon: near(1e-6),
    ropeBase: 10000,
    activation: 'silu',
    bias: false,
    tiedHead: false,
    dropout: 0,
  });
  const { num_key_value_heads: _, ...noGroups } = llama;
  expect(readHuggingFaceConfig(noGroups).keyValueHeads).toBe(5);
});

test.each([
  [{ head_dim: 16 }, { headSize: 16 }],
  [{ head_dim: null }, { headSize: 8 }],
  [{ rope_theta: 500000 }, { ropeBase: 500000 }],
  [{ rope_parameters: { rope_theta: 500000, rope_type: 'default' } }, { ropeBase: 500000 }],
  [{ rope_parameters: { rope_theta: 7 }, rope_theta: 7 }, { ropeBase: 7 }],
  [{ rope_scaling: null }, { ropeBase: 10000 }],
  [{ rope_scaling: { type: 'default' } }, { ropeBase: 10000 }],
  [{ rope_scaling: { type: 'linear', factor: 2 } }, { ropeScaling: 'linear', ropeScalingFactor: 2 }],
  [{ rms_norm_eps: 1e-5 }, { normEpsilon: 1e-5 }],
  [{ tie_word_embeddings: true }, { tiedHead: true }],
  [{ attention_bias: true, mlp_bias: true }, { bias: true }],
  [{ attention_bias: true }, { bias: false, qkvBias: 'on', projectionBias: 'on', ffnBias: 'same' }],
  [{ mlp_bias: true }, { bias: false, qkvBias: 'same', ffnBias: 'on' }],
  [{ sliding_window: null, pretraining_tp: 1, use_cache: false, dtype: 'bfloat16' }, {}],
  [{ rope_scaling: { type: 'dynamic', factor: 2 } }, { ropeScaling: 'dynamic', ropeOriginalContext: 37 }],
  [{ rope_parameters: { rope_type: 'yarn', factor: 4 } }, { ropeScaling: 'yarn', ropeScalingFactor: 4 }],
  [
    { rope_parameters: { full_attention: { rope_type: 'default', rope_theta: 7 } } },
    { ropeBase: 7, ropeScaling: 'none' },
  ],
  [{ rope_parameters: { rope_theta: 7 }, rope_scaling: { rope_theta: 7, type: 'default' } }, { ropeBase: 7 }],
  [{ quantization_config: null }, {}],
  [{ quantization_config: { quant_method: 'none' } }, {}],
  [
    { 'transformers.js_config': { kv_cache_dtype: 'fp16' }, is_llama_config: true, rope_interleaved: false },
    {},
  ],
  [{ _name_or_path: 'x', _num_labels: 1, tie_encoder_decoder: false, mask_token_id: 9 }, {}],
  [{ some_new_flag: false, another_norm: null, more_experts: [], alibi: false }, {}],
])('a Llama with %j is honoured', (keys, expected) => {
  const { model, notes } = readPublishedConfig({ ...llama, ...keys });
  expect(model).toMatchObject(expected);
  expect(notes).toEqual([]);
});

test.each([
  [{ attention_dropout: 0.1 }, /attention_dropout 0\.1 acts in training only and is left out/],
  [{ mystery: 1 }, /mystery 1 is not known here and was left out/],
  [{ 'vendor.note': 'made by us' }, /"vendor\.note" "made by us" is not known here/],
])('a Llama with %j is read with a note', (keys, note) => {
  const { model, notes } = readPublishedConfig({ ...llama, ...keys });
  expect(model).toEqual(readHuggingFaceConfig(llama));
  expect(notes).toEqual([expect.stringMatching(note)]);
});

test.each([
  [{ rope_scaling: { type: 'linear' } }, /rope_scaling\.factor is undefined/],
  [{ rope_scaling: { type: 'linear', factor: 0.5 } }, /rope_scaling\.factor is 0\.5/],
  [
    { rope_scaling: { type: 'linear', factor: 2 }, rope_parameters: { type: 'linear', factor: 4 } },
    /rope_parameters and rope_scaling differ/,
  ],
  [
    { rope_scaling: { type: 'dynamic', factor: 2, alpha: 1 } },
    /rope_scaling "dynamic" with alpha is not computed here/,
  ],
  [
    { rope_scaling: { rope_type: 'llama3', factor: 8, low_freq_factor: 1 } },
    /rope_scaling\.high_freq_factor is undefined/,
  ],
  [{ rope_scaling: { rope_type: 'proportional', factor: 8 } }, /rope_scaling "proportional" with factor/],
  [
    {
      rope_parameters: {
        full_attention: { rope_theta: 7 },
        sliding_attention: { rope_type: 'linear', factor: 2, rope_theta: 9 },
      },
    },
    /rope_parameters of sliding_attention, "linear", is not computed for local layers/,
  ],
  [
    { rope_scaling: { type: 'longrope', short_factor: [1], long_factor: [1, 2] } },
    /model\.ropeShortFactors: it has 1 numbers, and 4 pairs of a head turn/,
  ],
  [{ rope_scaling: { type: 'su', short_factor: 2 } }, /rope_scaling\.short_factor is 2/],
  [{ rope_scaling: { factor: 2 } }, /rope_scaling undefined with factor/],
  [{ rope_scaling: 2 }, /rope_scaling is 2/],
  [{ rope_parameters: { partial_rotary_factor: 0.5 } }, /partial_rotary_factor 0\.5 changes the arithmetic/],
  [{ rope_parameters: { rope_theta: 7 }, rope_theta: 8 }, /rope_theta is given twice: 7, 8/],
  [{ rope_theta: '1e4' }, /rope_theta is "1e4", not a number/],
  [{ sliding_window: 4096 }, /sliding_window 4096 is not known/],
  [{ partial_rotary_factor: 0.5 }, /partial_rotary_factor 0\.5 changes the arithmetic/],
  [{ hidden_act: 'gelu_10' }, /hidden_act "gelu_10" is not computed here/],
  [{ num_key_value_heads: 2 }, /model\.keyValueHeads: 2 does not divide model\.heads 5/],
  [{ num_attention_heads: 3 }, /num_attention_heads 3 does not divide hidden_size 40/],
  [{ head_dim: 7 }, /model\.headSize: 7 is odd/],
  [{ head_dim: 0 }, /head_dim is 0/],
  [{ hidden_size: 1e9 }, /hidden_size is 1000000000/],
  [{ hidden_size: -1 }, /hidden_size is -1/],
  [{ hidden_size: 40.5 }, /hidden_size is 40\.5/],
  [{ vocab_size: null }, /vocab_size is missing/],
  [{ tie_word_embeddings: 'no' }, /tie_word_embeddings is "no"/],
  [{ model_type: 'bloom' }, /model_type "bloom" is not known\. Known: gpt2, llama, mistral, mixtral, qwen3/],
  [{ model_type: '__proto__' }, /model_type "__proto__" is not known/],
  [
    { quantization_config: { quant_method: 'gptq', bits: 4 } },
    /quantization_config \(gptq, 4 bits\) says that weights are stored in a way that is not read/,
  ],
  [{ logit_scaling_v2: 2 }, /logit_scaling_v2 2 is not known and could change the arithmetic/],
  [{ postActNorm: true }, /postActNorm true is not known and could change the arithmetic/],
  [{ pruned_heads: { 0: [1] } }, /pruned_heads an object is not known and could change/],
  [{ num_local_experts: 8 }, /num_local_experts 8 changes the arithmetic/],
  [{ flopscope: { mystery: 1 } }, /mystery 1 is not known/],
  [{ flopscope: [] }, /flopscope is a list, not an object/],
  [{ flopscope: { dropout: 2 } }, /model\.dropout: 2/],
  [{ flopscope: { layers: 3 } }, /flopscope\.layers 3 contradicts the other keys/],
  [{ flopscope: { windowPattern: 'L', window: 8 } }, /flopscope\.window(Pattern)? \S+ contradicts/],
])('a Llama with %j is refused by name', (keys, message) => {
  const read = () => readHuggingFaceConfig({ ...llama, ...keys });
  expect(read).toThrow(message);
  expect(read).toThrow(expect.objectContaining({ name: 'InvalidFileError' }));
  expect(read).toThrow(/^config\.json: [^\n]*$/);
});

test.each([
  [{ n_inner: 100 }, { hidden: 100 }],
  [{ activation_function: 'gelu' }, { activation: 'gelu' }],
  [{ attn_pdrop: 0, embd_pdrop: 0, resid_pdrop: 0 }, { dropout: 0 }],
  [{ reorder_and_upcast_attn: true, scale_attn_weights: true }, {}],
  [{ flopscope: { bias: false } }, { bias: false }],
])('a GPT-2 with %j is honoured', (keys, expected) => {
  expect(readHuggingFaceConfig({ ...gpt2, ...keys })).toMatchObject(expected);
});

test.each([
  [{ scale_attn_weights: false }, /scale_attn_weights false changes the arithmetic/],
  [{ scale_attn_by_inverse_layer_idx: true }, /scale_attn_by_inverse_layer_idx true/],
  [{ add_cross_attention: true }, /add_cross_attention true/],
  [{ n_ctx: 512 }, /n_ctx 512 and n_positions 1024 differ/],
  [{ n_head: 5 }, /n_head 5 does not divide n_embd 768/],
  [{ num_hidden_layers: 3 }, /n_layer 12 and num_hidden_layers 3 are one setting and differ/],
  [{ attn_pdrop: 2, resid_pdrop: 2, embd_pdrop: 2 }, /model\.dropout: 2/],
  [{ n_positions: 2 ** 25, n_ctx: null }, /n_positions is 33554432/],
])('a GPT-2 with %j is refused by name', (keys, message) => {
  expect(() => readHuggingFaceConfig({ ...gpt2, ...keys })).toThrow(message);
});

test.each([undefined, null, 1, 'x', [], {}])('a config.json that is %j is refused', (json) => {
  expect(() => readHuggingFaceConfig(json)).toThrow(/^config\.json: /);
});

test('keys named __proto__ are keys like any other that begin with a line', () => {
  const hostile = JSON.parse(`{"__proto__": {"hidden_size": 4}, ${JSON.stringify(llama).slice(1)}`);
  expect(readPublishedConfig(hostile)).toEqual(readPublishedConfig(llama));
  expect(({} as Record<string, unknown>).hidden_size).toBeUndefined();
});

test('rates of dropout that differ are left out, with a note', () => {
  const { model, notes } = readPublishedConfig({ ...gpt2, resid_pdrop: 0 });
  expect(model.dropout).toBe(0);
  expect(notes).toEqual([
    expect.stringMatching(/attn_pdrop, resid_pdrop, embd_pdrop differ \(0\.1, 0, 0\.1\)/),
  ]);
});

test('what is written has the keys that Transformers reads', () => {
  const written = writeHuggingFaceConfig(readHuggingFaceConfig(llama));
  expect(written).toMatchObject({
    ...llama,
    architectures: ['LlamaForCausalLM'],
    head_dim: 8,
    rms_norm_eps: near(1e-6),
  });
  expect(writeHuggingFaceConfig(readHuggingFaceConfig(gpt2))).toMatchObject({
    model_type: 'gpt2',
    n_embd: 768,
    n_positions: 1024,
    n_inner: null,
    attn_pdrop: near(0.1),
    activation_function: 'gelu_new',
  });
});

test('a model of our own kind without its block is refused', () => {
  expect(() => readHuggingFaceConfig({ model_type: 'flopscope' })).toThrow(
    'config.json: flopscope is missing.',
  );
  expect(() => readHuggingFaceConfig({ model_type: 'flopscope', flopscope: { layers: 1 } })).toThrow(
    /is missing/,
  );
});

test('a model without skip connections is no GPT-2 and no Llama in a file, and comes back as it was', () => {
  const model = { ...readHuggingFaceConfig(gpt2), skipConnections: false };
  const written = writeHuggingFaceConfig(model);
  expect(written.model_type).toBe('flopscope');
  expect(readHuggingFaceConfig(written)).toEqual(model);
});

test.each(
  activationNames.flatMap((name) =>
    activationFunctions[name].huggingFaceNames.map((theirs, index) => [theirs, name, index === 0] as const),
  ),
)('the activation %s is %s', (hidden_act, activation, isWritten) => {
  const model = readHuggingFaceConfig({ ...llama, hidden_act });
  expect(model).toMatchObject({ activation, gated: true });
  if (isWritten) expect(writeHuggingFaceConfig(model)).toMatchObject({ hidden_act });
});
