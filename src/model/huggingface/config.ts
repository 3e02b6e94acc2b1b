// Hugging Face's config.json and ModelConfig, both ways: the published families, and what none can say under a type of our own.
import { type ModelConfig, parseModel } from '../config.ts';
import { isRecord, showKey, showValue } from '../fields/check.ts';
import { arithmeticOf, trainingKeys } from './computation.ts';
import { ConfigReader, invalidFile, refuse } from './config-reader.ts';
import { families } from './families.ts';
import type { Family, Plain } from './family.ts';

/** The type of files that keep our own names and shapes. */
const ownType = 'flopscope';

/** A model as its config.json describes it. */
export interface PublishedConfig {
  readonly model: ModelConfig;
  /** `model_type`: files of one model may be laid out by several families. */
  readonly type: string;
  /** What a user should know: keys that are not known, and settings that are left out. A sentence each. */
  readonly notes: readonly string[];
}

/** The `model_type` under which a model can be written without loss: the first published one, or `flopscope`. */
export function layoutOf(model: ModelConfig, preferred?: string): string {
  return familyOf(model, preferred)?.type ?? ownType;
}

/**
 * A family that can say a model: the preferred type if it can, else the first whose file Transformers opens; undefined if none can.
 * A preferred type stays even where Transformers refuses it today: the model came from such a file.
 */
export function familyOf(model: ModelConfig, preferred?: string): Family | undefined {
  if (preferred === ownType) return undefined;
  const wanted = arithmeticOf(model);
  const canSay = (family: Family) => {
    const said = tryReading(family, model);
    return said !== undefined && arithmeticOf({ ...said, ...pick(model, family.own ?? []) }) === wanted;
  };
  const first = families.find((family) => family.type === preferred);
  return first && canSay(first)
    ? first
    : families.find((family) => (family.opens?.(model) ?? true) && canSay(family));
}

/** The model that a config.json describes. @throws as `readPublishedConfig` does. */
export function readHuggingFaceConfig(json: unknown): ModelConfig {
  return readPublishedConfig(json).model;
}

/**
 * The model that a config.json describes, and its family. Keys that change no arithmetic are passed over, unknown ones noted; keys
 * that would change it are honoured or refused.
 * @throws an Error named InvalidFileError with one sentence that names the key.
 */
export function readPublishedConfig(json: unknown): PublishedConfig {
  const type = new ConfigReader(json).value('model_type');
  const family = families.find((candidate) => candidate.type === type);
  const reader = new ConfigReader(json, family?.spellings);
  reader.ignore('model_type');
  const own = reader.value('flopscope');
  if (type === ownType) {
    reader.finish();
    const model = parse(own ?? refuse('flopscope is missing', 'The file is damaged.'));
    return { model, type: ownType, notes: reader.notes };
  }
  if (!family) {
    const known = families.map((candidate) => candidate.type).join(', ');
    refuse(`model_type ${showValue(type)} is not known`, `Known: ${known}.`);
  }
  const said = family.read(reader);
  reader.finish();
  const model = own === undefined ? parse(said) : withOwn(family, parse(said), own);
  return { model, type: family.type, notes: reader.notes };
}

/** The config.json of a model, readable by Transformers where it has such a model; of the preferred type if that can say it. */
export function writeHuggingFaceConfig(model: ModelConfig, preferred?: string): Plain {
  const family = familyOf(model, preferred);
  const said = family && tryReading(family, model);
  if (!family || !said) return { model_type: ownType, flopscope: { ...model } };
  // What the family's keys do not say: how we train, and settings without effect.
  const rest = pick(
    model,
    modelKeys(model).filter((key) => model[key] !== said[key]),
  );
  return { ...family.write(model), ...(Object.keys(rest).length === 0 ? {} : { flopscope: rest }) };
}

/** Whether Transformers has such a model, as `writeHuggingFaceConfig` would write it. */
export function isOfTransformers(model: ModelConfig, preferred?: string): boolean {
  return writeHuggingFaceConfig(model, preferred).model_type !== ownType;
}

/** What a family's file would say of a model; undefined if it would be refused. */
function tryReading(family: Family, model: ModelConfig): ModelConfig | undefined {
  try {
    return parse(family.read(new ConfigReader(family.write(model), family.spellings)));
  } catch (error) {
    if (error instanceof Error && error.name === invalidFile) return undefined;
    throw error;
  }
}

/** Our own block may say how a model is trained and what has no effect, but nothing against the family's keys. */
function withOwn(family: Family, said: ModelConfig, own: unknown): ModelConfig {
  if (!isRecord(own)) refuse(`flopscope is ${showValue(own)}, not an object`, 'Remove it.');
  for (const key of Object.keys(own)) {
    if (!Object.hasOwn(said, key))
      refuse(`flopscope.${showKey(key)} ${showValue(own[key])} is not known`, 'Remove it.');
  }
  const whole = parse({ ...said, ...own });
  const free: readonly (keyof ModelConfig)[] = [...trainingKeys, ...(family.own ?? [])];
  if (arithmeticOf({ ...said, ...pick(whole, free) }) !== arithmeticOf(whole)) {
    const key = modelKeys(said).find((name) => !free.includes(name) && whole[name] !== said[name]);
    refuse(
      `flopscope.${key} ${showValue(key && whole[key])} contradicts the other keys`,
      'Remove it, or change them.',
    );
  }
  return whole;
}

function parse(model: unknown): ModelConfig {
  const parsed = parseModel(model);
  if (parsed.kind === 'problem')
    refuse(parsed.problems[0].message.replace(/\.$/, ''), 'The model does not fit here.');
  if (parsed.model.vocabulary === 0) refuse('the vocabulary is missing', 'Give the size of the embedding.');
  return parsed.model;
}

function modelKeys(model: ModelConfig): (keyof ModelConfig)[] {
  return Object.keys(model) as (keyof ModelConfig)[];
}

function pick(
  model: ModelConfig,
  keys: readonly (keyof ModelConfig)[],
): Record<string, string | number | boolean> {
  return Object.fromEntries(keys.map((key) => [key, model[key]]));
}
