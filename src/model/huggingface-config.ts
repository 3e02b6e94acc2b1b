// Hugging Face's config.json and ModelConfig, both ways: GPT-2, Llama, and what neither can say under a type of our own.
import { plainAttention } from './attention-config.ts';
import { type BlockConfig, biasesOf, plainBlocks } from './block-config.ts';
import { type ModelConfig, parseModel } from './config.ts';
import { isRecord, showValue } from './fields-check.ts';
import { ConfigReader, refuse } from './huggingface-keys.ts';

/** Which published layout a model's file has; `flopscope` keeps our own names and shapes. */
export type Layout = 'gpt2' | 'llama' | 'flopscope';

type Activation = ModelConfig['activation'];
type Plain = { readonly [key: string]: string | number | boolean | null | readonly string[] | Plain };

/** Transformers' names of the activations; it has several for the same formula, the first of each is the one we write. */
const activations: ReadonlyMap<string, Activation> = new Map([
  ['gelu_new', 'geluTanh'],
  ['gelu_pytorch_tanh', 'geluTanh'],
  ['gelu', 'gelu'],
  ['silu', 'silu'],
  ['swish', 'silu'],
  ['relu', 'relu'],
]);

/** The layout in which a model can be written without loss. */
export function layoutOf(model: ModelConfig): Layout {
  if (!model.skipConnections) return 'flopscope'; // no published model goes without
  if (model.experts > 0) return 'flopscope'; // Mixtral's and DeepSeek's layouts are not written yet
  // What neither layout can say stays in ours.
  if (!hasPlainBlocks(model) || model.activation === 'reluSquared') return 'flopscope';
  if (!hasPlainAttention(model)) return 'flopscope';
  const isLlama = model.norm === 'rmsNorm' && model.position === 'rope' && model.gated;
  const { qkv, projection, ffn, norm } = biasesOf(model);
  // Llama's switches are of attention and of the feed-forward part, GPT-2's is one.
  if (isLlama) return qkv === projection ? 'llama' : 'flopscope';
  const isGpt2 =
    model.norm === 'layerNorm' &&
    [qkv, projection, ffn, norm].every((has) => has === qkv) &&
    model.position === 'learned' &&
    !model.gated &&
    model.keyValueHeads === model.heads &&
    model.heads * model.headSize === model.width;
  return isGpt2 ? 'gpt2' : 'flopscope';
}

/** The attention of GPT-2 and Llama; what has an effect only elsewhere may be anything. */
function hasPlainAttention(model: ModelConfig): boolean {
  return (
    model.attention === 'heads' &&
    !model.windowPattern.includes('L') &&
    !model.positionPattern.includes('N') &&
    (['queryKeyNorm', 'attentionSoftcap', 'attentionSinks', 'attentionScale'] as const).every(
      (key) => model[key] === plainAttention[key],
    ) &&
    (model.position !== 'rope' || (model.ropeScaling === 'none' && model.ropeFraction === 1))
  );
}

/** The blocks of GPT-2 and Llama, biases apart. */
function hasPlainBlocks(model: ModelConfig): boolean {
  return Object.entries(plainBlocks).every(
    ([key, value]) => key.endsWith('Bias') || model[key as keyof BlockConfig] === value,
  );
}

/**
 * The model that a config.json describes. Keys that change no arithmetic are ignored; keys that would are honoured or refused.
 * @throws an Error named InvalidFileError with one sentence that names the key.
 */
export function readHuggingFaceConfig(json: unknown): ModelConfig {
  const reader = new ConfigReader(json);
  const type = reader.value('model_type');
  const model =
    type === 'gpt2'
      ? readGpt2(reader)
      : type === 'llama'
        ? readLlama(reader)
        : type === 'flopscope'
          ? readOwn(reader)
          : refuse(`model_type ${showValue(type)} is not known`, 'Known: gpt2, llama.');
  reader.finish();
  const parsed = parseModel(model);
  if (parsed.kind === 'problem')
    refuse(parsed.problems[0].message.replace(/\.$/, ''), 'The model does not fit here.');
  if (parsed.model.vocabulary === 0) refuse('the vocabulary is missing', 'Give the size of the embedding.');
  return parsed.model;
}

