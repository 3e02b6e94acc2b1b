// A run as a link: version, preset, seed, and only what differs from the preset. Read through the schema, never trusted.
import { type Experiment, experimentValues, nest, parseExperiment, schemaVersion } from './config.ts';
import { fieldProblem, nearestWord, showKey, showValue } from './fields/check.ts';
import type { Field, FieldValue } from './fields/kinds.ts';
import { fieldsByPath } from './fields/table.ts';
import { findPreset, presets } from './presets/catalogue.ts';
import type { ModelPreset } from './presets/training.ts';

/** What an address asks for. Reading one starts nothing. */
export type AddressContent =
  | {
      readonly kind: 'ok';
      readonly preset: string;
      readonly experiment: Experiment;
      /** Sentences about what was left out of the address, to be shown. */
      readonly notices: readonly string[];
    }
  | { readonly kind: 'problem'; readonly message: string };

/** Characters of the longest query that is read; one that changes every field has about 1 500. */
export const addressLimit = 4096;

/** Notices shown at most. */
const noticeLimit = 10;
const seedPaths = ['train.seeds.weights', 'train.seeds.data', 'train.seeds.dropout'];

/**
 * The query (without `?`) of an experiment: `v`, `preset`, `seed` when the three seeds agree, and every field that differs.
 * @throws if there is no preset of this id.
 */
export function experimentToAddress(experiment: Experiment, presetId: string): string {
  const preset = findPreset(presetId);
  if (!preset) throw new Error(`address: no preset is called ${showKey(presetId)}. Use ${presetNames()}.`);
  const values = experimentValues(experiment);
  const base = valuesOf(preset);
  const query = new URLSearchParams({ v: String(schemaVersion), preset: presetId });
  const seeds = new Set(seedPaths.map((path) => values.get(path)));
  const oneSeed = seeds.size === 1;
  if (oneSeed) query.set('seed', String([...seeds][0]));
  for (const [path, value] of values) {
    if (seedPaths.includes(path) ? !oneSeed : value !== base.get(path)) query.set(path, String(value));
  }
  return query.toString();
}

/**
 * Reads a query, with or without `?`. What is unknown or refused is left as the preset has it, with a notice; an address of
 * a newer version is refused as a whole.
 */
export function experimentFromAddress(address: string): AddressContent {
  const notices: string[] = [];
  const notice = (text: string): void => {
    if (notices.length < noticeLimit && !notices.includes(text)) notices.push(text);
  };
  const fits = address.length <= addressLimit;
  if (!fits) notice(`address: longer than ${addressLimit} characters. It was not read.`);
  const query = new URLSearchParams(fits ? address : '');
  const version = query.get('v') ?? String(schemaVersion);
  if (!/^[1-9]\d{0,5}$/.test(version) || Number(version) > schemaVersion) {
    const found = `version ${showValue(version)}, this is version ${schemaVersion}`;
    return {
      kind: 'problem',
      message: `address: made by another Flopscope: ${found}. Reload the page for the newest.`,
    };
  }
  const preset = readPreset(query.get('preset'), notice);
  const changes = readChanges(query, notice);
  return { kind: 'ok', preset: preset.id, experiment: applyChanges(preset, changes, notice), notices };
}

function readPreset(id: string | null, notice: (text: string) => void): ModelPreset {
  const preset = findPreset(id ?? '');
  if (!preset && id !== null)
    notice(`address: no preset is called ${showKey(id)}. ${presets[0].title} is used.`);
  return preset ?? presets[0];
}

function readChanges(query: URLSearchParams, notice: (text: string) => void): Map<string, FieldValue> {
  const changes = new Map<string, FieldValue>();
  const seen = new Set<string>(['v', 'preset']);
  const read = (field: Field, text: string): FieldValue | undefined => {
    const value = parseText(field, text);
    const message = fieldProblem(field, value ?? text);
    if (message === undefined) return value;
    notice(message);
    return undefined;
  };
  for (const [key, text] of query) {
    if (key === 'v' || key === 'preset') continue;
    if (seen.has(key)) {
      notice(`address: ${showPath(key)} is given twice. The first is used.`);
      continue;
    }
    seen.add(key);
    const paths = key === 'seed' ? seedPaths : [key];
    const field = fieldsByPath.get(paths[0]);
    const value = field && read(field, text);
    if (!field) {
      const like = nearestWord(key, fieldsByPath.keys());
      notice(`address: ${showPath(key)} is not a setting.${like ? ` Did you mean ${like}?` : ''}`);
    }
    // A seed of its own wins over the common one, whichever comes first.
    for (const path of value === undefined ? [] : paths) {
      if (key !== 'seed' || !changes.has(path)) changes.set(path, value as FieldValue);
    }
  }
  return changes;
}

/** Drops changes that do not fit together until the experiment is valid; at the latest, all of them. */
function applyChanges(
  preset: ModelPreset,
  changes: Map<string, FieldValue>,
  notice: (text: string) => void,
): Experiment {
  const base = valuesOf(preset);
  for (;;) {
    const parsed = parseExperiment(nest(new Map([...base, ...changes])));
    if (parsed.kind === 'ok') return parsed.experiment;
    if (changes.size === 0) throw new Error(`preset ${preset.id}: ${parsed.problems[0].message}`);
    const wrong = parsed.problems.filter(({ path }) => changes.has(path));
    for (const { message } of parsed.problems) notice(message);
    if (wrong.length === 0 && changes.size > 1)
      notice(`address: nothing else of it was taken; ${preset.title} is used.`);
    // A problem of a field that the address does not name comes from one that it does: start over from the preset.
    if (wrong.length === 0) changes.clear();
    for (const { path } of wrong) changes.delete(path);
  }
}

/** Text of an address as a value; undefined where it is not even written like one. */
function parseText(field: Field, text: string): FieldValue | undefined {
  if (field.kind === 'choice' || field.kind === 'pattern') return text;
  if (field.kind === 'boolean') return text === 'true' ? true : text === 'false' ? false : undefined;
  return /^-?\d{1,25}(\.\d{1,25})?(e[+-]?\d{1,3})?$/.test(text) ? Number(text) : undefined;
}

function valuesOf(preset: ModelPreset): Map<string, FieldValue> {
  const parsed = parseExperiment(preset.experiment);
  if (parsed.kind === 'problem') throw new Error(`preset ${preset.id}: ${parsed.problems[0].message}`);
  return experimentValues(parsed.experiment);
}

function presetNames(): string {
  return presets.map(({ id }) => id).join(', ');
}

function showPath(key: string): string {
  return /^[\w.]{1,60}$/.test(key) ? key : showKey(key);
}
