// Rotary positions in config.json: rope_theta with rope_scaling as files were written until 2025, rope_parameters since, one for
// all layers or one for each type of layer.
import type { ModelConfig } from '../config.ts';
import { isRecord, showValue } from '../fields/check.ts';
import { type ConfigReader, refuse } from './config-reader.ts';
import type { Plain } from './family.ts';
import { layerTypes, type ReadRotation, type RopeFields, readRotation, writeScaling } from './rotation.ts';

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
