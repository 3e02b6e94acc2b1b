// Tests of the table of fields: that it is consistent, and that the page can be sent it.
import { expect, test } from 'vitest';
import type { FormField } from '../../../src/contract/form.ts';
import { fieldProblem } from '../../../src/model/fields/check.ts';
import type { Field } from '../../../src/model/fields/kinds.ts';
import { experimentFields, fieldsByPath, formFields } from '../../../src/model/fields/table.ts';

test('every path occurs once', () => {
  expect(fieldsByPath.size).toBe(experimentFields.length);
});

test.each([...fieldsByPath.values()].map((field): [string, Field] => [field.path, field]))(
  '%s has a legal default and a sentence of help',
  (_, field) => {
    expect(fieldProblem(field, field.default)).toBeUndefined();
    expect(field.help).toMatch(/^[A-Z0-9].*\.$/);
    expect(field.label.length).toBeLessThan(30);
    if (!field.onlyIf) return;
    const other = fieldsByPath.get(field.onlyIf.path);
    for (const value of field.onlyIf.values) expect(other && fieldProblem(other, value)).toBeUndefined();
    expect(other).toBeDefined();
  },
);

test('the form is plain JSON in the shape of the contract', () => {
  const form: FormField[] = formFields();
  expect(JSON.parse(JSON.stringify(form))).toEqual(form);
  expect(form.find(({ path }) => path === 'model.width')).toMatchObject({
    kind: 'integer',
    minimum: 1,
    maximum: 16384,
    default: 128,
    advanced: false,
    unit: 'channels',
  });
  expect(form.find(({ path }) => path === 'model.hidden')).toMatchObject({
    minimum: 0,
    default: 0,
    advanced: true,
  });
  const following = form.filter(({ automatic }) => automatic).map(({ path }) => path);
  expect(following).toContain('model.expertHidden');
  expect(following).not.toContain('model.sharedExperts'); // 0 is none
});
