// The schema's fields: one table that validation, defaults, the page's form and the address are all read from.
import { attentionFields } from './attention.ts';
import { blockFields } from './block.ts';
import { dataFields } from './data.ts';
import { expertFields } from './experts.ts';
import type { Field } from './kinds.ts';
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
