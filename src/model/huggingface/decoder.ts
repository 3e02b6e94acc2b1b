// Keys of config.json that Llama and its descendants share: sizes, biases, activation, rotary positions, windows.
import {
  type ActivationName,
  activationFunctions,
  activationNames,
} from '../../kernels/activation-functions.ts';
import { biasesOf } from '../block-config.ts';
import type { ModelConfig } from '../config.ts';
import { type ConfigReader, refuse } from './config-reader.ts';
import type { Plain } from './family.ts';
import { type RopeDefaults, readRope, writeRope } from './rope.ts';

/** Activations by their names in Transformers, which has several for the same formula. */
const activations: ReadonlyMap<string, ActivationName> = new Map(
  activationNames.flatMap((name) =>
    activationFunctions[name].huggingFaceNames.map((theirs) => [theirs, name] as const),
  ),
);

/** What Transformers takes where a family's config.json says nothing, and how the family differs from Llama. */
export interface DecoderDefaults extends RopeDefaults {
  readonly normEpsilon: number;
  /** `rms_norm_eps` unless given. */
  readonly epsilonKey?: string;
  readonly norm?: 'rmsNorm' | 'layerNorm';
  readonly gated?: boolean;
  readonly keyValueHeads?: number;
  readonly headSize?: number;
  readonly tiedHead?: boolean;
  /** The key of the activation and its default. */
  readonly activation?: readonly [key: string, name: string];
  /** Keys of rates of dropout, where the family has it in all places: `readDropout` reads them. */
  readonly rates?: readonly string[];
  /** Which of `attention_bias` and `mlp_bias` the family has. */
  readonly biases?: readonly ('attention' | 'mlp')[];
}

/** Everything but what is particular to a family. */
export function readDecoder(reader: ConfigReader, defaults: DecoderDefaults): Partial<ModelConfig> {
  const { biases = [], activation: [key, name] = ['hidden_act', 'silu'] } = defaults;
  const attentionBias = biases.includes('attention') && reader.boolean('attention_bias', false);
  const mlpBias = biases.includes('mlp') && reader.boolean('mlp_bias', false);
  const heads = readHeads(reader, defaults);
  const context = reader.size('max_position_embeddings');
  if (!defaults.rates?.includes('attention_dropout')) noteDropout(reader, 'attention_dropout');
  return {
    layers: reader.size('num_hidden_layers'),
    ...heads,
    hidden: reader.size('intermediate_size'),
    context,
    vocabulary: reader.size('vocab_size'),
    norm: defaults.norm ?? 'rmsNorm',
    normEpsilon: reader.number(defaults.epsilonKey ?? 'rms_norm_eps', defaults.normEpsilon),
    position: 'rope',
    ...readRope(reader, defaults, { context, headSize: heads.headSize }),
    activation: readActivation(reader, key, name),
    gated: defaults.gated ?? true,
    bias: attentionBias && mlpBias,
    ...(attentionBias && !mlpBias ? ({ qkvBias: 'on', projectionBias: 'on' } as const) : {}),
    ...(mlpBias && !attentionBias ? ({ ffnBias: 'on' } as const) : {}),
    tiedHead: reader.boolean('tie_word_embeddings', defaults.tiedHead ?? false),
  };
}

