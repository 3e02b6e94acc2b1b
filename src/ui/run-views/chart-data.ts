// Turns a run's curve into the columns of the chart: the chosen axis, raw and smoothed training loss, validation.
import type { PlotPoint } from '../../text/plot-layout.ts';
import type { AxisName, RunSeries } from '../state/series.ts';

/** Columns of equal length, ascending in `x`; null where a curve has no point there. */
export interface ChartColumns {
  readonly x: readonly number[];
  readonly raw: readonly (number | null)[];
  readonly smooth: readonly (number | null)[];
  readonly validation: readonly (number | null)[];
}

/** How a chart is to be read. */
export interface ChartOptions {
  readonly axis: AxisName;
  readonly logX: boolean;
  readonly logY: boolean;
  /** Weight of the past in the moving average, from 0 (none) to 0.99. */
  readonly smoothing: number;
}

/**
 * Exponential moving average without the pull towards the start value (Kingma and Ba 2015, bias correction).
 * `stride` steps behind one value make its weight that of as many single ones.
 */
export function smoothValues(values: readonly number[], smoothing: number, stride: number): number[] {
  const keep = smoothing <= 0 ? 0 : Math.min(smoothing, 0.999) ** stride;
  let mean = 0;
  let weight = 0;
  return values.map((value) => {
    if (!Number.isFinite(value)) return value;
    mean = keep * mean + (1 - keep) * value;
    weight = keep * weight + (1 - keep);
    return mean / weight;
  });
}

interface Row {
  readonly x: number;
  raw: number | null;
  smooth: number | null;
  validation: number | null;
}

/** The columns for a chart. With `logX` or `logY` what is not above zero is left out: a true logarithm has no place for it. */
export function chartColumns(series: RunSeries, options: ChartOptions): ChartColumns {
  const { axis, logX, logY } = options;
  const smooth = smoothValues(
    series.points.map(({ loss }) => loss),
    options.smoothing,
    series.stride,
  );
  const visible = (value: number): number | null =>
    Number.isFinite(value) && (!logY || value > 0) ? value : null;
  const rows = new Map<number, Row>();
  series.points.forEach((point, index) => {
    const x = point[axis];
    rows.set(x, {
      x,
      raw: visible(point.loss),
      smooth: visible(smooth[index] ?? Number.NaN),
      validation: null,
    });
  });
  for (const evaluation of series.evaluations) {
    const x = evaluation[axis];
    const row = rows.get(x) ?? { x, raw: null, smooth: null, validation: null };
    row.validation = visible(evaluation.loss);
    rows.set(x, row);
  }
  const sorted = [...rows.values()].filter(({ x }) => !logX || x > 0).sort((a, b) => a.x - b.x);
  return {
    x: sorted.map(({ x }) => x),
    raw: sorted.map(({ raw }) => raw),
    smooth: sorted.map(({ smooth: value }) => value),
    validation: sorted.map(({ validation }) => validation),
  };
}

/** At most `limit` of the given items, evenly spread, the first and the last among them. */
export function thinOut<T>(items: readonly T[], limit: number): readonly T[] {
  if (items.length <= limit) return items;
  if (limit < 2) return items.slice(-limit);
  const chosen: T[] = [];
  for (let index = 0; index < limit; index += 1) {
    const item = items[Math.round((index * (items.length - 1)) / (limit - 1))];
    if (item !== undefined) chosen.push(item);
  }
  return chosen;
}

/** Points of one line at most: neighbouring steps are averaged, because single steps are noise. */
const drawnPoints = 240;

/** Means of neighbours, each at the place of its last. */
export function averaged(points: readonly PlotPoint[]): readonly PlotPoint[] {
  const width = Math.max(1, Math.ceil(points.length / drawnPoints));
  const means: PlotPoint[] = [];
  for (let from = 0; from < points.length; from += width) {
    const part = points.slice(from, from + width);
    const last = part[part.length - 1];
    if (last !== undefined)
      means.push({ x: last.x, y: part.reduce((sum, { y }) => sum + y, 0) / part.length });
  }
  return means;
}