/** The config.json of a model, readable by Transformers where it has such a model. */
export function writeHuggingFaceConfig(model: ModelConfig): Plain {
  const layout = layoutOf(model);
  if (layout === 'flopscope') return { model_type: 'flopscope', flopscope: { ...model } };
  return layout === 'gpt2' ? writeGpt2(model) : writeLlama(model);
}

function readGpt2(reader: ConfigReader): Partial<ModelConfig> {
  const context = reader.size('n_positions');
  const legacyContext = reader.size('n_ctx', context);
  if (legacyContext !== context)
    refuse(`n_ctx ${legacyContext} and n_positions ${context} differ`, 'Make them equal.');
  const width = reader.size('n_embd');
  const heads = reader.size('n_head');
  if (width % heads !== 0) refuse(`n_head ${heads} does not divide n_embd ${width}`, 'The file is damaged.');
  // 0.1 is what Transformers trains with where the file says nothing.
  const rates = ['attn_pdrop', 'resid_pdrop', 'embd_pdrop'].map((key) => reader.number(key, 0.1));
  if (rates.some((rate) => rate !== rates[0])) {
    refuse(`attn_pdrop, resid_pdrop and embd_pdrop differ: ${rates.join(', ')}`, 'Make them equal.');
  }
  const own = new ConfigReader(reader.value('flopscope') ?? {});
  const bias = own.boolean('bias', true);
  own.finish();
  return {
    layers: reader.size('n_layer'),
    width,
    heads,
    keyValueHeads: heads,
    headSize: width / heads,
    hidden: reader.size('n_inner', 4 * width),
    context,
    vocabulary: reader.size('vocab_size'),
    norm: 'layerNorm',
    normEpsilon: reader.number('layer_norm_epsilon', 1e-5),
    position: 'learned',
    activation: reader.word('activation_function', 'gelu_new', activations),
    gated: false,
    bias,
    tiedHead: reader.boolean('tie_word_embeddings', true),
    dropout: rates[0],
  };
}

function writeGpt2(model: ModelConfig): Plain {
  return {
    architectures: ['GPT2LMHeadModel'],
    model_type: 'gpt2',
    dtype: 'float32',
    vocab_size: model.vocabulary,
    n_positions: model.context,
    n_embd: model.width,
    n_layer: model.layers,
    n_head: model.heads,
    n_inner: model.hidden === 4 * model.width ? null : model.hidden,
    activation_function: activationName(model.activation),
    attn_pdrop: model.dropout,
    resid_pdrop: model.dropout,
    embd_pdrop: model.dropout,
    layer_norm_epsilon: model.normEpsilon,
    tie_word_embeddings: model.tiedHead,
    bos_token_id: null,
    eos_token_id: null,
    // The layout has biases always: ours are written as zeros, and this says that they are none.
    ...(biasesOf(model).qkv ? {} : { flopscope: { bias: false } }),
  };
}

