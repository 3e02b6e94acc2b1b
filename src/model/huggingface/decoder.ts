// Keys of config.json that Llama and its descendants share: sizes, biases, activation, rotary positions, windows.
import {
  type ActivationName,
  activationFunctions,
  activationNames,
} from '../../kernels/activation-functions.ts';
import { layerAttention } from '../attention-config.ts';
import { biasesOf } from '../block-config.ts';
import type { ModelConfig } from '../config.ts';
import { isRecord, showValue } from '../fields/check.ts';
import { type ConfigReader, refuse } from './config-reader.ts';
import type { Plain } from './family.ts';

/** Activations by their names in Transformers, which has several for the same formula. */
const activations: ReadonlyMap<string, ActivationName> = new Map(
  activationNames.flatMap((name) =>
    activationFunctions[name].huggingFaceNames.map((theirs) => [theirs, name] as const),
  ),
);

/** Tokens; a window beyond it hides nothing from any model here. */
const longestContext = 65536;

/** What Transformers takes where a family's config.json says nothing. */
export interface DecoderDefaults {
  readonly normEpsilon: number;
  readonly ropeBase: number;
  readonly keyValueHeads?: number;
  readonly headSize?: number;
  readonly tiedHead?: boolean;
  /** The key of the activation and its default. */
  readonly activation?: readonly [key: string, name: string];
  /** Which of `attention_bias` and `mlp_bias` the family has. */
  readonly biases?: readonly ('attention' | 'mlp')[];
  /** Whether positions may be divided by a factor; true unless given. */
  readonly hasLinearScaling?: boolean;
}

/** Everything but what is particular to a family. */
export function readDecoder(reader: ConfigReader, defaults: DecoderDefaults): Partial<ModelConfig> {
  const { biases = [], activation: [key, name] = ['hidden_act', 'silu'] } = defaults;
  const attentionBias = biases.includes('attention') && reader.boolean('attention_bias', false);
  const mlpBias = biases.includes('mlp') && reader.boolean('mlp_bias', false);
  checkDropout(reader);
  return {
    layers: reader.size('num_hidden_layers'),
    ...readHeads(reader, defaults),
    hidden: reader.size('intermediate_size'),
    context: reader.size('max_position_embeddings'),
    vocabulary: reader.size('vocab_size'),
    norm: 'rmsNorm',
    normEpsilon: reader.number('rms_norm_eps', defaults.normEpsilon),
    position: 'rope',
    ...readRope(reader, defaults),
    activation: readActivation(reader, key, name),
    gated: true,
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
  }: Pick<DecoderDefaults, 'biases' | 'activation'> = {},
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
    rms_norm_eps: model.normEpsilon,
    rope_theta: model.ropeBase,
    rope_scaling:
      model.ropeScaling === 'linear' ? { rope_type: 'linear', factor: model.ropeScalingFactor } : null,
    ...(biases.includes('attention') ? { attention_bias: has.qkv } : {}),
    attention_dropout: 0,
    ...(biases.includes('mlp') ? { mlp_bias: has.ffn } : {}),
    tie_word_embeddings: model.tiedHead,
    bos_token_id: null,
    eos_token_id: null,
    pad_token_id: null, // Transformers gives the embedding of a padding token no gradient
  };
}

function readHeads(reader: ConfigReader, defaults: DecoderDefaults): Partial<ModelConfig> {
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

/** Dropout inside attention alone is not computed here. */
export function checkDropout(reader: ConfigReader): void {
  const rate = reader.number('attention_dropout', 0);
  if (rate !== 0)
    refuse(`attention_dropout ${rate} without dropout elsewhere is not computed here`, 'Set it to 0.');
}

/** Older files have rope_theta and rope_scaling, newer ones rope_parameters: the plain rotation, or positions ÷ a factor. */
export function readRope(
  reader: ConfigReader,
  { ropeBase, hasLinearScaling = true }: Pick<DecoderDefaults, 'ropeBase' | 'hasLinearScaling'>,
): Partial<ModelConfig> {
  const bases: number[] = [];
  const factors: number[] = [];
  for (const key of ['rope_parameters', 'rope_scaling']) {
    const value = reader.value(key);
    if (value === undefined) continue;
    if (!isRecord(value)) refuse(`${key} is ${showValue(value)}`, 'Give an object or null.');
    const { rope_type: ropeType, type, rope_theta: base, factor, ...rest } = value;
    const kind = ropeType ?? type ?? (key === 'rope_parameters' ? 'default' : undefined);
    const isLinear = kind === 'linear' && hasLinearScaling;
    const others = Object.entries({ ...rest, ...(isLinear ? {} : { factor }) })
      .filter(([, other]) => other !== undefined && other !== null)
      .map(([name]) => name);
    if (!(isLinear || kind === 'default') || others.length > 0) {
      const found = `${showValue(kind)}${others.length > 0 ? ` with ${others.slice(0, 4).join(', ')}` : ''}`;
      const known = hasLinearScaling
        ? 'the plain rotation, "default", and "linear" with a factor are'
        : 'the plain rotation, "default", is';
      refuse(`${key} ${found} is not computed here`, `Only ${known}.`);
    }
    if (isLinear) {
      if (typeof factor !== 'number' || !(factor >= 1 && factor <= 1000))
        refuse(`${key}.factor is ${showValue(factor)}`, 'Give a number from 1 to 1000.');
      factors.push(factor);
    }
    if (base === undefined || base === null) continue;
    if (typeof base !== 'number') refuse(`${key}.rope_theta is ${showValue(base)}`, 'Give a number.');
    bases.push(base);
  }
  if (reader.value('rope_theta') !== undefined) bases.push(reader.number('rope_theta'));
  if (bases.some((base) => base !== bases[0]))
    refuse(`rope_theta is given twice: ${bases.join(', ')}`, 'Keep one.');
  if (factors.some((factor) => factor !== factors[0]))
    refuse(`the factor of rotary positions is given twice: ${factors.join(', ')}`, 'Keep one.');
  const [factor] = factors;
  return {
    ropeBase: bases[0] ?? ropeBase,
    ...(factor === undefined ? {} : { ropeScaling: 'linear', ropeScalingFactor: factor }),
  };
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
  if (window === undefined || window > longestContext || !letters.includes('L')) return {};
  return { window, windowPattern: shortestPattern(letters) };
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
