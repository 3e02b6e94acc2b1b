// Points and roofs: rates and shares follow from the rows, and a roof is where calibration put it.
import { describe, expect, it } from 'vitest';
import type { CalibrationReport } from '../../../src/contract/device.ts';
import type { KernelRow, KernelTable } from '../../../src/contract/kernels.ts';
import { movePlace } from '../../../src/text/plot-layout.ts';
import {
  hasPlace,
  isMeasured,
  pointSeries,
  rooflinePoints,
  rooflineTable,
  roofSeries,
} from '../../../src/ui/kernels/roofline-data.ts';
import { near } from '../../near.ts';

const row = (index: number, more: Partial<KernelRow> = {}): KernelRow => ({
  index,
  label: `layer ${index} / qkv`,
  phase: 'forward',
  term: 'qkv',
  layer: index,
  kernel: 'matmul.nn',
  shape: `rows ${index}`,
  workgroups: 1,
  usefulFlops: 4000,
  launchedFlops: 4000,
  bytes: 1000,
  limitSeconds: 1e-3,
  predictedSeconds: 2e-3,
  measuredSeconds: 4e-3,
  boundBy: 'arithmetic',
  ...more,
});

const table: KernelTable = {
  rows: [
    row(0),
    row(1, { usefulFlops: 2000, measuredSeconds: 2e-3 }),
    row(2, { phase: 'backward', kernel: 'sort', term: 'embedding', usefulFlops: 0, limitSeconds: 0 }),
    row(3, { phase: 'update', kernel: 'adamW', term: 'optimizer', measuredSeconds: 8e-3 }),
  ],
  method: 'by hand',
  accumulation: 2,
};

describe('rooflinePoints', () => {
  it('gathers by kernel and phase, and counts micro-batches as often as they run', () => {
    const points = rooflinePoints(table, 'kernel');
    expect(points.map(({ name, phase, seconds }) => [name, phase, seconds])).toEqual([
      ['matmul.nn', 'forward', near(12e-3)],
      ['sort', 'backward', near(8e-3)],
      ['adamW', 'update', near(8e-3)],
    ]);
    const [matmul] = points;
    expect(matmul).toMatchObject({
      flops: 12_000,
      bytes: 4000,
      intensity: 3,
      shape: '2 dispatches, 2 shapes',
    });
    expect(matmul?.flopsPerSecond).toBeCloseTo(1e6, 6);
    expect(matmul?.roofFlopsPerSecond).toBeCloseTo(3e6, 6); // 12 000 flops in twice 2 ms
    expect(matmul?.roofShare).toBeCloseTo(1 / 3, 12);
    expect(points.reduce((sum, { stepShare }) => sum + stepShare, 0)).toBeCloseTo(1, 12);
  });

  it('has a point a dispatch, or a term', () => {
    expect(rooflinePoints(table, 'dispatch')).toHaveLength(4);
    expect(rooflinePoints(table, 'term').map(({ name }) => name)).toEqual(['qkv', 'embedding', 'optimizer']);
  });

  it('takes predictions where nothing was measured, and knows no roof without a calibration', () => {
    const rows = table.rows.map(({ measuredSeconds: _, limitSeconds: __, ...rest }) => rest);
    const predicted = { ...table, rows };
    expect([isMeasured(predicted), isMeasured(table), isMeasured({ ...table, rows: [] })]).toEqual([
      false,
      true,
      false,
    ]);
    const [first] = rooflinePoints(predicted, 'dispatch');
    expect(first).toMatchObject({ seconds: near(4e-3), roofFlopsPerSecond: undefined, roofShare: undefined });
    const bare = rows.map(({ predictedSeconds: _, ...rest }) => rest);
    expect(rooflinePoints({ ...table, rows: bare }, 'kernel')).toEqual([]);
  });
});

describe('the plot', () => {
  it('shows phases in the order of a step, leaves out what has no arithmetic, and puts the ghost behind', () => {
    const points = rooflinePoints(table, 'kernel');
    expect(points.filter((point) => !hasPlace(point)).map(({ name }) => name)).toEqual(['sort']);
    const [ghost, ...phases] = pointSeries(points, points.slice(0, 1));
    expect(ghost).toMatchObject({ id: 'before', sign: 'ring' });
    expect(ghost?.points).toHaveLength(1);
    expect(phases.map(({ name }) => name)).toEqual(['forward', 'optimizer']);
    expect(phases[0]?.points[0]?.detail).toMatch(
      /2 dispatches.*33\.3.%.of its roof.*12\.0.ms, 42\.9.% of the step/,
    );
  });

  it('draws one roof for bandwidths that are nearly the same, each up to its ridge', () => {
    const measured = (value: number) => ({ value, spread: 0, repeats: 3 });
    const calibration = {
      fmaFlopsPerSecond: measured(1e9),
      copyBytesPerSecond: [
        { bytes: 1e4, rate: measured(1e8) },
        { bytes: 1e5, rate: measured(0.9e8) },
        { bytes: 1e6, rate: measured(2e7) },
      ],
    } as unknown as CalibrationReport;
    const roofs = roofSeries(calibration, rooflinePoints(table, 'kernel'));
    expect(roofs.map(({ id }) => id)).toEqual(['peak', 'copy 10000', 'copy 1000000']);
    for (const { id, points, isGuide } of roofs) {
      expect(isGuide).toBe(true);
      if (id === 'peak') continue;
      const [low, ridge] = points;
      expect(ridge?.y).toBe(1e9);
      expect((low?.y ?? 0) / (low?.x ?? 1)).toBeCloseTo((ridge?.y ?? 0) / (ridge?.x ?? 1), 3);
    }
    // Keys reach the points and never a roof.
    const series = [...roofs, ...pointSeries(rooflinePoints(table, 'kernel'))];
    expect(series[movePlace(series, undefined, 'ArrowRight')?.series ?? 0]?.id).toBe('forward');
  });
});

it('the table compares with the profile before, by name and phase', () => {
  const points = rooflinePoints(table, 'kernel');
  const slower = points.map((point) => ({ ...point, seconds: 2 * point.seconds })).slice(0, 2);
  const { columns, rows } = rooflineTable(points, slower);
  const last = columns.findIndex(({ label }) => label === 'Now over before');
  expect(rows.map((cells) => cells[last])).toEqual([near(0.5), near(0.5), undefined]);
  expect(rows.every((cells) => cells.length === columns.length)).toBe(true);
  expect(rooflineTable(points).columns.some(({ label }) => /before/.test(label))).toBe(false);
});
