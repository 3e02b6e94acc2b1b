// One rotation of config.json: the kinds of scaling, which keys each has, and what a model's fields say by them; read and written.
import type { ModelConfig } from '../config.ts';
import { showValue } from '../fields/check.ts';
import { derivedAmplitude } from '../rotation.ts';
import { refuse } from './config-reader.ts';
import type { Plain } from './family.ts';

type Scaling = ModelConfig['ropeScaling'];

/** The fields of a model that say how it rotates. */
export type RopeFields = Partial<
  Pick<
    ModelConfig,
    | (
        | 'ropeBase'
        | 'localRopeBase'
        | 'ropeScaling'
        | 'ropeScalingFactor'
        | 'ropeOriginalContext'
        | 'ropeFraction'
      )
    | (
        | 'ropeLowFrequencyFactor'
        | 'ropeHighFrequencyFactor'
        | 'ropeBetaFast'
        | 'ropeBetaSlow'
        | 'ropeTruncate'
      )
    | ('ropeAttentionFactor' | 'ropeShortFactors' | 'ropeLongFactors' | 'attentionScale')
  >
>;

/** One rotation, read. */
export interface ReadRotation {
  readonly base: number | undefined;
  readonly fraction: number | undefined;
  readonly scaling: RopeFields;
}

/** Layers that may have a rotation of their own. */
export const layerTypes = ['full_attention', 'sliding_attention', 'chunked_attention'] as const;

/** `rope_type`, or `type` before 2024, by what it means; what else a parameter object may hold for each. */
const kinds: ReadonlyMap<unknown, readonly [kind: Scaling, keys: readonly string[]]> = new Map<
  unknown,
  readonly [Scaling, readonly string[]]
>([
  ['default', ['none', []]],
  ['linear', ['linear', ['factor']]],
  ['dynamic', ['dynamic', ['factor']]],
  ['llama3', ['llama3', ['factor', 'low_freq_factor', 'high_freq_factor']]],
  [
    'yarn',
    [
      'yarn',
      [
        ...['factor', 'attention_factor', 'beta_fast', 'beta_slow', 'mscale', 'mscale_all_dim', 'truncate'],
        'finetuned', // says where the weights come from
      ],
    ],
  ],
  ['longrope', ['longrope', ['factor', 'attention_factor', 'short_factor', 'long_factor']]],
  ['su', ['longrope', ['factor', 'attention_factor', 'short_factor', 'long_factor']]],
]);

/** What a rotation needs to know of its model. */
interface RotationSizes {
  readonly context: number;
  readonly headSize: number;
  /** `original_max_position_embeddings` beside the rotation (Phi 3). */
  readonly original: unknown;
}

/** One rotation of a file. @param key which of the two spellings it stands in @throws on what is not computed here */
export function readRotation(
  dict: Readonly<Record<string, unknown>>,
  name: string,
  key: string,
  sizes: RotationSizes,
): ReadRotation {
  const {
    rope_type: newType,
    type,
    rope_theta,
    partial_rotary_factor,
    original_max_position_embeddings,
    ...rest
  } = dict;
  const given = newType ?? type ?? (key === 'rope_parameters' ? 'default' : undefined);
  const known = kinds.get(given);
  const others = Object.entries(rest).filter(
    ([other, value]) => value !== undefined && value !== null && !known?.[1].includes(other),
  );
  const unread = others
    .map(([other]) => other)
    .filter((other) => !layerTypes.some((layer) => layer === other));
  if (!known || unread.length > 0) {
    const found = `${showValue(given)}${unread.length > 0 ? ` with ${unread.slice(0, 4).join(', ')}` : ''}`;
    refuse(`${name} ${found} is not computed here`, `Known: ${[...kinds.keys()].join(', ')}.`);
  }
  const reader = new DictReader(name, rest);
  const base = rope_theta ?? undefined;
  if (base !== undefined && typeof base !== 'number')
    refuse(`${name}.rope_theta is ${showValue(base)}`, 'Give a number.');
  const fraction = partial_rotary_factor ?? undefined;
  if (fraction !== undefined && typeof fraction !== 'number')
    refuse(`${name}.partial_rotary_factor is ${showValue(fraction)}`, 'Give a number.');
  const within = sizes.original ?? original_max_position_embeddings ?? sizes.context;
  if (typeof within !== 'number' || !Number.isInteger(within) || within < 1 || within > 2 ** 24)
    refuse(`${name}.original_max_position_embeddings is ${showValue(within)}`, 'Give a whole number from 1.');
  return { base, fraction, scaling: readScaling(known[0], reader, within, sizes.context) };
}

