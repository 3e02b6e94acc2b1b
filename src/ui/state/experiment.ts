// Reads and changes an experiment by the paths of the form, and says in one line how two experiments differ.

import type { FormField } from '../../contract/form.ts';
import type { ExperimentJson, FieldProblem, Json } from '../../contract/values.ts';
import { formatSetting } from '../../text/numbers.ts';

/** A value that a form control holds. */
export type FieldValue = string | number | boolean;

/** One setting that is not the same in two experiments. */
export interface Difference {
  readonly path: string;
  readonly label: string;
  readonly from: FieldValue;
  readonly to: FieldValue;
}

type JsonObject = { readonly [key: string]: Json };

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isFieldValue(value: unknown): value is FieldValue {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

/** The value at a dotted path, own properties only; undefined when there is none. */
export function valueAt(experiment: ExperimentJson, path: string): FieldValue | undefined {
  let value: unknown = experiment;
  for (const key of path.split('.')) {
    if (!isObject(value) || !Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  return isFieldValue(value) ? value : undefined;
}

/** The value of a field, or its default where the experiment does not say. */
export function fieldValue(experiment: ExperimentJson, field: FormField): FieldValue {
  return valueAt(experiment, field.path) ?? field.default;
}

function replaceIn(object: JsonObject, keys: readonly string[], value: FieldValue): JsonObject {
  const [key, ...rest] = keys;
  if (key === undefined) return object;
  const inner = object[key];
  const next = rest.length === 0 ? value : replaceIn(isObject(inner) ? inner : {}, rest, value);
  return { ...object, [key]: next };
}

/** A copy of the experiment with one value replaced; `path` comes from the catalogue, never from outside. */
export function withValue(experiment: ExperimentJson, path: string, value: FieldValue): ExperimentJson {
  const [part, ...keys] = path.split('.');
  switch (part) {
    case 'model':
      return { ...experiment, model: replaceIn(experiment.model, keys, value) };
    case 'train':
      return { ...experiment, train: replaceIn(experiment.train, keys, value) };
    case 'data':
      return { ...experiment, data: replaceIn(experiment.data, keys, value) };
    default:
      throw new Error(
        `withValue: the path is in no part of an experiment: ${path}. Begin with model, train or data.`,
      );
  }
}

/** Whether a field has a meaning in this experiment (`onlyIf`). */
export function isFieldShown(
  field: FormField,
  fields: readonly FormField[],
  experiment: ExperimentJson,
): boolean {
  const { onlyIf } = field;
  if (onlyIf === undefined) return true;
  const other = fields.find(({ path }) => path === onlyIf.path);
  const value = other === undefined ? valueAt(experiment, onlyIf.path) : fieldValue(experiment, other);
  return value !== undefined && onlyIf.values.includes(value);
}

/** The settings in which `to` is not `from`, in the order of the form; fields without a meaning are left out. */
export function differences(
  fields: readonly FormField[],
  from: ExperimentJson,
  to: ExperimentJson,
): readonly Difference[] {
  const found: Difference[] = [];
  for (const field of fields) {
    const before = fieldValue(from, field);
    const after = fieldValue(to, field);
    if (before === after) continue;
    if (!isFieldShown(field, fields, from) && !isFieldShown(field, fields, to)) continue;
    found.push({ path: field.path, label: field.label, from: before, to: after });
  }
  return found;
}

/** The short name of a setting: its last word, with the word before where that alone would not say which it is. */
function shortName(path: string): string {
  const [last = path, before] = path.split('.').reverse();
  return last === 'kind' || before === 'seeds' ? `${before}.${last}` : last;
}

/** One line for a list of differences: `width 64→128, dropout 0→0.2`; empty when there is none. */
export function describeDifferences(list: readonly Difference[], limit = 6): string {
  const shown = list.slice(0, limit).map(({ path, from, to }) => {
    return `${shortName(path)} ${formatSetting(from)}→${formatSetting(to)}`;
  });
  const left = list.length - shown.length;
  return left > 0 ? `${shown.join(', ')} and ${left} more` : shown.join(', ');
}

/** What a control's text means for its field: a value, or why it is none. Range checks stay with the worker. */
export function readField(
  field: FormField,
  text: string,
):
  | { readonly kind: 'ok'; readonly value: FieldValue }
  | { readonly kind: 'problem'; readonly problem: FieldProblem } {
  if (field.kind === 'choice') return { kind: 'ok', value: text };
  if (field.kind === 'pattern') return { kind: 'ok', value: text.trim().toUpperCase() };
  if (field.kind === 'boolean') return { kind: 'ok', value: text === 'true' };
  const trimmed = text.trim();
  if (trimmed === '' && field.automatic) return { kind: 'ok', value: 0 };
  const value = trimmed === '' ? Number.NaN : Number(trimmed);
  if (!Number.isFinite(value)) {
    return { kind: 'problem', problem: { path: field.path, message: `${field.label} must be a number.` } };
  }
  if (field.kind === 'integer' && !Number.isInteger(value)) {
    return {
      kind: 'problem',
      problem: { path: field.path, message: `${field.label} must be a whole number.` },
    };
  }
  return { kind: 'ok', value };
}
