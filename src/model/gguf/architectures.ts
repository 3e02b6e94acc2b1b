// The architectures of GGUF files that are read: which published family each is, and what its keys say as config.json would.
// Source: llama.cpp's convert_hf_to_gguf.py, and the constants that it leaves to llama.cpp's model code (src/llama-model.cpp).

import { refuseGguf } from '../../data/gguf/fault.ts';
import { quoteName } from '../../data/strict-json.ts';
import type { Plain } from '../huggingface/family.ts';
import type { MetadataReader } from './metadata.ts';
import { type FrequencyFactors, ropeKeys } from './rope-keys.ts';
import { decoderNames, gpt2Names, neoxNames, type TensorNames } from './tensor-names.ts';

/** What a configuration depends on beside the metadata. */
export interface ConfigFacts {
  /** Rows of the token embedding. */
  readonly vocabulary: number;
  readonly isTied: boolean;
  readonly factors: FrequencyFactors;
}

/** One `general.architecture`. */
interface Architecture {
  /** The family's `model_type`. */
  readonly type: string;
  readonly names: TensorNames;
  /** What is particular to it in its config.json. */
  readonly keys?: (reader: MetadataReader, common: Plain) => Plain;
}

/** The key of LayerNorm's epsilon, and the name that the family has for it. */
const layerNorm = (reader: MetadataReader, name: string): Plain =>
  given({ [name]: reader.number('attention.layer_norm_epsilon') });

const branches = {
  post_attention_norm: 'post_attention_layernorm',
  post_ffw_norm: 'post_feedforward_layernorm',
};
const gemmaNames: TensorNames = {
  ...decoderNames,
  layers: { ...decoderNames.layers, ...branches, ffn_norm: 'pre_feedforward_layernorm' },
  hasNormOffset: true,
};
const pairs: TensorNames = { ...decoderNames, turnsPairs: true };

const architectures: Readonly<Record<string, Architecture>> = {
  llama: { type: 'llama', names: pairs },
  qwen2: { type: 'qwen2', names: decoderNames },
  qwen3: { type: 'qwen3', names: decoderNames },
  smollm3: { type: 'smollm3', names: pairs },
  granite: {
    type: 'granite',
    names: pairs,
    keys: (reader) =>
      given({
        attention_multiplier: reader.number('attention.scale'),
        embedding_multiplier: reader.number('embedding_scale'),
        residual_multiplier: reader.number('residual_scale'),
        logits_scaling: reader.number('logit_scale'),
      }),
  },
  olmo2: {
    type: 'olmo2',
    names: { ...decoderNames, layers: { ...decoderNames.layers, ...branches } },
  },
  gemma2: {
    type: 'gemma2',
    names: gemmaNames,
    keys: (reader, common) => ({
      ...scoreScalar(common, 46),
      sliding_window: reader.size('attention.sliding_window') ?? 4096,
      attn_logit_softcapping: reader.number('attn_logit_softcapping') ?? 50,
      final_logit_softcapping: reader.number('final_logit_softcapping') ?? 30,
    }),
  },
  gemma3: {
    type: 'gemma3_text',
    names: gemmaNames,
    keys: (reader, common) => ({
      ...scoreScalar(common, 62),
      sliding_window: reader.neededSize('attention.sliding_window'),
      sliding_window_pattern: reader.size('attention.sliding_window_pattern') ?? 6,
      rope_local_base_freq: reader.number('rope.freq_base_swa') ?? 10000,
      rope_theta: common.rope_theta ?? 1e6,
      ...given({ final_logit_softcapping: reader.number('final_logit_softcapping') }),
    }),
  },
  phi3: {
    type: 'phi3',
    names: { ...decoderNames, layers: { ...decoderNames.layers, ffn_up: 'mlp.gate_up_proj' } },
    keys: (reader, common) => ({
      ...rotated(reader, common),
      sliding_window: reader.number('attention.sliding_window') || null,
    }),
  },
  starcoder2: {
    type: 'starcoder2',
    names: {
      ...decoderNames,
      layers: { ...decoderNames.layers, ffn_up: 'mlp.c_fc', ffn_down: 'mlp.c_proj' },
    },
    keys: (reader) => ({ ...layerNorm(reader, 'norm_epsilon'), sliding_window: null }),
  },
  gptneox: {
    type: 'gpt_neox',
    names: neoxNames,
    keys: (reader, common) =>
      ({
        ...layerNorm(reader, 'layer_norm_eps'),
        ...rotated(reader, common),
        use_parallel_residual: reader.value('use_parallel_residual') ?? true,
      }) as Plain,
  },
};

