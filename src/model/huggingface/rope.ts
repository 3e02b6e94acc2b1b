// Rotary positions in config.json: rope_theta with rope_scaling as files were written until 2025, rope_parameters since, one for
// all layers or one for each type of layer.
import type { ModelConfig } from '../config.ts';
import { isRecord, showValue } from '../fields/check.ts';
import { derivedAmplitude } from '../rotation.ts';
import { type ConfigReader, refuse } from './config-reader.ts';
import type { Plain } from './family.ts';

type Scaling = ModelConfig['ropeScaling'];

/** What a family takes where its files say nothing, and what its code reads. */
export interface RopeDefaults {
  readonly ropeBase: number;
  /** Of local layers, where the family has a base of their own; then scaling is not theirs. */
  readonly localRopeBase?: number;
  /** Local layers are never scaled, whatever base they have (OLMo 3). */
  readonly isLocalPlain?: boolean;
  /** Part of a head that turns where the file does not say it; undefined where the family always turns all of it. */
  readonly ropeFraction?: number;
  /** What stands for a file without any rotation of its own. */
  readonly scaling?: Readonly<Record<string, unknown>>;
}

/** The fields of a model that say how it rotates. */
type RopeFields = Partial<
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
interface ReadRotation {
  readonly base: number | undefined;
  readonly fraction: number | undefined;
  readonly scaling: RopeFields;
}

const layerTypes = ['full_attention', 'sliding_attention', 'chunked_attention'] as const;

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

/** How a model rotates, whichever way its file says it. `context` is max_position_embeddings, `headSize` what turns at most. */
export function readRope(
  reader: ConfigReader,
  defaults: RopeDefaults,
  { context, headSize }: { readonly context: number; readonly headSize: number },
): RopeFields {
  const original = reader.value('original_max_position_embeddings');
  const dicts = ['rope_parameters', 'rope_scaling'].flatMap((key) => {
    const value = reader.value(key);
    if (value === undefined) return [];
    if (!isRecord(value)) refuse(`${key} is ${showValue(value)}`, 'Give an object or null.');
    if (Object.keys(value).length === 0) return []; // as null in Transformers
    const nested = layerTypes.filter((type) => isRecord(value[type]));
    const read = (of: Readonly<Record<string, unknown>>, name: string) =>
      readRotation(of, name, key, { context, headSize, original });
    if (nested.length === 0) return [{ global: read(value, key), local: undefined }];
    const rotations = new Map(nested.map((type) => [type, read(value[type] as Plain, `${key}.${type}`)]));
    const local = rotations.get('sliding_attention') ?? rotations.get('chunked_attention');
    const global = rotations.get('full_attention') ?? local;
    return global ? [{ global, local }] : [];
  });
  const asDefault = defaults.scaling ?? { rope_type: 'default' };
  const fallback = () =>
    readRotation(asDefault, 'rope_parameters', 'rope_parameters', { context, headSize, original });
  const global = merged(dicts.map((dict) => dict.global)) ?? fallback();
  const local = dicts.map((dict) => dict.local).find((found) => found !== undefined);
  const base = oneOf('rope_theta', [
    ...dicts.map((dict) => dict.global.base),
    numberOf(reader, ['rope_theta', 'rotary_emb_base']),
  ]);
  const givenFraction = oneOf('partial_rotary_factor', [
    ...dicts.map((dict) => dict.global.fraction),
    numberOf(reader, ['partial_rotary_factor', 'rotary_pct']),
  ]);
  const ropeBase = base ?? defaults.ropeBase;
  return {
    ropeBase,
    ...global.scaling,
    ...fractionOf(defaults, givenFraction, headSize),
    ...localRope(reader, defaults, { ropeBase, global, local }),
  };
}

/** rope_theta and rope_scaling of a model, which Transformers of any year reads; `local` where the family's files have its base. */
export function writeRope(model: ModelConfig, context = model.context): Plain {
  return { rope_theta: model.ropeBase, rope_scaling: writeScaling(model, context) };
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

interface Sizes {
  readonly context: number;
  readonly headSize: number;
  /** `original_max_position_embeddings` beside the rotation (Phi 3). */
  readonly original: unknown;
}

function readRotation(
  dict: Readonly<Record<string, unknown>>,
  name: string,
  key: string,
  sizes: Sizes,
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

/** Rotations of two spellings that must agree. */
function merged(rotations: readonly ReadRotation[]): ReadRotation | undefined {
  const [first, second] = rotations;
  if (first && second && JSON.stringify(first.scaling) !== JSON.stringify(second.scaling))
    refuse('rope_parameters and rope_scaling differ', 'Keep one.');
  return first;
}

function fractionOf(defaults: RopeDefaults, given: number | undefined, headSize: number): RopeFields {
  if (defaults.ropeFraction === undefined) {
    if (given !== undefined && given !== 1)
      refuse(`partial_rotary_factor ${given} changes the arithmetic`, 'Only 1 is computed in this family.');
    return {};
  }
  const fraction = given ?? defaults.ropeFraction;
  if (!(fraction > 0 && fraction <= 1))
    refuse(`partial_rotary_factor is ${fraction}`, 'Give a number above 0, at most 1.');
  const turns = Math.floor(headSize * fraction); // as Transformers rounds
  const isWhole = Math.abs(headSize * fraction - turns) < 1e-9;
  return { ropeFraction: isWhole ? fraction : turns / headSize };
}

/** What local layers rotate by, where it is not what the others do. */
function localRope(
  reader: ConfigReader,
  { localRopeBase: familyBase, isLocalPlain = false }: RopeDefaults,
  {
    ropeBase,
    global,
    local,
  }: { readonly ropeBase: number; readonly global: ReadRotation; readonly local: ReadRotation | undefined },
): RopeFields {
  const isScaled = (global.scaling.ropeScaling ?? 'none') !== 'none';
  if (familyBase !== undefined && local === undefined) {
    const base = reader.number('rope_local_base_freq', familyBase);
    return { localRopeBase: base };
  }
  if (familyBase !== undefined) reader.ignore('rope_local_base_freq');
  if (local === undefined) return isLocalPlain && isScaled ? { localRopeBase: ropeBase } : {};
  const localBase = local.base ?? familyBase ?? ropeBase;
  const isAlike = JSON.stringify(local.scaling) === JSON.stringify(global.scaling);
  if (isAlike && localBase === ropeBase) return familyBase === undefined ? {} : { localRopeBase: localBase };
  if ((local.scaling.ropeScaling ?? 'none') !== 'none')
    refuse(
      `rope_parameters of sliding_attention, ${showValue(local.scaling.ropeScaling)}, is not computed for local layers`,
      'Only "default" is.',
    );
  return { localRopeBase: localBase };
}

function numberOf(reader: ConfigReader, keys: readonly string[]): number | undefined {
  const given = keys.filter((key) => reader.value(key) !== undefined).map((key) => reader.number(key));
  return given[0];
}

function oneOf(key: string, values: readonly (number | undefined)[]): number | undefined {
  const given = values.filter((value) => value !== undefined);
  if (given.some((value) => value !== given[0]))
    refuse(`${key} is given twice: ${given.join(', ')}`, 'Keep one.');
  return given[0];
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
