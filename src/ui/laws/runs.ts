// The runs on display: of a study, of a file or recorded, as points for a fit, as a table and as a plot.
import type { PlannedStudy, StudyRow } from '../../contract/laws.ts';
import { type ChinchillaParameters, predictLoss } from '../../laws/chinchilla-law.ts';
import type { LawReport } from '../../laws/report.ts';
import { countColumn, flopsOf, parameterCounts, type RunPoint, runName } from '../../laws/run-point.ts';
import {
  formatBytes,
  formatCount,
  formatDigits,
  formatLoss,
  formatPower,
  formatSeconds,
  formatShortLoss,
  formatSi,
  formatTick,
} from '../../text/numbers.ts';
import type { PlotAxis, PlotPoint, PlotSeries, Tone } from '../../text/plot-layout.ts';
import type { FigureTable } from '../../text/table.ts';
import { spread } from '../../text/ticks.ts';
import { optimumAt } from './optimum.ts';

/** Runs that ship with the page, with where they are from. */
export interface RecordedRuns {
  readonly id: string;
  readonly title: string;
  readonly source: string;
  readonly points: readonly RunPoint[];
  /** Runs of the highest loss that its authors leave out. */
  readonly leaveOutHighest: number;
}

/** What the room shows runs of. */
export type RunsSource =
  | { readonly kind: 'none' }
  | { readonly kind: 'recorded'; readonly recorded: RecordedRuns }
  | { readonly kind: 'file'; readonly name: string; readonly points: readonly RunPoint[] }
  | { readonly kind: 'study'; readonly plan: PlannedStudy; readonly rows: readonly StudyRow[] };

/** What lies along the plot. */
export type PlotVariable = 'parameters' | 'tokens' | 'flops' | 'learningRate';

/** Finished runs as a fit wants them. */
export function pointsOf(source: RunsSource): readonly RunPoint[] {
  switch (source.kind) {
    case 'none':
      return [];
    case 'recorded':
      return source.recorded.points;
    case 'file':
      return source.points;
    case 'study':
      return studyPoints(source.plan, source.rows);
    default:
      return source satisfies never;
  }
}

function studyPoints({ runs }: PlannedStudy, rows: readonly StudyRow[]): RunPoint[] {
  const losses = new Map(rows.map(({ run, loss }) => [run, loss]));
  return runs.flatMap((planned): RunPoint[] => {
    const loss = losses.get(planned.run);
    if (loss === undefined) return [];
    const { run, parameters, counts, tokens, width, ratio, mlpToAttention, trunk, budget } = planned;
    const { learningRate } = planned;
    const point = {
      run,
      parameters,
      counts,
      tokens,
      loss,
      width,
      ratio,
      mlpToAttention,
      trunk,
      learningRate,
    };
    return [budget === undefined ? point : { ...point, budget }];
  });
}

/** Every run of a study, done or not, with what was predicted and what came. Its CSV is one that fits read. */
export function studyTable(
  { runs }: PlannedStudy,
  rows: readonly StudyRow[],
  current: string | undefined,
): FigureTable {
  const byRun = new Map(rows.map((row) => [row.run, row]));
  const isBudgeted = runs.some(({ budget }) => budget !== undefined);
  return {
    columns: [
      { label: 'run' },
      { label: 'status' },
      { label: 'parameters', format: (value) => formatSi(value) },
      { label: 'tokens', format: (value) => formatSi(value) },
      { label: 'loss', format: formatLoss },
      { label: 'predicted, s', format: formatSeconds },
      { label: 'measured, s', format: formatSeconds },
      { label: 'memory, bytes', format: formatBytes },
      { label: 'plan flops', format: (value) => formatSi(value) },
      { label: 'width', format: formatCount },
      { label: 'ratio', format: formatDigits },
      { label: 'mlpToAttention', format: formatDigits },
      { label: 'layers', format: formatCount },
      { label: 'learningRate', format: formatDigits },
      { label: 'seed', format: String },
      { label: 'steps', format: formatCount },
      { label: 'message', room: 'medium' },
      { label: 'trunk' },
      ...(isBudgeted ? [{ label: 'budget', format: formatPower }] : []),
      ...parameterCounts.map((count) => ({ label: countColumn(count), format: formatCount })),
    ],
    rows: runs.map((planned) => {
      const row = byRun.get(planned.run);
      const status = row?.status ?? (planned.run === current ? 'running' : 'to run');
      return [
        planned.run,
        status,
        planned.parameters,
        planned.tokens,
        row?.loss,
        planned.predictedSeconds,
        row?.seconds,
        planned.predictedBytes,
        planned.flops,
        planned.width,
        planned.ratio,
        planned.mlpToAttention,
        planned.layers,
        planned.learningRate,
        planned.seed,
        planned.steps,
        row?.message,
        planned.trunk,
        ...(isBudgeted ? [planned.budget] : []),
        ...parameterCounts.map((count) => planned.counts[count]),
      ];
    }),
  };
}

