// The schema's table of fields as the form of the page: the controls that the contract describes.
import type { FormField } from '../../contract/form.ts';
import type { ChoiceField } from '../../model/fields/kinds.ts';
import { fieldsByPath } from '../../model/fields/table.ts';

/** The table as plain JSON for the page. An automatic field allows 0 there. */
export function formFields(): FormField[] {
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
      ...(field.kind === 'choice' ? choicesOf(field) : {}),
      ...(field.kind === 'pattern' ? { letters: field.letters, maximum: field.maximumLength } : {}),
      ...(field.kind === 'integer' || field.kind === 'number'
        ? { minimum: field.automatic ? 0 : field.minimum, maximum: field.maximum }
        : {}),
      ...(field.kind === 'integer' && field.automatic ? { automatic: true } : {}),
    };
  });
}

function choicesOf({ choices, brought }: ChoiceField): Pick<FormField, 'choices' | 'brought'> {
  return { choices, ...(brought === undefined ? {} : { brought }) };
}
