// Keys of config.json that Llama and its descendants share: sizes, biases, activation, rotary positions, windows.
import {
  type ActivationName,
  activationFunctions,
  activationNames,
} from '../../kernels/activation-functions.ts';
import { layerAttention } from '../attention-config.ts';
import { biasesOf } from '../block-config.ts';
import type { ModelConfig } from '../config.ts';
import { showValue } from '../fields/check.ts';
import { type ConfigReader, refuse } from './config-reader.ts';
import type { Plain } from './family.ts';
import { type RopeDefaults, readRope, writeRope } from './rope.ts';

/** Activations by their names in Transformers, which has several for the same formula. */
const activations: ReadonlyMap<string, ActivationName> = new Map(
  activationNames.flatMap((name) =>
    activationFunctions[name].huggingFaceNames.map((theirs) => [theirs, name] as const),
  ),
);

/** Tokens; a window beyond it hides nothing from any model here. */
const longestContext = 65536;

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
  noteDropout(reader, 'attention_dropout');
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

const layerTypes: ReadonlyMap<unknown, 'L' | 'G'> = new Map([
  ['sliding_attention', 'L'],
  ['full_attention', 'G'],
]);

/** `layer_types` as letters, L local and G global, one a layer; `byDefault` where the file has none. */
export function readLayerTypes(reader: ConfigReader, layers: number, byDefault: string): string {
  const types = reader.list('layer_types', layers);
  if (types === undefined) return byDefault;
  return types
    .map((type) => {
      const letter = layerTypes.get(type);
      if (letter === undefined)
        refuse(
          `layer_types has ${showValue(type)}, which is not computed here`,
          `Known: ${[...layerTypes.keys()].join(', ')}.`,
        );
      return letter;
    })
    .join('');
}

/** `layer_types` of a model. */
export function writeLayerTypes(model: ModelConfig): string[] {
  return localLayers(model).map((isLocal) => (isLocal ? 'sliding_attention' : 'full_attention'));
}

/** Which layers see a window only. */
export function localLayers(model: ModelConfig): boolean[] {
  return Array.from({ length: model.layers }, (_, layer) => layerAttention(model, layer).isLocal);
}

/** The window of local layers: undefined for null, and where neither the file nor the family says one. */
export function readWindow(reader: ConfigReader, byDefault?: number): number | undefined {
  if (reader.isNull('sliding_window')) return undefined;
  if (reader.value('sliding_window') === undefined) return byDefault;
  return reader.size('sliding_window');
}

/** The window and its pattern; `letters` is one a layer, and `window` undefined where no layer has one. */
export function readWindows(
  letters: string,
  window: number | undefined,
): Partial<Pick<ModelConfig, 'window' | 'windowPattern'>> {
  if (window === undefined || !letters.includes('L')) return {};
  return { window: Math.min(window, longestContext), windowPattern: shortestPattern(letters) };
}

/** The shortest pattern that gives these letters when it is repeated. */
export function shortestPattern(letters: string): string {
  const repeats = (size: number) => [...letters].every((letter, i) => letter === letters[i % size]);
  const size = Array.from({ length: letters.length }, (_, i) => i + 1).find(repeats);
  return letters.slice(0, size);
}

/** An activation by its name in Transformers. */
export function readActivation(reader: ConfigReader, key: string, byDefault: string): ActivationName {
  return reader.word(key, byDefault, activations);
}

/** Transformers' name of an activation, the family's own where it means the same. */
export function activationName(activation: ActivationName, usual: string): string {
  return activations.get(usual) === activation ? usual : activationFunctions[activation].huggingFaceNames[0];
}
