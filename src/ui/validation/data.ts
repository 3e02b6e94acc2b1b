// Predictions held against measurements: the scatter of a validation, its errors, and its table.
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
export function scatterDomain(rows: readonly ValidationRow[]): Interval {
  return domainOf(
    'log',
    rows.flatMap(({ seconds, measuredSeconds }) => [seconds, measuredSeconds]),
    { padding: 0.06 },
  );
}

/** The diagonal with its band as guides, and a series of points for each kind of work. */
export function scatterSeries(rows: readonly ValidationRow[], [low, high]: Interval): readonly PlotSeries[] {
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
