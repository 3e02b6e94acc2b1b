// Predictions held against measurements: the scatter of a validation, its errors, and its table.
import type { RunRecord } from '../../contract/records.ts';
import type { ValidationRow, WorkKind } from '../../contract/validation.ts';
import { formatPercent, formatRatio, formatSeconds, formatSpread } from '../../text/numbers.ts';
import type { PlotSeries, Sign, Tone } from '../../text/plot-layout.ts';
import type { FigureTable } from '../../text/table.ts';
import { domainOf, type Interval } from '../../text/ticks.ts';

/** How each kind of work is called and drawn. */
export const workKinds: Readonly<
  Record<WorkKind, { readonly name: string; readonly tone: Tone; readonly sign: Sign }>
> = {
  training: { name: 'training step', tone: 'class-1', sign: 'circle' },
  evaluation: { name: 'evaluation', tone: 'class-2', sign: 'square' },
  prefill: { name: 'prefill', tone: 'class-4', sign: 'diamond' },
  decode: { name: 'decoded token', tone: 'class-3', sign: 'circle' },
};

/** Half-width of the band around the diagonal. */
export const band = 0.25;

/** The p-th quantile, linear between the two nearest; undefined of none. */
export function quantile(values: readonly number[], p: number): number | undefined {
  if (values.length === 0) return undefined;
  const sorted = [...values].sort((a, b) => a - b);
  const place = p * (sorted.length - 1);
  const low = sorted[Math.floor(place)] ?? 0;
  const high = sorted[Math.ceil(place)] ?? low;
  return low + (high - low) * (place - Math.floor(place));
}

/** One domain for both axes, so that the diagonal is one. */
export function scatterDomain(rows: readonly Pick<ValidationRow, 'seconds' | 'measuredSeconds'>[]): Interval {
  return domainOf(
    'log',
    rows.flatMap(({ seconds, measuredSeconds }) => [seconds, measuredSeconds]),
    { padding: 0.06 },
  );
}

/** The diagonal with its band. */
function guides([low, high]: Interval): readonly PlotSeries[] {
  const line = (id: string, name: string, factor: number): PlotSeries => ({
    id,
    name,
    tone: factor === 1 ? 'ink' : 'floor',
    kind: 'line',
    isDashed: factor !== 1,
    isUnlisted: factor < 1,
    isGuide: true,
    points: [
      { x: low, y: low * factor },
      { x: high, y: high * factor },
    ],
  });
  const percent = formatPercent(band).replace('.0', '');
  return [
    line('equal', 'as predicted', 1),
    line('above', `± ${percent}`, 1 + band),
    line('below', `− ${percent}`, 1 - band),
  ];
}

/** The diagonal with its band as guides, and a series of points for each kind of work. */
export function scatterSeries(rows: readonly ValidationRow[], domain: Interval): readonly PlotSeries[] {
  return [
    ...guides(domain),
    ...Object.entries(workKinds).map(
      ([kind, { name, tone, sign }]): PlotSeries => ({
        id: kind,
        name,
        tone,
        sign,
        kind: 'points',
        points: rows
          .filter((row) => row.kind === kind)
          .map(({ name: model, what, seconds, measuredSeconds, measuredSpread, error, limitSeconds }) => ({
            x: seconds,
            y: measuredSeconds,
            name: model,
            range: [
              measuredSeconds * (1 - Math.min(measuredSpread, 0.9)),
              measuredSeconds * (1 + measuredSpread),
            ],
            detail: `${what} · off by ${formatPercent(error)} · limit ${formatSeconds(limitSeconds)}`,
          })),
      }),
    ),
  ];
}

