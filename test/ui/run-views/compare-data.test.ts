// Compared runs as plot and tables: real ends, bounded points, units.
import { describe, expect, it } from 'vitest';
import { compareRuns } from '../../../src/lab/records/compare.ts';
import { formatInUnit } from '../../../src/text/numbers.ts';
import { averaged } from '../../../src/ui/run-views/chart-data.ts';
import {
  compareSeries,
  describeCurves,
  figureTable,
  lossTable,
} from '../../../src/ui/run-views/compare-data.ts';
import { exampleRecord } from '../../lab/records/example-record.ts';
import { near } from '../../near.ts';

const records = [exampleRecord(), exampleRecord({ title: 'Another', evaluations: [] })];

describe('compared runs', () => {
  it('have a line each by the chosen axis, and one for held-out losses where there are any', () => {
    const series = compareSeries(records, 'tokens');
    expect(series.map(({ id }) => id)).toEqual(['training-0', 'validation-0', 'training-1']);
    expect(series[0]?.points[0]).toMatchObject({ x: 32, name: 'An example' });
    expect(series[0]?.points.at(-1)?.x).toBe(640);
    expect(series[1]?.tone).toBe(series[0]?.tone);
    expect(series[2]?.tone).not.toBe(series[0]?.tone);
  });

  it('are drawn with few points however long they are', () => {
    const points = Array.from({ length: 10_001 }, (_, index) => ({ x: index, y: index % 2 }));
    const drawn = averaged(points);
    expect(drawn.length).toBeLessThanOrEqual(240);
    expect(drawn.at(-1)?.x).toBe(10_000);
    for (const { y } of drawn.slice(0, -1)) expect(y).toBeCloseTo(0.5, 1);
  });

  it('stand in one table run after run', () => {
    const { columns, rows } = lossTable(records, 'step');
    expect(rows).toHaveLength(20 + 2 + 20);
    for (const row of rows) expect(row).toHaveLength(columns.length);
    expect(rows.at(-1)?.slice(0, 2)).toEqual(['Another', 20]);
  });

  it('have three columns each for what was predicted, measured and their ratio', () => {
    const { columns, rows } = figureTable(compareRuns(records));
    expect(columns).toHaveLength(7);
    const seconds = rows.findIndex(([name]) => name === 'seconds per step');
    const [, predicted, measured, ratio] = rows[seconds] ?? [];
    expect([predicted, measured, ratio]).toEqual([near(0.008), near(0.01), near(1.25)]);
    expect(columns[1]?.format?.(0.008, seconds)).toMatch(/^8\.00.ms$/);
  });

  it('write every unit that a comparison has', () => {
    const units = new Set(compareRuns(records).flatMap(({ figures }) => figures.map(({ unit }) => unit)));
    for (const unit of units) expect(formatInUnit(12.5, unit), unit).toMatch(/\d/);
  });

  it('are described in words', () => {
    expect(describeCurves(records, 'step')).toMatch(
      /^Losses of 2 runs by step\. An example: .*validation 2\.5000/,
    );
    expect(describeCurves([exampleRecord({ steps: [], evaluations: [] })], 'step')).toContain('–');
  });
});
