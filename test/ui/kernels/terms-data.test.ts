// The term table as text: a formula for every term of theory, and differences with their signs.
import { expect, it } from 'vitest';
import type { TermRow, TermTable } from '../../../src/contract/terms.ts';
import { costTerms } from '../../../src/theory/terms.ts';
import {
  describeNamed,
  formulaLetters,
  reasonsOf,
  termFormulas,
  termsTable,
} from '../../../src/ui/kernels/terms-data.ts';

const none = { dispatches: 0, usefulFlops: 0, launchedFlops: 0, bytes: 0 };
const row = (term: string, more: Partial<TermRow> = {}): TermRow => ({
  ...none,
  term,
  forwardFlops: 10,
  closedFlops: 30,
  activations: 0,
  parameters: 0,
  phases: { forward: none, backward: none, update: none },
  differences: [],
  unexplainedFlops: 0,
  waste: [],
  ...more,
});
const half = { name: 'causal half', flops: -2000, note: 'half.' };
const softmax = { name: 'softmax arithmetic', flops: 3e6, note: 'softmax.' };
const table: TermTable = {
  work: 'training',
  title: 'one step',
  tokens: 4,
  rows: [row('attention', { differences: [half, softmax], usefulFlops: 40 }), row('norm', { waste: [half] })],
  total: row('total', { measuredSeconds: 0.5, measuredShare: 1 }),
};

it('has a formula for every term', () => {
  expect(Object.keys(termFormulas).sort()).toEqual([...costTerms].sort());
});

it('says what each letter of the formulas stands for', () => {
  const letters = Object.values(termFormulas)
    .filter((formula) => /\d/.test(formula))
    .flatMap((formula) => formula.match(/\b\p{L}\b|\d\p{L}/gu) ?? [])
    .map((letter) => letter.slice(-1));
  expect(letters.length).toBeGreaterThan(10);
  for (const letter of letters) expect(formulaLetters).toMatch(new RegExp(`(^|, )${letter} `));
});

it('names differences with their signs, the largest first, and each reason once', () => {
  expect(describeNamed([half, softmax])).toMatch(
    /^softmax arithmetic \+3\.00.MFLOP, causal half −2\.00.kFLOP$/,
  );
  expect(describeNamed([half, softmax], 1)).toMatch(/^softmax arithmetic \+3\.00.MFLOP, 1 more$/);
  expect(describeNamed([])).toBe('');
  expect(reasonsOf(table).map(({ name }) => name)).toEqual(['causal half', 'softmax arithmetic']);
});

it('shows seconds only where there are any, and the total last', () => {
  const timed = termsTable(table);
  const bare = termsTable({ ...table, total: row('total') });
  expect(timed.columns.length - bare.columns.length).toBe(2);
  for (const { columns, rows } of [timed, bare]) {
    expect(rows.every((cells) => cells.length === columns.length)).toBe(true);
  }
  expect(timed.rows.at(-1)?.[0]).toBe('total');
});
