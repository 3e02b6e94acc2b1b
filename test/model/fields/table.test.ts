// Tests of the table of fields: that it is consistent.
import { expect, test } from 'vitest';
import { fieldProblem } from '../../../src/model/fields/check.ts';
import type { Field } from '../../../src/model/fields/kinds.ts';
import { experimentFields, fieldsByPath } from '../../../src/model/fields/table.ts';

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
