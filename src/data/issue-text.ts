// What is wrong with foreign JSON, in words: one sentence's start from an issue of the schema library.
import * as v from 'valibot';

/**
 * Names the place and the fault, such as `betas.0 should be number, found "a"`; without a full stop.
 * @param whole what to call a fault of no place, such as `the file`
 */
export function issueText(issue: v.BaseIssue<unknown>, whole: string): string {
  const path = v.getDotPath(issue) ?? whole;
  const { type, expected, received } = issue;
  // A key that is not there is expected by its own name, one that is too many as "never".
  if (received === 'undefined' && expected === `"${path.split('.').at(-1)}"`) return `${path} is missing`;
  if (type === 'strict_object' && expected === 'never') return `${path} is not known`;
  if (type === 'min_length') return `${path} has ${received} entries, ${expected} are needed`;
  return `${path} should be ${expected ?? 'there'}, found ${received}`;
}
