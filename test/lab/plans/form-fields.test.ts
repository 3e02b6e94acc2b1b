// The form of the page, as it is read off the table of fields.
import { expect, test } from 'vitest';
import { formFields } from '../../../src/lab/plans/form-fields.ts';

test('the form is plain JSON', () => {
  const form = formFields();
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

test('the form says which choices come with opened files, and are not offered without them', () => {
  const brought = formFields().filter((field) => field.brought !== undefined);
  expect(brought.map(({ path, brought }) => [path, brought])).toEqual([['data.tokenizer', ['model']]]);
});
