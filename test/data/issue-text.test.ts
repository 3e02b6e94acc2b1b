// Faults of foreign JSON in words, as the schema library finds them.
import * as v from 'valibot';
import { expect, test } from 'vitest';
import { issueText } from '../../src/data/issue-text.ts';

const schema = v.strictObject({
  name: v.string(),
  rows: v.optional(v.pipe(v.array(v.number()), v.minLength(1))),
});

test.each([
  [{}, 'name is missing'],
  [{ name: 'a', other: 1 }, 'other is not known'],
  [{ name: 'a', rows: [] }, 'rows has 0 entries, >=1 are needed'],
  [{ name: 'a', rows: ['x'] }, 'rows.0 should be number, found "x"'],
  [null, 'the file should be Object, found null'],
])('%j is explained', (json, text) => {
  const parsed = v.safeParse(schema, json);
  expect(parsed.issues?.map((issue) => issueText(issue, 'the file'))).toEqual([text]);
});
