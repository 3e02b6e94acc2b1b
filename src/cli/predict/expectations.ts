// The part of `flopscope predict --expect`: limit and expectation of every kind of work, side by side and never mixed.

import type { WorkExpectation } from '../../contract/validation.ts';
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
  const all = [['work', 'limit', 'expected', 'rate'], ...rows];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  return all
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('  '),
    )
    .join('\n');
}

function withError(seconds: number, error: number): string {
  return `${formatSi(seconds, 's')} ${formatSpread(error)}`;
}