/** Median and 90th percentile of the errors, of all rows and of each kind that occurs. */
export function errorsByKind(rows: readonly ValidationRow[]): readonly {
  readonly name: string;
  readonly count: number;
  readonly median: number;
  readonly ninetieth: number;
}[] {
  const of = (name: string, chosen: readonly ValidationRow[]) => {
    const errors = chosen.map(({ error }) => error);
    const [median, ninetieth] = [quantile(errors, 0.5), quantile(errors, 0.9)];
    return median === undefined || ninetieth === undefined
      ? []
      : [{ name, count: errors.length, median, ninetieth }];
  };
  return [
    ...of('all', rows),
    ...Object.entries(workKinds).flatMap(([kind, { name }]) =>
      of(
        name,
        rows.filter((row) => row.kind === kind),
      ),
    ),
  ];
}

/** Every row with its limit, its prediction, its measurement and what stays unexplained. */
export function validationTable(rows: readonly ValidationRow[]): FigureTable {
  return {
    columns: [
      { label: 'Model' },
      { label: 'Work' },
      { label: 'Limit (s)', format: formatSeconds },
      { label: 'Predicted (s)', format: formatSeconds },
      { label: 'Expected error', format: formatSpread },
      { label: 'Measured (s)', format: formatSeconds },
      { label: 'Spread', format: formatSpread },
      { label: 'Measured over predicted', format: formatRatio },
      { label: 'Off by', format: formatPercent },
      { label: 'Unexplained', format: formatPercent },
    ],
    rows: rows.map((row) => [
      ...[row.name, row.what, row.limitSeconds, row.seconds, row.relativeError],
      ...[row.measuredSeconds, row.measuredSpread, row.measuredSeconds / row.seconds],
      ...[row.error, row.waterfall.unexplained / row.measuredSeconds],
    ]),
  };
}

/** A kernel of a recorded step, or the step as a whole, predicted and measured. */
export interface RecordedTime {
  readonly name: string;
  readonly phase: string;
  readonly seconds: number;
  readonly measuredSeconds: number;
}

/** What a recorded run was predicted and measured to take: every kernel of its step, then the step; none where it lacks either. */
export function recordedTimes({ kernelTable, timing }: RunRecord): readonly RecordedTime[] {
  const kernels = (kernelTable?.rows ?? []).flatMap(
    ({ label, kernel, phase, predictedSeconds, measuredSeconds }) =>
      predictedSeconds === undefined || measuredSeconds === undefined
        ? []
        : [{ name: `${label}, ${kernel}`, phase, seconds: predictedSeconds, measuredSeconds }],
  );
  const seconds = timing?.predictedSeconds;
  if (kernels.length === 0 || timing === undefined || seconds === undefined) return kernels;
  return [
    ...kernels,
    { name: 'the whole step', phase: 'step', seconds, measuredSeconds: timing.stepSeconds },
  ];
}

const recordedTones: Readonly<Record<string, Tone>> = {
  forward: 'class-1',
  backward: 'class-2',
  update: 'class-4',
  step: 'ink',
};

/** The diagonal with its band, and points for the kernels of each phase. */
export function recordedSeries(times: readonly RecordedTime[], domain: Interval): readonly PlotSeries[] {
  const phases = [...new Set(times.map(({ phase }) => phase))];
  return [
    ...guides(domain),
    ...phases.map(
      (phase): PlotSeries => ({
        id: phase,
        name: phase === 'step' ? 'the whole step' : phase,
        tone: recordedTones[phase] ?? 'class-3',
        ...(phase === 'step' ? { sign: 'square' } : {}),
        kind: 'points',
        points: times
          .filter((time) => time.phase === phase)
          .map(({ name, seconds, measuredSeconds }) => ({ x: seconds, y: measuredSeconds, name })),
      }),
    ),
  ];
}

/** Recorded times as rows. */
export function recordedTable(times: readonly RecordedTime[]): FigureTable {
  return {
    columns: [
      { label: 'Work' },
      { label: 'Phase' },
      { label: 'Predicted (s)', format: formatSeconds },
      { label: 'Measured (s)', format: formatSeconds },
      { label: 'Measured over predicted', format: formatRatio },
    ],
    rows: times.map(({ name, phase, seconds, measuredSeconds }) => [
      ...[name, phase, seconds, measuredSeconds, measuredSeconds / seconds],
    ]),
  };
}