function readScaling(kind: Scaling, reader: DictReader, original: number, context: number): RopeFields {
  switch (kind) {
    case 'linear':
      return { ropeScaling: kind, ropeScalingFactor: reader.factor() };
    case 'dynamic':
      return { ropeScaling: kind, ropeScalingFactor: reader.factor(), ropeOriginalContext: context };
    case 'llama3':
      return {
        ropeScaling: kind,
        ropeScalingFactor: reader.factor(),
        ropeOriginalContext: original,
        ropeLowFrequencyFactor: reader.number('low_freq_factor'),
        ropeHighFrequencyFactor: reader.number('high_freq_factor'),
      };
    case 'yarn': {
      const factor = reader.factor(context / original);
      return {
        ropeScaling: kind,
        ropeScalingFactor: factor,
        ropeOriginalContext: original,
        // 0 means the default in Transformers too.
        ropeBetaFast: reader.number('beta_fast', 32) || 32,
        ropeBetaSlow: reader.number('beta_slow', 1) || 1,
        ropeTruncate: reader.boolean('truncate', true),
        ropeAttentionFactor: yarnAmplitude(reader, factor, original),
      };
    }
    case 'longrope': {
      const factor = reader.factor(Math.max(1, context / original));
      return {
        ropeScaling: kind,
        ropeScalingFactor: factor,
        ropeOriginalContext: original,
        ropeShortFactors: reader.list('short_factor'),
        ropeLongFactors: reader.list('long_factor'),
        ropeAttentionFactor: explicit(kind, reader.number('attention_factor', 0), factor, original),
      };
    }
    default:
      return {};
  }
}

/** Given, or the ratio of two scales of ln factor; 0 where it is what would be derived. */
function yarnAmplitude(reader: DictReader, factor: number, original: number): number {
  const given = reader.number('attention_factor', 0);
  const [scale, all] = [reader.number('mscale', 0), reader.number('mscale_all_dim', 0)];
  const ratio = scale !== 0 && all !== 0 ? yarnScale(factor, scale) / yarnScale(factor, all) : 0;
  return explicit('yarn', given || ratio, factor, original);
}

function explicit(kind: Scaling, amplitude: number, factor: number, original: number): number {
  const derived = derivedAmplitude(kind, factor, original);
  return Math.abs(amplitude - derived) < 1e-12 ? 0 : amplitude;
}

/** 0.1 · m · ln factor + 1, what YaRN multiplies by for a scale m (Peng et al. 2023, equation 25). */
export function yarnScale(factor: number, scale: number): number {
  return factor > 1 ? 0.1 * scale * Math.log(factor) + 1 : 1;
}

/** The parameters of a scaled rotation, or null. */
export function writeScaling(model: ModelConfig, context = model.context): Plain | null {
  const { ropeScaling: scaling, ropeScalingFactor: factor } = model;
  const original = { original_max_position_embeddings: model.ropeOriginalContext || context };
  const amplitude = model.ropeAttentionFactor > 0 ? { attention_factor: model.ropeAttentionFactor } : {};
  switch (scaling) {
    case 'linear':
    case 'dynamic':
      return { rope_type: scaling, factor };
    case 'llama3':
      return {
        rope_type: scaling,
        factor,
        ...original,
        low_freq_factor: model.ropeLowFrequencyFactor,
        high_freq_factor: model.ropeHighFrequencyFactor,
      };
    case 'yarn':
      return {
        rope_type: scaling,
        factor,
        ...original,
        ...amplitude,
        beta_fast: model.ropeBetaFast,
        beta_slow: model.ropeBetaSlow,
        truncate: model.ropeTruncate,
      };
    case 'longrope':
      return {
        rope_type: scaling,
        factor,
        ...original,
        ...amplitude,
        short_factor: model.ropeShortFactors.split(',').map(Number),
        long_factor: model.ropeLongFactors.split(',').map(Number),
      };
    default:
      return null; // none, and ours that Transformers has not
  }
}

/** Reads the values of one rotation. */
class DictReader {
  readonly #name: string;
  readonly #dict: Readonly<Record<string, unknown>>;

  constructor(name: string, dict: Readonly<Record<string, unknown>>) {
    this.#name = name;
    this.#dict = dict;
  }

  factor(byDefault?: number): number {
    const value = this.#dict.factor ?? byDefault;
    if (typeof value !== 'number' || !(value >= 1 && value <= 1000))
      refuse(`${this.#name}.factor is ${showValue(value)}`, 'Give a number from 1 to 1000.');
    return value;
  }

  number(key: string, byDefault?: number): number {
    const value = this.#dict[key] ?? byDefault;
    if (typeof value !== 'number' || !Number.isFinite(value))
      refuse(`${this.#name}.${key} is ${showValue(value)}`, 'Give a number.');
    return value;
  }

  boolean(key: string, byDefault: boolean): boolean {
    const value = this.#dict[key] ?? byDefault;
    if (typeof value !== 'boolean')
      refuse(`${this.#name}.${key} is ${showValue(value)}`, 'Give true or false.');
    return value;
  }

  /** A list of numbers as a field's text. */
  list(key: string): string {
    const value = this.#dict[key];
    if (!Array.isArray(value) || !value.every((factor) => typeof factor === 'number' && factor > 0))
      refuse(
        `${this.#name}.${key} is ${showValue(value)}`,
        'Give a list of numbers above 0, one a pair of channels.',
      );
    return value.join(',');
  }
}
