// A report of a fit as the page reads it out.
import { expect, it } from 'vitest';
import { fitLaw } from '../../../src/laws/fit-law.ts';
import { plainSpaces } from '../../../src/text/numbers.ts';
import { describeMisfit, reportTable, residualSeries, residualTable } from '../../../src/ui/laws/report.ts';
import { tinyRuns } from '../../laws/public-points.ts';

const points = tinyRuns('shakespeare');

it('has each number with its interval, and the other method beside it', () => {
  const report = fitLaw(points, { law: 'chinchilla', method: 'variable-projection', bootstrap: 20 });
  const { columns, rows } = reportTable(report);
  expect(columns.map(({ label }) => label)).toEqual([
    'number',
    'value',
    '95 %, low',
    'high',
    'Huber on log L, 4,500 starts',
  ]);
  expect(rows.map(([name]) => name)).toEqual([
    ...['E', 'A', 'B', 'α', 'β', 'a, N* grows as C^a', 'b, D* grows as C^b', 'objective'],
  ]);
  const [, value, low, high, other] = rows[3];
  expect(Number(low)).toBeLessThanOrEqual(Number(value));
  expect(Number(high)).toBeGreaterThanOrEqual(Number(value));
  expect(Number(other)).toBeGreaterThan(0);
  expect(plainSpaces(describeMisfit(report))).toMatch(
    /^\d+ runs fitted\. The law misses by [\d.]+ % rms, [\d.]+ % at worst\. Repeats differ by/,
  );
  expect(residualSeries(report)[0].points).toHaveLength(points.length);
  expect(residualTable(report).rows).toHaveLength(points.length);
});
