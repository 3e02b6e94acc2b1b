// Keys of Hugging Face's config.json: which change no arithmetic here, and which may stand there only with one value.
import { isRecord, showKey, showValue } from '../fields/check.ts';

/** Keys that say nothing about what the model computes: names, token ids, defaults of generation, other tasks' heads. */
const ignored: ReadonlySet<string> = new Set(
  `_name_or_path architectures torch_dtype dtype transformers_version use_cache initializer_range torchscript use_bfloat16
  bos_token_id eos_token_id pad_token_id unk_token_id sep_token_id decoder_start_token_id tokenizer_class prefix
  forced_bos_token_id forced_eos_token_id task_specific_params problem_type finetuning_task id2label label2id num_labels
  summary_activation summary_first_dropout summary_proj_to_labels summary_type summary_use_proj
  output_attentions output_hidden_states output_scores output_past return_dict return_dict_in_generate
  is_decoder gradient_checkpointing chunk_size_feed_forward pretraining_tp reorder_and_upcast_attn tf_legacy_loss
  _attn_implementation _attn_implementation_autoset attn_implementation _attn_implementation_internal
  max_length min_length max_new_tokens do_sample early_stopping num_beams num_beam_groups num_return_sequences
  diversity_penalty temperature top_k top_p typical_p repetition_penalty length_penalty no_repeat_ngram_size
  encoder_no_repeat_ngram_size bad_words_ids exponential_decay_length_penalty suppress_tokens begin_suppress_tokens
  remove_invalid_values cache_implementation auto_map ep_size is_llama_config`.split(/\s+/),
);

/** Keys that would change the arithmetic, with the values at which they do not. */
const neutral: Readonly<Record<string, readonly unknown[]>> = {
  add_cross_attention: [false],
  is_encoder_decoder: [false],
  scale_attn_weights: [true],
  scale_attn_by_inverse_layer_idx: [false],
  partial_rotary_factor: [1],
  rope_interleaved: [false],
  attention_bias: [false],
  mlp_bias: [false],
  use_sliding_window: [false],
};

/** The name of errors that are a file's fault, not a bug. */
export const invalidFile = 'InvalidFileError';

/** Refuses a config.json with a sentence; its `name` lets a caller tell it from a bug. */
export function refuse(what: string, advice: string): never {
  const error = new Error(`config.json: ${what}. ${advice}`);
  error.name = invalidFile;
  throw error;
}

/** Reads keys one by one and remembers which, so that no key is overlooked. Absent and null are the same, as in Python. */
export class ConfigReader {
  readonly #config: Readonly<Record<string, unknown>>;
  readonly #read = new Set<string>();

  constructor(config: unknown) {
    if (!isRecord(config))
      refuse(`${showValue(config)} is not an object`, 'Give the one of a published model.');
    this.#config = config;
  }

  /** A value of any kind; undefined if it is absent or null. */
  value(key: string): unknown {
    this.#read.add(key);
    return Object.hasOwn(this.#config, key) ? (this.#config[key] ?? undefined) : undefined;
  }

  /** Whether a key is there and null, for the families to which that is not the same as absent. */
  isNull(key: string): boolean {
    return Object.hasOwn(this.#config, key) && this.#config[key] === null;
  }

  /** Takes note of keys that have no effect in this family, whatever they say. */
  ignore(...keys: readonly string[]): void {
    for (const key of keys) this.#read.add(key);
  }

  /** A list of `length` entries; undefined if it is absent or null. */
  list(key: string, length: number): readonly unknown[] | undefined {
    const value = this.value(key);
    if (value === undefined) return undefined;
    if (!Array.isArray(value) || value.length !== length)
      refuse(
        `${key} is ${Array.isArray(value) ? `of ${value.length} entries` : showValue(value)}`,
        `Give a list of ${length}, one a layer.`,
      );
    return value;
  }

  /** Refuses a key unless it is absent, null, or has the one value that is computed here. */
  only(key: string, value: string | number | boolean, why: string): void {
    const found = this.value(key) ?? value;
    if (found !== value) refuse(`${key} ${showValue(found)} ${why}`, `Only ${value} is computed here.`);
  }

  /** A finite number; without a default the key must be there. */
  number(key: string, byDefault?: number): number {
    const value = this.value(key) ?? byDefault;
    if (value === undefined) refuse(`${key} is missing`, 'Give a number.');
    if (typeof value !== 'number' || !Number.isFinite(value)) {
      refuse(`${key} is ${showValue(value)}, not a number`, 'Give a number.');
    }
    return value;
  }

  /** A whole number from 1, or another least, of a size that can be reckoned with. */
  size(key: string, byDefault?: number, least = 1): number {
    const value = this.number(key, byDefault);
    if (!Number.isInteger(value) || value < least || value > 2 ** 24) {
      refuse(
        `${key} is ${value}, not a whole number from ${least} to ${2 ** 24}`,
        'Give such a number, that of the model the weights belong to.',
      );
    }
    return value;
  }

  /** True or false. */
  boolean(key: string, byDefault: boolean): boolean {
    const value = this.value(key) ?? byDefault;
    if (typeof value !== 'boolean') refuse(`${key} is ${showValue(value)}`, 'Give true or false.');
    return value;
  }

  /** One of the words that are known, translated. */
  word<T>(key: string, byDefault: string, words: ReadonlyMap<string, T>): T {
    const value = this.value(key) ?? byDefault;
    const translated = typeof value === 'string' ? words.get(value) : undefined;
    if (translated === undefined) {
      refuse(`${key} ${showValue(value)} is not computed here`, `Known: ${[...words.keys()].join(', ')}.`);
    }
    return translated;
  }

  /** Refuses every key that was not read, unless it changes no arithmetic. */
  finish(): void {
    for (const [key, value] of Object.entries(this.#config)) {
      if (value === null || this.#read.has(key) || ignored.has(key)) continue;
      if (Object.hasOwn(neutral, key)) {
        if (neutral[key].includes(value)) continue;
        refuse(
          `${key} ${showValue(value)} changes the arithmetic`,
          `Only ${String(neutral[key][0])} is computed here.`,
        );
      }
      if (key === 'pruned_heads' && isRecord(value) && Object.keys(value).length === 0) continue;
      refuse(
        `${showKey(key)} ${showValue(value)} is not known and could change the arithmetic`,
        'Remove it if it does not.',
      );
    }
  }
}
