// The table of compared models, and which presets are chosen.
import { expect, it } from 'vitest';
import { comparisonTable, expectedDuration, toggled } from '../../../src/ui/compare/data.ts';
import { near } from '../../near.ts';
import { fakeMatch } from '../page/fake-comparison.ts';

const models = ['nano', 'small-llama'].map(fakeMatch);

it('the table has a row a model, with what was changed of it', () => {
  const { columns, rows } = comparisonTable(models);
  expect(rows.map((row) => row.length)).toEqual([columns.length, columns.length]);
  expect(rows[0]?.[1]).toBe('nothing: the others are sized to it');
  expect(rows[1]?.[1]).toBe('width 96 → 104, hidden 256 → 270');
  expect(rows[1]?.slice(2)).toEqual([900_000, 450_000, 3_000_000, near(1.004), undefined]);
  const ratio = columns.find(({ label }) => label === 'Over the first');
  expect(ratio?.format?.(1.004, 1)).toMatch(/1\.00/);
});

it('the duration is that of all steps, and unknown as long as one model has no prediction', () => {
  expect(expectedDuration(models)).toBe('–');
  expect(expectedDuration(models.map((model) => ({ ...model, secondsPerStep: 0.06 })))).toMatch(/^1\smin/);
});

it('choosing again takes a preset out, and the first chosen stays first', () => {
  expect(toggled([], 'a')).toEqual(['a']);
  expect(toggled(['a', 'b'], 'c')).toEqual(['a', 'b', 'c']);
  expect(toggled(['a', 'b', 'c'], 'a')).toEqual(['b', 'c']);
});
