// Kernels of a step as points under the device's roof: intensity, speed, and how far from the roof they are.
//
// Williams, Waterman and Patterson, "Roofline: an insightful visual performance model", CACM 52(4), 2009.

import type { CalibrationReport } from '../../contract/device.ts';
import type { KernelRow, KernelTable } from '../../contract/kernels.ts';
import {
  formatBytes,
  formatDigits,
  formatPercent,
  formatRatio,
  formatSeconds,
  formatSi,
} from '../../text/numbers.ts';
import type { PlotPoint, PlotSeries, Tone } from '../../text/plot-layout.ts';
import type { FigureTable } from '../../text/table.ts';
import { phaseName } from '../run-views/kernel-data.ts';

/** What one point stands for. */
export type RooflineGrouping = 'kernel' | 'term' | 'dispatch';

/** One point: a dispatch, or dispatches of one phase taken together. */
export interface RooflinePoint {
  readonly name: string;
  readonly phase: string;
  /** The shape, or how many there are. */
  readonly shape: string;
  /** Of one step, as are bytes and seconds: micro-batches count as often as they run. */
  readonly flops: number;
  readonly bytes: number;
  readonly seconds: number;
  /** Flops per byte. */
  readonly intensity: number;
  readonly flopsPerSecond: number;
  /** The roof over this point, and the point over it; undefined as long as the device is not calibrated. */
  readonly roofFlopsPerSecond: number | undefined;
  readonly roofShare: number | undefined;
  readonly stepShare: number;
}

const tones: Readonly<Record<string, Tone>> = {
  forward: 'class-1',
  backward: 'class-2',
  update: 'class-4',
};

/** Whether every row was timed. */
export function isMeasured({ rows }: KernelTable): boolean {
  return rows.length > 0 && rows.every(({ measuredSeconds }) => measuredSeconds !== undefined);
}

/** Seconds of a row: measured where the table is, else predicted. */
export function secondsOf(row: KernelRow): number | undefined {
  return row.measuredSeconds ?? row.predictedSeconds;
}

/** How often a row runs in one step. */
export function timesPerStep({ phase }: KernelRow, { accumulation = 1 }: KernelTable): number {
  return phase === 'update' ? 1 : accumulation;
}

function nameOf(row: KernelRow, grouping: RooflineGrouping): string {
  switch (grouping) {
    case 'kernel':
      return row.kernel;
    case 'term':
      return row.term ?? 'other';
    case 'dispatch':
      return row.label;
    default:
      return grouping satisfies never;
  }
}

/** The points of a table, what takes longest first. Rows without a time are left out. */
export function rooflinePoints(table: KernelTable, grouping: RooflineGrouping): readonly RooflinePoint[] {
  const gathered = new Map<string, KernelRow[]>();
  for (const row of table.rows) {
    if (secondsOf(row) === undefined) continue;
    const key = `${row.phase} ${grouping === 'dispatch' ? row.index : nameOf(row, grouping)}`;
    const group = gathered.get(key);
    if (group) group.push(row);
    else gathered.set(key, [row]);
  }
  const sum = (rows: readonly KernelRow[], read: (row: KernelRow) => number): number =>
    rows.reduce((total, row) => total + timesPerStep(row, table) * read(row), 0);
  const whole = sum([...gathered.values()].flat(), (row) => secondsOf(row) ?? 0);
  return [...gathered.values()]
    .map((rows): RooflinePoint => {
      const [first] = rows;
      const shapes = new Set(rows.map(({ shape }) => shape));
      const flops = sum(rows, (row) => row.usefulFlops);
      const bytes = sum(rows, (row) => row.bytes);
      const seconds = sum(rows, (row) => secondsOf(row) ?? 0);
      const limit = rows.every(({ limitSeconds }) => limitSeconds !== undefined)
        ? sum(rows, (row) => row.limitSeconds ?? 0)
        : undefined;
      return {
        name: first === undefined ? '' : nameOf(first, grouping),
        phase: first?.phase ?? '',
        shape: shapes.size === 1 ? (first?.shape ?? '') : `${rows.length} dispatches, ${shapes.size} shapes`,
        flops,
        bytes,
        seconds,
        intensity: bytes > 0 ? flops / bytes : 0,
        flopsPerSecond: seconds > 0 ? flops / seconds : 0,
        roofFlopsPerSecond: limit === undefined || limit <= 0 ? undefined : flops / limit,
        roofShare: limit === undefined || seconds <= 0 ? undefined : limit / seconds,
        stepShare: whole > 0 ? seconds / whole : 0,
      };
    })
    .sort((a, b) => b.seconds - a.seconds);
}

/** Whether a point has a place on logarithmic axes: one without arithmetic has none. */
export function hasPlace({ intensity, flopsPerSecond }: RooflinePoint): boolean {
  return intensity > 0 && flopsPerSecond > 0;
}

