// The schema's fields: one table that validation, defaults, the page's form and the address are all read from.
import { attentionFields } from './attention.ts';
import { blockFields } from './block.ts';
import { dataFields } from './data.ts';
import { expertFields } from './experts.ts';
import type { Field, FieldValue } from './kinds.ts';
import { modelFields } from './model.ts';
import { trainFields } from './train.ts';

/** Every field of `{model, train, data}`, in the order of the form. */
export const experimentFields = [
  ...modelFields,
  ...attentionFields,
  ...blockFields,
  ...expertFields,
  ...trainFields,
  ...dataFields,
] as const;

/** Fields by path. A map, so that a path of a stranger's (`__proto__`) finds nothing. */
export const fieldsByPath: ReadonlyMap<string, Field> = new Map(
  experimentFields.map((field): [string, Field] => [field.path, field]),
);

/** One control of a form: the shape that the page is sent (FormField in src/contract/form.ts). */
export interface FormControl {
  readonly path: string;
  readonly label: string;
  readonly help: string;
  readonly unit?: string;
  readonly kind: 'integer' | 'number' | 'choice' | 'boolean' | 'pattern';
  readonly minimum?: number;
  readonly maximum?: number;
  readonly choices?: readonly string[];
  /** Of a pattern. */
  readonly letters?: string;
  readonly default: FieldValue;
  readonly onlyIf?: { readonly path: string; readonly values: readonly FieldValue[] };
  readonly advanced: boolean;
  /** 0 stands for a size that follows from other fields. */
  readonly automatic?: boolean;
}

/** The table as plain JSON for the page. An automatic field allows 0 there. */
export function formFields(): FormControl[] {
  return [...fieldsByPath.values()].map((field) => {
    const { path, label, help, kind, unit, onlyIf } = field;
    return {
      path,
      label,
      help,
      kind,
      default: field.default,
      advanced: field.advanced ?? false,
      ...(unit === undefined ? {} : { unit }),
      ...(onlyIf === undefined ? {} : { onlyIf }),
      ...(field.kind === 'choice' ? { choices: field.choices } : {}),
      ...(field.kind === 'pattern' ? { letters: field.letters, maximum: field.maximumLength } : {}),
      ...(field.kind === 'integer' || field.kind === 'number'
        ? { minimum: field.automatic ? 0 : field.minimum, maximum: field.maximum }
        : {}),
      ...(field.kind === 'integer' && field.automatic ? { automatic: true } : {}),
    };
  });
}