/** The keys that `readDecoder` reads, of the families that have them all; `biases` as there. */
export function writeDecoder(
  model: ModelConfig,
  [type, architecture]: readonly [type: string, architecture: string],
  {
    biases = [],
    activation: [key, usual] = ['hidden_act', 'silu'],
    epsilonKey = 'rms_norm_eps',
  }: Pick<DecoderDefaults, 'biases' | 'activation' | 'epsilonKey'> = {},
): Plain {
  const has = biasesOf(model);
  return {
    architectures: [`${architecture}ForCausalLM`],
    model_type: type,
    dtype: 'float32',
    vocab_size: model.vocabulary,
    hidden_size: model.width,
    intermediate_size: model.hidden,
    num_hidden_layers: model.layers,
    num_attention_heads: model.heads,
    num_key_value_heads: model.keyValueHeads,
    head_dim: model.headSize,
    [key]: activationName(model.activation, usual),
    max_position_embeddings: model.context,
    [epsilonKey]: model.normEpsilon,
    ...writeRope(model),
    ...(biases.includes('attention') ? { attention_bias: has.qkv } : {}),
    attention_dropout: 0,
    ...(biases.includes('mlp') ? { mlp_bias: has.ffn } : {}),
    tie_word_embeddings: model.tiedHead,
    bos_token_id: null,
    eos_token_id: null,
    pad_token_id: null, // Transformers gives the embedding of a padding token no gradient
  };
}

function readHeads(
  reader: ConfigReader,
  defaults: DecoderDefaults,
): Pick<ModelConfig, 'width' | 'heads' | 'keyValueHeads' | 'headSize'> {
  const width = reader.size('hidden_size');
  const heads = reader.size('num_attention_heads');
  const groups = reader.isNull('num_key_value_heads') ? heads : (defaults.keyValueHeads ?? heads);
  const hasSize = reader.value('head_dim') !== undefined || defaults.headSize !== undefined;
  if (!hasSize && width % heads !== 0)
    refuse(`num_attention_heads ${heads} does not divide hidden_size ${width}`, 'Give head_dim.');
  return {
    width,
    heads,
    keyValueHeads: reader.size('num_key_value_heads', groups),
    headSize: reader.size('head_dim', defaults.headSize ?? width / heads),
  };
}

/** Dropout inside attention alone is not computed here: it acts in training only, so that the model is read without it. */
export function noteDropout(reader: ConfigReader, key: string): void {
  const rate = reader.number(key, 0);
  if (rate !== 0) {
    reader.note(
      `${key} ${rate} acts in training only and is left out: dropout is computed after the embedding, in attention and after ` +
        'both projections at one rate (dropout), or nowhere',
    );
  }
}

/** The one rate of a family with dropout in all places, by its keys and its default; none, with a note, where they differ. */
export function readDropout(
  reader: ConfigReader,
  keys: readonly string[],
  byDefault: number,
): Pick<ModelConfig, 'dropout'> {
  const rates = keys.map((key) => reader.number(key, byDefault));
  if (rates.every((rate) => rate === rates[0])) return { dropout: rates[0] };
  reader.note(
    `${keys.join(', ')} differ (${rates.join(', ')}), act in training only and are left out: dropout has one rate here`,
  );
  return { dropout: 0 };
}

/** The scale of scores as Gemma's files say it: one over the root of a number, usually the head size. */
export function readScoreScalar(
  reader: ConfigReader,
  headSize: number | undefined,
): Pick<ModelConfig, 'attentionScale'> {
  const scalar = reader.number('query_pre_attn_scalar', 256);
  if (!(scalar > 0)) refuse(`query_pre_attn_scalar is ${scalar}`, 'Give a number above 0.');
  return { attentionScale: scalar === headSize ? 0 : scalar ** -0.5 };
}

/** The number that says a model's scale. Transformers takes whole ones only: a scale that is none's is not sayable. */
export function writeScoreScalar({ attentionScale: scale, headSize }: ModelConfig): number {
  return scale === 0 ? headSize : Math.round(1 / scale ** 2);
}

/** An activation by its name in Transformers. */
export function readActivation(reader: ConfigReader, key: string, byDefault: string): ActivationName {
  return reader.word(key, byDefault, activations);
}

/** Transformers' name of an activation, the family's own where it means the same. */
export function activationName(activation: ActivationName, usual: string): string {
  return activations.get(usual) === activation ? usual : activationFunctions[activation].huggingFaceNames[0];
}

/** What Transformers 5 demands of some families, whatever `head_dim` says. */
export function headsDivideWidth({ width, heads }: ModelConfig): boolean {
  return width % heads === 0;
}
