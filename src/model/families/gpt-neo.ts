// GPT-Neo in Hugging Face's layout: GPT-2 with local layers, scores that are not scaled, and no biases of q, k and v.
import type { ModelConfig } from '../config.ts';
import { showValue } from '../fields/check.ts';
import { type ConfigReader, refuse } from '../huggingface/config-reader.ts';
import { activationName, readActivation, readDropout } from '../huggingface/decoder.ts';
import { decoderLayout } from '../huggingface/decoder-layout.ts';
import type { Family, Plain } from '../huggingface/family.ts';
import { localLayers, readWindows } from '../huggingface/windows.ts';

const rates = ['attention_dropout', 'resid_dropout', 'embed_dropout'] as const;

/** GPT-Neo (Black et al. 2021; GPTNeoForCausalLM), of which TinyStories' models are some. */
export const gptNeo: Family = {
  type: 'gpt_neo',
  prefix: 'transformer.',
  spellings: { num_layers: ['num_hidden_layers'], num_heads: ['num_attention_heads'] },
  read,
  write,
  layout: (model, names) =>
    decoderLayout(model, names, {
      layers: 'h',
      embedding: 'wte',
      positions: 'wpe',
      finalNorm: 'ln_f',
      norms: { attentionNorm: 'ln_1', ffnNorm: 'ln_2' },
      attention: { folder: 'attn.attention', qkv: ['q_proj', 'k_proj', 'v_proj'], projection: 'out_proj' },
      feedForward: { expand: ['c_fc'], contract: 'c_proj' },
    }),
};

function read(reader: ConfigReader): Partial<ModelConfig> {
  const width = reader.size('hidden_size');
  const heads = reader.size('num_heads');
  if (width % heads !== 0)
    refuse(`num_heads ${heads} does not divide hidden_size ${width}`, 'The file is damaged.');
  const layers = reader.size('num_layers');
  return {
    layers,
    width,
    heads,
    keyValueHeads: heads,
    headSize: width / heads,
    hidden: reader.size('intermediate_size', 4 * width),
    context: reader.size('max_position_embeddings'),
    vocabulary: reader.size('vocab_size'),
    norm: 'layerNorm',
    normEpsilon: reader.number('layer_norm_epsilon', 1e-5),
    position: 'learned',
    ...readWindows(readAttentionTypes(reader, layers), reader.size('window_size', 256)),
    attentionScale: width === heads ? 0 : 1,
    activation: readActivation(reader, 'activation_function', 'gelu_new'),
    gated: false,
    bias: true,
    qkvBias: 'off',
    tiedHead: reader.boolean('tie_word_embeddings', true),
    ...readDropout(reader, rates, 0),
  };
}

function write(model: ModelConfig): Plain {
  const layers = localLayers(model).map((isLocal) => (isLocal ? 'local' : 'global'));
  return {
    architectures: ['GPTNeoForCausalLM'],
    model_type: 'gpt_neo',
    dtype: 'float32',
    vocab_size: model.vocabulary,
    max_position_embeddings: model.context,
    hidden_size: model.width,
    num_layers: model.layers,
    num_heads: model.heads,
    intermediate_size: model.hidden === 4 * model.width ? null : model.hidden,
    attention_types: [[layers, 1]],
    window_size: model.window,
    activation_function: activationName(model.activation, 'gelu_new'),
    ...Object.fromEntries(rates.map((key) => [key, model.dropout])),
    layer_norm_epsilon: model.normEpsilon,
    tie_word_embeddings: model.tiedHead,
    bos_token_id: null,
    eos_token_id: null,
  };
}

/** `attention_types` is a list of [kinds, how often], which together say one kind a layer; `attention_layers` is that, said out. */
function readAttentionTypes(reader: ConfigReader, layers: number): string {
  const types = reader.value('attention_types') ?? [[['global', 'local'], 12]];
  reader.ignore('attention_layers');
  const kinds: unknown[] = [];
  for (const row of Array.isArray(types) ? types : []) {
    const [pattern, times] = Array.isArray(row) ? row : [];
    if (!Array.isArray(pattern) || !Number.isInteger(times) || times > layers)
      refuse(`attention_types has ${showValue(row)}`, 'Give lists of [["global", "local"], times].');
    for (let i = 0; i < times; i++) kinds.push(...pattern);
  }
  const letters = kinds.map((kind) => (kind === 'global' ? 'G' : kind === 'local' ? 'L' : undefined));
  if (letters.length !== layers || letters.includes(undefined))
    refuse(
      `attention_types say ${letters.length} layers, and num_layers is ${layers}`,
      'Give global or local for each layer.',
    );
  return letters.join('');
}
