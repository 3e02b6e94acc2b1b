// GPT-2 in Hugging Face's layout: its config.json, and its Conv1D weights, which are [in, out] as ours.
import { biasesOf } from '../block-config.ts';
import type { ModelConfig } from '../config.ts';
import { type ConfigReader, refuse } from '../huggingface/config-reader.ts';
import { activationName, readActivation, readDropout } from '../huggingface/decoder.ts';
import type { Family, Plain } from '../huggingface/family.ts';
import {
  type FileLayout,
  type FileNames,
  headName,
  type Part,
  rowPart,
  wholePart,
} from '../huggingface/parts.ts';

/** GPT-2. Its files have biases always: those that a model has not are zeros there, and our block says that they are none. */
export const gpt2: Family = {
  type: 'gpt2',
  prefix: 'transformer.',
  spellings: {
    n_positions: ['max_position_embeddings'],
    n_embd: ['hidden_size'],
    n_head: ['num_attention_heads'],
    n_layer: ['num_hidden_layers'],
  },
  own: ['bias', 'qkvBias', 'projectionBias', 'ffnBias', 'normBias'],
  read,
  write,
  layout,
};

function read(reader: ConfigReader): Partial<ModelConfig> {
  const context = reader.size('n_positions');
  const legacyContext = reader.size('n_ctx', context);
  if (legacyContext !== context)
    refuse(`n_ctx ${legacyContext} and n_positions ${context} differ`, 'Make them equal.');
  const width = reader.size('n_embd');
  const heads = reader.size('n_head');
  if (width % heads !== 0) refuse(`n_head ${heads} does not divide n_embd ${width}`, 'The file is damaged.');
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
    activation: readActivation(reader, 'activation_function', 'gelu_new'),
    gated: false,
    bias: true,
    tiedHead: reader.boolean('tie_word_embeddings', true),
    // 0.1 is what Transformers trains with where the file says nothing.
    ...readDropout(reader, ['attn_pdrop', 'resid_pdrop', 'embd_pdrop'], 0.1),
  };
}

function write(model: ModelConfig): Plain {
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
    activation_function: activationName(model.activation, 'gelu_new'),
    attn_pdrop: model.dropout,
    resid_pdrop: model.dropout,
    embd_pdrop: model.dropout,
    layer_norm_epsilon: model.normEpsilon,
    tie_word_embeddings: model.tiedHead,
    bos_token_id: null,
    eos_token_id: null,
  };
}

function layout(model: ModelConfig, { prefix }: FileNames): FileLayout {
  const { width, hidden, vocabulary, context } = model;
  const has = biasesOf(model);
  const parts = new Map<string, readonly Part[]>();
  const zeros: { name: string; shape: readonly number[] }[] = [];
  const norm = (ours: string, theirs: string): void => {
    const row = (name: string, index: number): Part => ({
      ...rowPart(`${prefix}${theirs}.${name}`, width),
      row: index,
    });
    parts.set(ours, has.norm ? [row('weight', 0), row('bias', 1)] : [row('weight', 0)]);
    if (!has.norm) zeros.push({ name: `${prefix}${theirs}.bias`, shape: [width] });
  };
  const linear = (ours: string, theirs: string, sizes: readonly [number, number], hasBias: boolean): void => {
    parts.set(ours, [wholePart(`${prefix}${theirs}.weight`, sizes)]);
    const bias = rowPart(`${prefix}${theirs}.bias`, sizes[1]);
    if (hasBias) parts.set(`${ours}Bias`, [bias]);
    else zeros.push({ name: bias.name, shape: bias.shape });
  };
  const embedding = `${prefix}wte.weight`;
  parts.set('tokenEmbedding', [wholePart(embedding, [vocabulary, width])]);
  parts.set('positionEmbedding', [wholePart(`${prefix}wpe.weight`, [context, width])]);
  for (let layer = 0; layer < model.layers; layer++) {
    const [ours, theirs] = [`layers.${layer}.`, `h.${layer}.`];
    norm(`${ours}attentionNorm`, `${theirs}ln_1`);
    linear(`${ours}attention.qkv`, `${theirs}attn.c_attn`, [width, 3 * width], has.qkv);
    linear(`${ours}attention.projection`, `${theirs}attn.c_proj`, [width, width], has.projection);
    norm(`${ours}ffnNorm`, `${theirs}ln_2`);
    linear(`${ours}ffn.expand`, `${theirs}mlp.c_fc`, [width, hidden], has.ffn);
    linear(`${ours}ffn.contract`, `${theirs}mlp.c_proj`, [hidden, width], has.ffn);
  }
  norm('finalNorm', 'ln_f');
  parts.set('head', [wholePart(headName, [vocabulary, width])]);
  return { parts, zeros, embedding, head: headName };
}