/** Runs of a file as they were read. */
export function pointsTable(points: readonly RunPoint[]): FigureTable {
  return {
    columns: [
      { label: 'run' },
      { label: 'parameters', format: formatPower },
      { label: 'tokens', format: formatPower },
      { label: 'loss', format: formatLoss },
      { label: 'flops', format: formatPower },
    ],
    rows: points.map((point, index) => [
      runName(point, index),
      point.parameters,
      point.tokens,
      point.loss,
      flopsOf(point),
    ]),
  };
}

/** How each variable is called, and which of the others tells the series apart. */
const variables: Readonly<
  Record<
    PlotVariable,
    { readonly label: string; readonly by: 'parameters' | 'tokens'; readonly sign: string }
  >
> = {
  parameters: { label: 'parameters N', by: 'tokens', sign: 'D' },
  tokens: { label: 'tokens D', by: 'parameters', sign: 'N' },
  flops: { label: 'flops C', by: 'parameters', sign: 'N' },
  learningRate: { label: 'peak learning rate', by: 'parameters', sign: 'N' },
};

const tones: readonly Tone[] = ['class-1', 'class-2', 'class-3', 'class-4', 'class-5', 'pale-3', 'pale-4'];

/** The colour of the index-th size, from 0. */
export function toneOf(index: number): Tone {
  return tones[index] ?? 'ink';
}

/** Points of a curve of the law. */
const curvePoints = 41;

/** The axis of a variable. */
export function variableAxis(variable: PlotVariable): PlotAxis {
  return { label: variables[variable].label, kind: 'log', format: formatTick, formatValue: formatPower };
}

/** The axis of losses. */
export const lossAxis: PlotAxis = {
  label: 'validation loss, nats per token',
  kind: 'log',
  format: formatShortLoss,
  formatValue: formatLoss,
};

/** Why runs are left out of a fit, by their names. */
export type LeftOut = ReadonlyMap<string, string>;

/** What a fit left out, and what a person did, whose fit may still be to come. */
export function leftOutOf(report: LawReport | undefined, chosen: readonly string[]): LeftOut {
  return new Map([
    ...(report?.leftOut ?? []).flatMap(({ run, reason }) =>
      run === undefined ? [] : [[run, reason] as const],
    ),
    ...chosen.map((name) => [name, 'by choice'] as const),
  ]);
}

/**
 * Runs by size (or by data, where size lies along the plot), with the law's curve of each and its best losses by flops.
 * Those that are left out of the fit are rings.
 */
