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
  if (type === 'non_empty') return `${path} is empty`;
  // A check without an expectation has a sentence of its own.
  if (type === 'custom' || expected === null) return `${path}: ${issue.message}`;
  return `${path} should be ${expected}, found ${printable(received)}`;
}

/** What was found, short and without what a terminal would obey. */
function printable(received: string): string {
  const short = received.length > 40 ? `${received.slice(0, 40)}…` : received;
  return short.replace(/[^\x20-\x7e…]/g, '?');
}
