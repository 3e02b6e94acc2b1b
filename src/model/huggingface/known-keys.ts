// What is known of keys of config.json that no family reads: which never change what a model computes, and which must not.
import { isRecord } from '../fields/check.ts';

/**
 * Keys that say nothing about what is computed: names, formats, generation, other tasks' heads, tools' notes. Of every class of
 * Transformers 4.46 to 5.24 (test/fixtures/config-keys.json), and of files on the hub.
 */
const inertNames: ReadonlySet<string> = new Set(
  `architectures torch_dtype dtype transformers_version name_or_path auto_map use_cache initializer_range torchscript use_bfloat16
  tokenizer_class prefix task_specific_params problem_type finetuning_task id2label label2id num_labels model_max_length
  output_attentions output_hidden_states output_scores output_past return_dict return_dict_in_generate tie_last_hidden_states
  is_decoder gradient_checkpointing chunk_size_feed_forward pretraining_tp reorder_and_upcast_attn tf_legacy_loss ep_size
  attn_implementation experts_implementation transformers.js_config is_llama_config transformers_weights
  max_length min_length max_new_tokens min_new_tokens do_sample early_stopping num_beams num_beam_groups num_return_sequences
  diversity_penalty temperature top_k top_p typical_p min_p repetition_penalty length_penalty no_repeat_ngram_size
  encoder_no_repeat_ngram_size bad_words_ids exponential_decay_length_penalty suppress_tokens begin_suppress_tokens
  remove_invalid_values cache_implementation xla_device renormalize_logits generation_config unsloth_version unsloth_fixed
  summary_activation summary_proj_to_labels summary_type summary_use_proj
  router_aux_loss_coef aux_loss_alpha seq_aux output_router_logits`.split(/\s+/),
);

/** Keys whose ending says the same of them. */
const inertEndings = /(_token_ids?|_dropout|_dropout_prob|_pdrop|_layerdrop|_drop_rate)$/;

/** Keys that change what is computed, with the values at which they do not. */
const neutralValues: ReadonlyMap<string, readonly unknown[]> = new Map<string, readonly unknown[]>([
  ['add_cross_attention', [false]],
  ['is_encoder_decoder', [false]],
  ['tie_encoder_decoder', [false]],
  ['is_causal', [true]],
  ['scale_attn_weights', [true]],
  ['scale_attn_by_inverse_layer_idx', [false]],
  ['partial_rotary_factor', [1]],
  ['rotary_pct', [1]],
  ['rope_interleaved', [false]],
  ['rope_interleave', [false]],
  ['attention_bias', [false]],
  ['mlp_bias', [false]],
  ['use_bias', [false]],
  ['use_sliding_window', [false]],
  ['use_bidirectional_attention', [false]],
  ['use_qk_norm', [false]],
  ['qk_layernorm', [false]],
  ['alibi', [false]],
  ['embedding_multiplier', [1]],
  ['residual_multiplier', [1]],
  ['logits_scaling', [1]],
  ['logit_scale', [1]],
  ['num_experts', [0]],
  ['num_local_experts', [0]],
  ['n_routed_experts', [0]],
]);

/** Words of a key that smell of arithmetic: it is refused rather than overlooked. */
const arithmeticWords =
  /^(scal(e|es|ed|ing)|(soft)?cap(s|ping|ped)?|norm(s|ed|ali[sz]ed?|ali[sz]ation)?|(rms|layer|batch)norm|rope|rotary|theta|yarn|ntk|mrope|alibi|window(s|ed)?|bias(es|ed)?|act|activations?|experts?|moe|rout(er|ers|ing|ed)|top|multipliers?|sinks?|softmax|attn|attention|qk|qkv|kv|residual|parallel|gat(e|es|ed|ing)|eps|epsilon|conv|ssm|mamba|linear|recurrent|sparse|chunk|chunks|chunked|temperature|clip|clamp|alpha|beta|lora|latent|rank|heads?|layers?|hidden|width|dim|dims|embeddings?|positions?|tie|tied|sandwich|interleaved?|quant|quantization|causal|mask)$/;

/** Whether a key never changes what is computed. */
export function isInert(key: string): boolean {
  return key.startsWith('_') || inertNames.has(key) || inertEndings.test(key);
}

/** The values at which a key changes nothing; undefined for keys that are not known. */
export function neutralOf(key: string): readonly unknown[] | undefined {
  return neutralValues.get(key);
}

/** Whether a value says nothing: false, or empty. */
export function isEmpty(value: unknown): boolean {
  if (value === false || value === '' || value === null) return true;
  if (Array.isArray(value)) return value.length === 0;
  return isRecord(value) && Object.keys(value).length === 0;
}

/** Whether the name of an unknown key speaks of the model's arithmetic. */
export function smellsOfArithmetic(key: string): boolean {
  return key
    .replace(/([a-z])([A-Z])|([A-Z])(?=[A-Z][a-z])/g, '$1$3_$2')
    .split(/[^A-Za-z]+/)
    .some((word) => arithmeticWords.test(word.toLowerCase()));
}

/** How a file's weights are quantised, in words; undefined if they are not. */
export function quantizationOf(value: unknown): string | undefined {
  if (isEmpty(value) || value === 'none') return undefined;
  const method = isRecord(value) ? (value.quant_method ?? value.quantization_method) : value;
  if (method === 'none') return undefined;
  const bits = isRecord(value) ? (value.bits ?? value.w_bit) : undefined;
  const name = typeof method === 'string' && /^[\w-]{1,30}$/.test(method) ? method : 'an unnamed method';
  return typeof bits === 'number' ? `${name}, ${bits} bits` : name;
}
