// The part of `flopscope predict --expect`: limit and expectation of every kind of work, side by side and never mixed.

import type { WorkExpectation } from '../../contract/validation.ts';
import { textColumns } from '../../text/columns.ts';
import { formatSi, formatSpread } from '../../text/numbers.ts';

/** A table for people: one line for each piece of work. */
export function describeExpectations(expectations: readonly WorkExpectation[]): string {
  const rows = expectations.map(
    ({ kind, what, tokens, limitSeconds, limitError, seconds, relativeError }) => [
      `${kind}, ${what}`,
      withError(limitSeconds, limitError),
      withError(seconds, relativeError),
      formatSi(tokens / seconds, 'tokens/s'),
    ],
  );
  return textColumns([['work', 'limit', 'expected', 'rate'], ...rows], 'numbers');
}

function withError(seconds: number, error: number): string {
  return `${formatSi(seconds, 's')} ${formatSpread(error)}`;
}
