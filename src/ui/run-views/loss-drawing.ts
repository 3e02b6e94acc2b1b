// The loss chart as a plot that can be saved: the same points and floors, drawn as the page's other figures are.

import type { LossFloors } from '../../contract/runs.ts';
import type { PlotAxis, PlotPoint, PlotRule, PlotSeries } from '../../text/plot-layout.ts';
import { rounded } from '../../text/rounding.ts';
import type { ChartColumns, ChartOptions } from './chart-data.ts';
import { type Ghost, ghostPoints } from './ghosts.ts';
import { axisLabels, formatAxisValue } from './plot-options.ts';

/** What `<svg-plot>` takes. */
export interface LossDrawing {
  readonly x: PlotAxis;
  readonly y: PlotAxis;
  readonly series: readonly PlotSeries[];
  readonly rules: readonly PlotRule[];
  readonly plotHeight: number;
}

/** The drawing of these columns; smoothed training as a line, held-out losses as a line with points. */
export function lossDrawing(
  { x, smooth, validation }: ChartColumns,
  { axis, logX, logY }: ChartOptions,
  floors: LossFloors | undefined,
  ghosts: readonly Ghost[] = [],
): LossDrawing {
  const points = (values: readonly (number | null)[]): PlotPoint[] =>
    values.flatMap((y, index) => (y === null ? [] : [{ x: x[index] ?? 0, y }]));
  const training = points(smooth);
  const heldOut = points(validation);
  const top = Math.max(...[...training, ...heldOut].map(({ y }) => y));
  return {
    x: {
      label: axisLabels[axis],
      kind: logX ? 'log' : 'linear',
      format: (value) => formatAxisValue(axis, value),
    },
    y: {
      label: 'loss, nats per token',
      kind: logY ? 'log' : 'linear',
      format: (value) => String(rounded(value, 3)),
    },
    series: [
      ...ghosts.map((ghost): PlotSeries => {
        const { id, title } = ghost;
        return {
          id: `ghost-${id}`,
          name: title,
          tone: 'floor',
          kind: 'line',
          points: ghostPoints(ghost, axis),
        };
      }),
      { id: 'training', name: 'training', tone: 'train', kind: 'line', points: training },
      { id: 'validation', name: 'validation', tone: 'validation', kind: 'both', radius: 3, points: heldOut },
    ],
    rules: Object.entries(floors ?? {}).flatMap(([label, value]) =>
      value <= top ? [{ axis: 'y' as const, value, label }] : [],
    ),
    plotHeight: 420,
  };
}
