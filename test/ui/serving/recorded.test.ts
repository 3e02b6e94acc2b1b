// The recorded batches as they ship with the page: the same batches of the same texts for every format of the weights.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { RecordedServing } from '../../../src/contract/records.ts';
import { sweepRates, sweepsTable, sweepWaits } from '../../../src/ui/serving/data.ts';

const shipped = JSON.parse(readFileSync('public/recorded-serving.json', 'utf8')) as RecordedServing;
const { sweeps, request } = shipped;

it('has one to sixteen texts, with weights in f32 and in int8', () => {
  expect(sweeps.map(({ weights }) => weights)).toEqual(['f32', 'int8']);
  for (const { rows } of sweeps) {
    expect(rows.map(({ batch }) => batch)).toEqual([1, 2, 4, 8, 16]);
    expect(rows.map(({ batch }) => batch)).toEqual(request.batches);
    for (const { measured, prompt, output } of rows) {
      expect([prompt, output]).toEqual([request.prompt, request.output]);
      expect(Math.min(measured?.tokensPerSecond ?? 0, measured?.betweenTokensSeconds ?? 0)).toBeGreaterThan(
        0,
      );
    }
  }
  const [wide, narrow] = sweeps.map(({ rows }) => rows[0]?.weightBytes ?? 0);
  expect(narrow).toBeLessThan((wide ?? 0) / 2);
});

it('draws each format under its name, and tells them apart in the table', () => {
  for (const series of [sweepRates(sweeps), sweepWaits(sweeps)]) {
    const points = series.filter(({ kind }) => kind !== 'line');
    expect(points.map(({ name }) => name)).toEqual(['f32, measured', 'int8, measured']);
    expect(new Set(points.map(({ tone }) => tone)).size).toBe(2);
  }
  const { columns, rows } = sweepsTable(sweeps);
  expect(rows).toHaveLength(10);
  for (const cells of rows) expect(cells).toHaveLength(columns.length);
  expect(new Set(rows.map(([weights]) => weights))).toEqual(new Set(['f32', 'int8']));
});