export function runsSeries(
  points: readonly RunPoint[],
  variable: PlotVariable,
  law: ChinchillaParameters | undefined,
  leftOut: LeftOut = new Map(),
): readonly PlotSeries[] {
  const { by, sign } = variables[variable];
  const radius = points.length > 100 ? 2.5 : 4;
  const names = new Map(points.map((point, index) => [point, runName(point, index)]));
  const place = (point: RunPoint): PlotPoint => {
    const id = names.get(point) ?? '';
    const reason = leftOut.get(id);
    return {
      id,
      x: variableOf(point, variable),
      y: point.loss,
      name: describeRun(point),
      ...(reason === undefined ? {} : { detail: `left out: ${reason}` }),
    };
  };
  const isLeftOut = (point: RunPoint) => leftOut.has(names.get(point) ?? '');
  const groups = groupRuns(points, by);
  const series = groups.map(({ low, high, members }, index): PlotSeries => {
    const name =
      low === high
        ? `${sign} ${formatSi(low)}`.trim()
        : `${sign} ${formatSi(low).trim()} to ${formatSi(high).trim()}`;
    return {
      id: `runs-${index}`,
      name,
      tone: tones[index],
      kind: 'points',
      radius,
      points: members.filter((point) => !isLeftOut(point)).map(place),
    };
  });
  const outside: PlotSeries = {
    id: 'left-out',
    name: 'left out of the fit',
    tone: 'ink',
    kind: 'points',
    sign: 'ring',
    radius,
    points: points.filter(isLeftOut).map(place),
  };
  if (outside.points.length > 0) series.push(outside);
  if (law === undefined || points.length === 0 || variable === 'learningRate') return series;
  const curves = groups
    .filter(({ low, high }) => low === high && variable !== 'flops')
    .map(({ low, members }, index): PlotSeries => {
      const ends = endsOf(members.map((point) => variableOf(point, variable)));
      return {
        id: `law-${index}`,
        name: 'the law',
        tone: tones[index],
        kind: 'line',
        isDashed: true,
        isUnlisted: true,
        isGuide: true,
        points: spread('log', ends, curvePoints).map((x) => ({
          x,
          y: by === 'tokens' ? predictLoss(law, x, low) : predictLoss(law, low, x),
        })),
      };
    });
  return [...(variable === 'flops' ? [frontier(points, law)] : []), ...curves, ...series];
}

/** A run by its size and data. */
export function describeRun({ parameters, tokens }: RunPoint): string {
  return `N ${formatSi(parameters)}, D ${formatSi(tokens)}`;
}

/** The lowest loss that the law has for each budget. */
function frontier(points: readonly RunPoint[], law: ChinchillaParameters): PlotSeries {
  return {
    id: 'frontier',
    name: 'best by the law',
    tone: 'ink',
    kind: 'line',
    isGuide: true,
    points: spread('log', endsOf(points.map(flopsOf)), curvePoints).map((flops) => {
      const { parameters, tokens } = optimumAt(law, flops);
      return { x: flops, y: predictLoss(law, parameters, tokens) };
    }),
  };
}

function variableOf(point: RunPoint, variable: PlotVariable): number {
  return variable === 'flops' ? flopsOf(point) : (point[variable] ?? Number.NaN);
}

function endsOf(values: readonly number[]): readonly [number, number] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return low < high ? [low, high] : [low / 2, high * 2];
}

interface RunGroup {
  readonly low: number;
  readonly high: number;
  readonly members: readonly RunPoint[];
}

/** Runs of one value each, the smallest first; equal parts by count where there are more values than colours. */
function groupRuns(points: readonly RunPoint[], by: 'parameters' | 'tokens'): readonly RunGroup[] {
  const sorted = [...points].sort((a, b) => a[by] - b[by]);
  const distinct = [...new Set(sorted.map((point) => point[by]))];
  if (distinct.length <= tones.length) {
    return distinct.map((value) => ({
      low: value,
      high: value,
      members: sorted.filter((point) => point[by] === value),
    }));
  }
  const parts = 5;
  return Array.from({ length: parts }, (_, part) => {
    const at = (index: number) => Math.round((sorted.length * index) / parts);
    const members = sorted.slice(at(part), at(part + 1));
    return { low: members[0][by], high: members[members.length - 1][by], members };
  });
}
