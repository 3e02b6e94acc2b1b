// The scatter of a validation: one domain for both axes, guides that keys never reach, errors by kind of work.
import { describe, expect, it } from 'vitest';
import type { ValidationRow, WorkKind } from '../../../src/contract/validation.ts';
import { movePlace } from '../../../src/text/plot-layout.ts';
import {
  errorsByKind,
  quantile,
  recordedSeries,
  recordedTable,
  recordedTimes,
  scatterDomain,
  scatterSeries,
  validationTable,
} from '../../../src/ui/validation/data.ts';
import { exampleRecord } from '../../lab/records/example-record.ts';
import { near } from '../../near.ts';

const row = (kind: WorkKind, seconds: number, measuredSeconds: number): ValidationRow => ({
  kind,
  name: 'gpt L2 C80',
  what: 'a step',
  tokens: 100,
  usefulFlops: 1e9,
  paceRatio: 1,
  limitSeconds: seconds / 2,
  limitError: 0.02,
  seconds,
  relativeError: 0.1,
  measuredSeconds,
  measuredSpread: 0.05,
  repeats: 9,
  error: Math.abs(seconds / measuredSeconds - 1),
  waterfall: {
    ...{ arithmeticAtPeak: 0, bandwidthExcess: 0, tileAndOccupancy: 0, launches: 0, hostAndQueue: 0 },
    unexplained: measuredSeconds - seconds,
    measured: measuredSeconds,
  },
});
const rows = [row('training', 0.1, 0.125), row('training', 0.2, 0.2), row('decode', 0.001, 0.002)];

it('quantiles lie between the nearest values, and there is none of nothing', () => {
  expect(quantile([3, 1, 2], 0.5)).toBe(2);
  expect(quantile([0, 10], 0.9)).toBeCloseTo(9, 12);
  expect(quantile([7], 0.9)).toBe(7);
  expect(quantile([], 0.5)).toBeUndefined();
});

describe('the scatter', () => {
  it('has the same domain on both axes, around all times', () => {
    const [low, high] = scatterDomain(rows);
    expect(low).toBeLessThan(0.001);
    expect(high).toBeGreaterThan(0.2);
  });

  it('draws the diagonal, the band, and a series for each kind of work with its spread', () => {
    const series = scatterSeries(rows, scatterDomain(rows));
    const [equal, above, below] = series;
    for (const [line, factor] of [
      [equal, 1],
      [above, 1.25],
      [below, 0.75],
    ] as const) {
      for (const { x, y } of line?.points ?? []) expect(y / x).toBeCloseTo(factor, 12);
      expect(line?.isGuide).toBe(true);
    }
    const training = series.find(({ id }) => id === 'training');
    expect(training?.points).toHaveLength(2);
    expect(training?.points[0]).toMatchObject({ x: near(0.1), y: near(0.125), name: 'gpt L2 C80' });
    expect(training?.points[0]?.range?.[1]).toBeCloseTo(0.13125, 12);
    expect(training?.points[0]?.detail).toMatch(/off by 20\.0.%/);
    expect(series[movePlace(series, undefined, 'ArrowRight')?.series ?? 0]?.id).toBe('training');
  });
});

it('errors are summed up over all rows and over each kind that occurs', () => {
  expect(errorsByKind(rows).map(({ name, count }) => [name, count])).toEqual([
    ['all', 3],
    ['training step', 2],
    ['decoded token', 1],
  ]);
  expect(errorsByKind(rows)[0]?.median).toBeCloseTo(0.2, 12);
  expect(errorsByKind([])).toEqual([]);
});

it('the table has the ratio and what stays unexplained', () => {
  const { columns, rows: lines } = validationTable(rows);
  const at = (label: string): number => columns.findIndex((column) => column.label === label);
  expect(lines[0]?.[at('Measured over predicted')]).toBeCloseTo(1.25, 12);
  expect(lines[0]?.[at('Unexplained')]).toBeCloseTo(0.2, 12);
  expect(lines.every((cells) => cells.length === columns.length)).toBe(true);
});

it('a recorded run has the kernels that were predicted and measured, then its step', () => {
  const kernel = {
    shape: '[1]',
    workgroups: 1,
    usefulFlops: 1,
    launchedFlops: 1,
    bytes: 1,
    boundBy: 'launch',
  } as const;
  const rows = [
    {
      ...kernel,
      index: 0,
      label: 'head',
      phase: 'forward',
      kernel: 'matmul',
      predictedSeconds: 2,
      measuredSeconds: 3,
    },
    { ...kernel, index: 1, label: 'loss', phase: 'backward', kernel: 'sum', predictedSeconds: 2 },
  ];
  const timing = { encodeSeconds: 1, gpuSeconds: 1, readbackSeconds: 1, stepSeconds: 4, predictedSeconds: 5 };
  const times = recordedTimes(exampleRecord({ kernelTable: { rows, method: 'a clock' }, timing }));
  expect(times.map(({ name }) => name)).toEqual(['head, matmul', 'the whole step']);
  const domain = scatterDomain(times);
  const points = recordedSeries(times, domain).filter(({ isGuide }) => isGuide !== true);
  expect(points.map(({ id, points: { length } }) => [id, length])).toEqual([
    ['forward', 1],
    ['step', 1],
  ]);
  expect(recordedTable(times).rows[1]?.[4]).toEqual(near(0.8));
});
