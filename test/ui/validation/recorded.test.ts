// The recorded validation as it ships with the page: models of the room's own grid, a prediction beside each time.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { RecordedValidation } from '../../../src/contract/records.ts';
import { validationGrid } from '../../../src/lab/cost/validation-grid.ts';
import { errorsByKind, validationTable } from '../../../src/ui/validation/data.ts';

const shipped = JSON.parse(readFileSync('public/recorded-validation.json', 'utf8')) as RecordedValidation;
const { rows } = shipped;

it('has all work of several models of the small grid, predicted and measured', () => {
  const models = new Set(rows.map(({ name }) => name));
  const wanted = validationGrid('small').filter(({ name }) => models.has(name));
  expect(models.size).toBe(6);
  expect(rows.map(({ name, kind }) => `${name} ${kind}`)).toEqual(
    wanted.flatMap(({ name, kinds }) => kinds.map((kind) => `${name} ${kind}`)),
  );
  for (const { seconds, measuredSeconds, limitSeconds, error } of rows) {
    expect(Math.min(seconds, measuredSeconds, limitSeconds)).toBeGreaterThan(0);
    expect(error).toBeCloseTo(Math.abs(seconds / measuredSeconds - 1), 2);
  }
});

it('shows every kind of work in the figure, and a row for each time', () => {
  expect(errorsByKind(rows).map(({ name }) => name)).toEqual([
    ...['all', 'training step', 'evaluation', 'prefill', 'decoded token'],
  ]);
  const { columns, rows: cells } = validationTable(rows);
  expect(cells).toHaveLength(rows.length);
  for (const row of cells) {
    expect(row).toHaveLength(columns.length);
    expect(row).not.toContain(undefined);
  }
});