/** Points of all phases as series; those of `before` as rings behind them. */
export function pointSeries(
  points: readonly RooflinePoint[],
  before: readonly RooflinePoint[] = [],
): readonly PlotSeries[] {
  const placed = points.filter(hasPlace);
  const phases = [...new Set(placed.map(({ phase }) => phase))].sort(
    (a, b) => Object.keys(tones).indexOf(a) - Object.keys(tones).indexOf(b),
  );
  const ghost: PlotSeries = {
    id: 'before',
    name: 'before',
    tone: 'floor',
    kind: 'points',
    sign: 'ring',
    points: before.filter(hasPlace).map((point) => plotPoint(point)),
  };
  return [
    ghost,
    ...phases.map((phase): PlotSeries => {
      const own = placed.filter((point) => point.phase === phase);
      return {
        id: phase,
        name: phaseName(phase),
        tone: tones[phase] ?? 'class-5',
        kind: 'points',
        radius: 5,
        points: own.map(plotPoint),
      };
    }),
  ];
}

function plotPoint(point: RooflinePoint): PlotPoint {
  const { name, shape, roofShare, stepShare, seconds } = point;
  const roof = roofShare === undefined ? [] : [`${formatPercent(roofShare)} of its roof`];
  const detail = [shape, ...roof, `${formatSeconds(seconds)}, ${formatPercent(stepShare)} of the step`];
  return { x: point.intensity, y: point.flopsPerSecond, name, detail: detail.join(' · ') };
}

/** Two roofs closer than this factor are drawn as one. */
const distinctFactor = 1.25;

/** The roofs: a slope for every bandwidth that differs from its neighbours, and the peak of multiply-adds above them. */
export function roofSeries(
  { fmaFlopsPerSecond, copyBytesPerSecond }: CalibrationReport,
  points: readonly RooflinePoint[],
): readonly PlotSeries[] {
  const peak = fmaFlopsPerSecond.value;
  const placed = points.filter(hasPlace).map(({ intensity }) => intensity);
  const slopes = [...copyBytesPerSecond].sort((a, b) => b.rate.value - a.rate.value);
  const [fastest] = slopes;
  if (fastest === undefined) return [];
  const ridges = slopes.map(({ rate }) => peak / rate.value);
  const low = Math.min(...placed, ...ridges) / 2;
  const high = 2 * Math.max(...placed, ...ridges);
  const kept = slopes.filter(
    ({ rate }, index) => index === 0 || (slopes[index - 1]?.rate.value ?? 0) > distinctFactor * rate.value,
  );
  return [
    {
      id: 'peak',
      name: `multiply-add peak, ${formatSi(peak, 'FLOP/s')}`,
      tone: 'ink',
      kind: 'line',
      isGuide: true,
      points: [
        { x: peak / fastest.rate.value, y: peak },
        { x: high, y: peak },
      ],
    },
    ...kept.map(
      ({ bytes, rate }, index): PlotSeries => ({
        id: `copy ${bytes}`,
        name: `copy of ${formatBytes(bytes)}, ${formatSi(rate.value, 'B/s')}`,
        tone: index === 0 ? 'ink' : 'floor',
        kind: 'line',
        isDashed: index > 0,
        isGuide: true,
        points: [
          { x: low, y: low * rate.value },
          { x: peak / rate.value, y: peak },
        ],
      }),
    ),
  ];
}

/** The figures behind the points, with those of an earlier profile beside them. */
export function rooflineTable(
  points: readonly RooflinePoint[],
  before: readonly RooflinePoint[] = [],
): FigureTable {
  const earlier = new Map(before.map((point) => [`${point.phase} ${point.name}`, point]));
  const compared = before.length > 0;
  const perByte = (value: number): string => formatDigits(value);
  return {
    columns: [
      { label: 'Kernel', term: 'kernel' },
      { label: 'Phase' },
      { label: 'Shape' },
      { label: 'Intensity (FLOP/B)', term: 'arithmetic-intensity', format: perByte },
      { label: 'Speed (FLOP/s)', format: (value) => formatSi(value, 'FLOP/s') },
      { label: 'Roof (FLOP/s)', term: 'limit', format: (value) => formatSi(value, 'FLOP/s') },
      { label: 'Of the roof', format: formatPercent },
      { label: 'Time (s)', format: formatSeconds },
      { label: 'Of the step', format: formatPercent },
      ...(compared
        ? [
            { label: 'Time before (s)', format: formatSeconds },
            { label: 'Now over before', format: formatRatio },
          ]
        : []),
    ],
    rows: points.map((point) => {
      const old = earlier.get(`${point.phase} ${point.name}`);
      return [
        ...[point.name, phaseName(point.phase), point.shape, point.intensity, point.flopsPerSecond],
        ...[point.roofFlopsPerSecond, point.roofShare, point.seconds, point.stepShare],
        ...(compared ? [old?.seconds, old && old.seconds > 0 ? point.seconds / old.seconds : undefined] : []),
      ];
    }),
  };
}
