// Llama 4's text model in Hugging Face's layout, as far as it can be said: without experts, norms of queries, or chunks.
import type { ModelConfig } from '../config.ts';
import { type ConfigReader, refuse } from '../huggingface/config-reader.ts';
import { readDecoder, writeDecoder } from '../huggingface/decoder.ts';
import { decoderLayout, llamaNorms } from '../huggingface/decoder-layout.ts';
import type { Family, Plain } from '../huggingface/family.ts';
import { readRotaryLayers, rotaryLayers } from '../huggingface/rotary-layers.ts';

/** Llama 4 (Meta 2025; Llama4ForCausalLM). */
export const llama4: Family = {
  type: 'llama4_text',
  prefix: 'model.',
  read,
  write,
  layout: (model, names) =>
    decoderLayout(model, names, {
      norms: llamaNorms,
      attention: {
        folder: 'self_attn',
        qkv: ['q_proj', 'k_proj', 'v_proj'],
        projection: 'o_proj',
        turnsPairs: true,
      },
      feedForward: { folder: 'feed_forward', expand: ['gate_proj', 'up_proj'], contract: 'down_proj' },
    }),
};

const biases = ['attention'] as const;

function read(reader: ConfigReader): Partial<ModelConfig> {
  const defaults = { normEpsilon: 1e-5, ropeBase: 500000, keyValueHeads: 8, headSize: 128, biases };
  const decoder = readDecoder(reader, defaults);
  const { layers = 0, context = 0 } = decoder;
  refuseExperts(reader, layers);
  reader.only('use_qk_norm', false, 'norms queries and keys without a weight, after they are rotated');
  reader.ignore('layer_types'); // follows from the two below
  const chunk = reader.isNull('attention_chunk_size') ? context : reader.size('attention_chunk_size', 8192);
  if (chunk < context)
    refuse(
      `attention_chunk_size ${chunk} is below max_position_embeddings ${context}, so that layers attend within chunks`,
      'Only whole contexts are computed here: give a chunk as long.',
    );
  const floor = reader.number('floor_scale', 8192);
  if (reader.boolean('attn_temperature_tuning', true) && floor < context)
    refuse(
      `attn_temperature_tuning changes scores beyond floor_scale ${floor} tokens, and max_position_embeddings is ${context}`,
      'Set it to false, or give a shorter context.',
    );
  reader.ignore('attn_scale');
  return {
    ...decoder,
    hidden: reader.size('intermediate_size_mlp', 16384),
    ...readRotaryLayers(reader, layers),
  };
}

/** A token's expert sees its input times the router's score, which no mixture here does. */
function refuseExperts(reader: ConfigReader, layers: number): void {
  const step = reader.size('interleave_moe_layer_step', 1);
  const given = reader.value('moe_layers');
  const has = Array.isArray(given) ? given.length > 0 : step <= layers;
  reader.ignore('num_experts_per_tok', 'num_local_experts', 'router_jitter_noise');
  if (has)
    refuse(
      'moe_layers gives layers experts whose input is multiplied by the score of the router, which is not computed here',
      'Only models without experts are: moe_layers [].',
    );
}

function write(model: ModelConfig): Plain {
  return {
    ...writeDecoder(model, ['llama4_text', 'Llama4'], { biases }),
    intermediate_size_mlp: model.hidden,
    moe_layers: [],
    use_qk_norm: false,
    no_rope_layers: rotaryLayers(model),
    attention_chunk_size: model.context,
    attn_temperature_tuning: false,
  };
}
