// Faults of foreign JSON in words, as the schema library finds them.
import * as v from 'valibot';
import { expect, test } from 'vitest';
import { issueText } from '../../src/data/issue-text.ts';

const schema = v.strictObject({
  name: v.pipe(v.string(), v.nonEmpty()),
  even: v.optional(
    v.pipe(
      v.number(),
      v.check(
        (value) => value % 2 === 0,
        ({ input }) => `${input} is odd`,
      ),
    ),
  ),
  rows: v.optional(v.pipe(v.array(v.number()), v.minLength(1))),
});

test.each([
  [{}, 'name is missing'],
  [{ name: '' }, 'name is empty'],
  [{ name: 'a', other: 1 }, 'other is not known'],
  [{ name: 'a', rows: [] }, 'rows has 0 entries, >=1 are needed'],
  [{ name: 'a', rows: ['x'] }, 'rows.0 should be number, found "x"'],
  [{ name: 'a', rows: ['\u001b[31m'] }, 'rows.0 should be number, found "?[31m"'],
  [{ name: 'a', rows: ['x'.repeat(99)] }, `rows.0 should be number, found "${'x'.repeat(39)}…`],
  [{ name: 'a', even: 3 }, 'even: 3 is odd'],
  [null, 'the file should be Object, found null'],
])('%j is explained', (json, text) => {
  const parsed = v.safeParse(schema, json);
  expect(parsed.issues?.map((issue) => issueText(issue, 'the file'))).toEqual([text]);
});