function readLlama(reader: ConfigReader): Partial<ModelConfig> {
  const width = reader.size('hidden_size');
  const heads = reader.size('num_attention_heads');
  const givenSize = reader.value('head_dim');
  if (givenSize === undefined && width % heads !== 0) {
    refuse(`num_attention_heads ${heads} does not divide hidden_size ${width}`, 'Give head_dim.');
  }
  const headSize = reader.size('head_dim', width / heads);
  const attentionBias = reader.boolean('attention_bias', false);
  const mlpBias = reader.boolean('mlp_bias', false);
  const attentionDropout = reader.number('attention_dropout', 0);
  if (attentionDropout !== 0) {
    refuse(
      `attention_dropout ${attentionDropout} without dropout elsewhere is not computed here`,
      'Set it to 0.',
    );
  }
  const own = new ConfigReader(reader.value('flopscope') ?? {});
  const dropout = own.number('dropout', 0);
  own.finish();
  return {
    layers: reader.size('num_hidden_layers'),
    width,
    heads,
    keyValueHeads: reader.size('num_key_value_heads', heads),
    headSize,
    hidden: reader.size('intermediate_size'),
    context: reader.size('max_position_embeddings'),
    vocabulary: reader.size('vocab_size'),
    norm: 'rmsNorm',
    normEpsilon: reader.number('rms_norm_eps', 1e-6),
    position: 'rope',
    ropeBase: readRopeBase(reader),
    activation: reader.word('hidden_act', 'silu', activations),
    gated: true,
    bias: attentionBias && mlpBias,
    ...(attentionBias && !mlpBias ? ({ qkvBias: 'on', projectionBias: 'on' } as const) : {}),
    ...(mlpBias && !attentionBias ? ({ ffnBias: 'on' } as const) : {}),
    tiedHead: reader.boolean('tie_word_embeddings', false),
    dropout,
  };
}

/** Older files have rope_theta and rope_scaling, newer ones rope_parameters; only the plain rotation is computed. */
function readRopeBase(reader: ConfigReader): number {
  const bases: number[] = [];
  for (const key of ['rope_parameters', 'rope_scaling']) {
    const value = reader.value(key);
    if (value === undefined) continue;
    if (!isRecord(value)) refuse(`${key} is ${showValue(value)}`, 'Give an object or null.');
    const { rope_type: ropeType, type, rope_theta: base, ...rest } = value;
    const kind = ropeType ?? type ?? (key === 'rope_parameters' ? 'default' : undefined);
    const others = Object.keys(rest).filter((name) => rest[name] !== null);
    if (kind !== 'default' || others.length > 0) {
      const found = `${showValue(kind)}${others.length > 0 ? ` with ${others.slice(0, 4).join(', ')}` : ''}`;
      refuse(`${key} ${found} is not computed here`, 'Only the plain rotation, "default", is.');
    }
    if (base === undefined || base === null) continue;
    if (typeof base !== 'number') refuse(`${key}.rope_theta is ${showValue(base)}`, 'Give a number.');
    bases.push(base);
  }
  const given = reader.value('rope_theta');
  if (given !== undefined) bases.push(reader.number('rope_theta'));
  if (bases.some((base) => base !== bases[0]))
    refuse(`rope_theta is given twice: ${bases.join(', ')}`, 'Keep one.');
  return bases[0] ?? 10000;
}

function writeLlama(model: ModelConfig): Plain {
  return {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    dtype: 'float32',
    vocab_size: model.vocabulary,
    hidden_size: model.width,
    intermediate_size: model.hidden,
    num_hidden_layers: model.layers,
    num_attention_heads: model.heads,
    num_key_value_heads: model.keyValueHeads,
    head_dim: model.headSize,
    hidden_act: activationName(model.activation),
    max_position_embeddings: model.context,
    rms_norm_eps: model.normEpsilon,
    rope_theta: model.ropeBase,
    rope_scaling: null,
    attention_bias: biasesOf(model).qkv,
    attention_dropout: 0,
    mlp_bias: biasesOf(model).ffn,
    tie_word_embeddings: model.tiedHead,
    bos_token_id: null,
    eos_token_id: null,
    // Llama's layout knows dropout inside attention only.
    ...(model.dropout === 0 ? {} : { flopscope: { dropout: model.dropout } }),
  };
}

/** The whole of our own model, for what no published layout says. */
function readOwn(reader: ConfigReader): unknown {
  return reader.value('flopscope') ?? refuse('flopscope is missing', 'The file is damaged.');
}

function activationName(activation: Activation): string {
  const found = [...activations].find(([, ours]) => ours === activation);
  return found ? found[0] : activation;
}