/** The configuration as config.json would say it, and how the file names its tensors. @throws for what is not computed here */
export function ggufConfig(
  reader: MetadataReader,
  facts: ConfigFacts,
): { readonly config: Plain; readonly names: TensorNames } {
  if (reader.architecture === 'gpt2') return { config: gpt2Config(reader, facts), names: gpt2Names };
  const found = Object.hasOwn(architectures, reader.architecture)
    ? architectures[reader.architecture]
    : undefined;
  if (!found) {
    const known = ['gpt2', ...Object.keys(architectures)].sort().join(', ');
    return refuseGguf(`the architecture ${quoteName(reader.architecture)} is not read`, `Read: ${known}.`);
  }
  const common = commonKeys(reader, facts);
  const own = found.keys?.(reader, common) ?? {};
  const experts = expertKeys(reader);
  const config = { model_type: found.type, ...common, ...own, ...experts };
  return { config, names: found.names };
}

/** Sizes, rotation and epsilon, which all but GPT-2 have. */
function commonKeys(reader: MetadataReader, { vocabulary, isTied, factors }: ConfigFacts): Plain {
  const [width, heads] = [reader.neededSize('embedding_length'), reader.neededSize('attention.head_count')];
  const headSize = reader.size('attention.key_length') ?? width / heads;
  if (!Number.isInteger(headSize))
    refuseGguf(
      `${reader.name('attention.head_count')} ${heads} does not divide ${reader.name('embedding_length')} ${width}`,
    );
  const values = reader.size('attention.value_length') ?? headSize;
  if (values !== headSize)
    refuseGguf(
      `${reader.name('attention.value_length')} ${values} is not that of keys, ${headSize}`,
      'It is not computed here.',
    );
  const context = reader.neededSize('context_length');
  return {
    vocab_size: vocabulary,
    hidden_size: width,
    intermediate_size: reader.neededSize('feed_forward_length'),
    num_hidden_layers: reader.neededSize('block_count'),
    num_attention_heads: heads,
    num_key_value_heads: reader.size('attention.head_count_kv') ?? heads,
    head_dim: headSize,
    max_position_embeddings: context,
    tie_word_embeddings: isTied,
    ...given({ rms_norm_eps: reader.number('attention.layer_norm_rms_epsilon') }),
    ...ropeKeys(reader, { context, headSize, factors }),
  };
}

/** A quarter of each head may turn, or any other part. */
function rotated(reader: MetadataReader, { head_dim: headSize }: Plain): Plain {
  const turned = reader.size('rope.dimension_count');
  return turned === undefined ? {} : { partial_rotary_factor: turned / Number(headSize) };
}

/** What scores of Gemma are divided by the root of: the files do not say it, but its largest model has another. */
function scoreScalar(
  { hidden_size, num_attention_heads, head_dim, num_hidden_layers }: Plain,
  largest: number,
): Plain {
  const scalar =
    num_hidden_layers === largest ? Number(hidden_size) / Number(num_attention_heads) : Number(head_dim);
  return { query_pre_attn_scalar: scalar };
}

/** Experts of Llama's files are Mixtral's. */
function expertKeys(reader: MetadataReader): Plain {
  const experts = reader.number('expert_count') ?? 0;
  const used = reader.number('expert_used_count') ?? 0;
  if (experts === 0) return {};
  if (reader.architecture !== 'llama')
    refuseGguf(
      `${reader.name('expert_count')} is ${experts}`,
      'Experts are read of the architecture llama only.',
    );
  return {
    model_type: 'mixtral',
    num_local_experts: experts,
    num_experts_per_tok: used,
    sliding_window: null,
  };
}

function gpt2Config(reader: MetadataReader, { vocabulary, isTied }: ConfigFacts): Plain {
  const heads = reader.neededSize('attention.head_count');
  const groups = reader.size('attention.head_count_kv') ?? heads;
  if (groups !== heads)
    refuseGguf(
      `${reader.name('attention.head_count_kv')} ${groups} is not ${heads}`,
      'GPT-2 shares no keys.',
    );
  return {
    model_type: 'gpt2',
    vocab_size: vocabulary,
    n_positions: reader.neededSize('context_length'),
    n_embd: reader.neededSize('embedding_length'),
    n_layer: reader.neededSize('block_count'),
    n_head: heads,
    n_inner: reader.neededSize('feed_forward_length'),
    ...layerNorm(reader, 'layer_norm_epsilon'),
    tie_word_embeddings: isTied,
    attn_pdrop: 0,
    resid_pdrop: 0,
    embd_pdrop: 0,
  };
}

/** An object without the keys that the file does not say. */
export function given(keys: Readonly<Record<string, Plain[string] | undefined>>): Plain {
  return Object.fromEntries(Object.entries(keys).filter(([, value]) => value !== undefined)) as Plain;
}
