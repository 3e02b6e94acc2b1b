// Several recorded runs as the plot and the tables of the comparison want them.
import type { ComparedRun, RunRecord } from '../../contract/records.ts';
import { formatInUnit, formatLoss, formatRatio } from '../../text/numbers.ts';
import type { PlotPoint, PlotSeries, Tone } from '../../text/plot-layout.ts';
import type { FigureTable } from '../../text/table.ts';
import type { AxisName } from '../state/series.ts';
import { averaged } from './chart-data.ts';
import { axisLabels, formatAxisValue } from './plot-options.ts';

/** Colours of the compared runs; there are no more runs than these. */
export const compareTones: readonly Tone[] = ['class-1', 'class-4', 'class-2', 'class-3', 'ink', 'class-5'];

/** What of a run is drawn: it may still be going on. */
type Curve = Pick<RunRecord, 'title' | 'steps' | 'evaluations'>;

/** A curve for each run, and its held-out losses as rings on a dashed line. */
export function compareSeries(records: readonly Curve[], axis: AxisName): readonly PlotSeries[] {
  return records.flatMap(({ title, steps, evaluations }, index) => {
    const tone = compareTones[index % compareTones.length] ?? 'ink';
    const name = title.length > 48 ? `${title.slice(0, 47)}…` : title;
    const named = (point: PlotPoint): PlotPoint => ({ ...point, name });
    const training: PlotSeries = {
      id: `training-${index}`,
      name,
      tone,
      kind: 'line',
      points: averaged(steps.map((step) => ({ x: step[axis], y: step.loss }))).map(named),
    };
    const validation: PlotSeries = {
      id: `validation-${index}`,
      name: `${name}, validation`,
      tone,
      kind: 'both',
      isDashed: true,
      sign: 'ring',
      radius: 3,
      isUnlisted: true,
      points: evaluations.map((one) => named({ x: one[axis], y: one.loss, detail: 'validation' })),
    };
    return evaluations.length > 0 ? [training, validation] : [training];
  });
}

/** The curves as numbers, run after run. */
export function lossTable(records: readonly Curve[], axis: AxisName): FigureTable {
  return {
    columns: [
      { label: 'Run', room: 'medium' },
      { label: axisLabels[axis], format: (value) => formatAxisValue(axis, value) },
      { label: 'Training loss, nats per token', format: formatLoss },
      { label: 'Validation loss', format: formatLoss },
    ],
    rows: records.flatMap(({ title, steps, evaluations }) => [
      ...averaged(steps.map((step) => ({ x: step[axis], y: step.loss }))).map(({ x, y }) => [
        title,
        x,
        y,
        undefined,
      ]),
      ...evaluations.map((one) => [title, one[axis], undefined, one.loss]),
    ]),
  };
}

/** What was predicted beside what was measured, a row for each quantity, three columns for each run. */
export function figureTable(compared: readonly ComparedRun[]): FigureTable {
  const figures = compared[0]?.figures ?? [];
  const format = (value: number, row: number): string => formatInUnit(value, figures[row]?.unit ?? '');
  return {
    columns: [
      { label: 'Quantity' },
      ...compared.flatMap(({ title }, index) => [
        { label: `${index + 1}. ${title}: predicted`, format },
        { label: 'measured', format },
        { label: 'measured ÷ predicted', format: formatRatio },
      ]),
    ],
    rows: figures.map(({ quantity }, row) => [
      quantity,
      ...compared.flatMap((run) => {
        const { predicted, measured } = run.figures[row] ?? {};
        return [predicted, measured, predicted && measured !== undefined ? measured / predicted : undefined];
      }),
    ]),
  };
}

/** In words, for those who do not see the curves. */
export function describeCurves(records: readonly Curve[], axis: AxisName): string {
  const runs = records.map(({ title, steps, evaluations }) => {
    const held = evaluations[evaluations.length - 1];
    const end = held === undefined ? '' : `, validation ${formatLoss(held.loss)}`;
    return `${title}: training loss from ${formatLoss(steps[0]?.loss)} to ${formatLoss(steps[steps.length - 1]?.loss)}${end}`;
  });
  return `Losses of ${records.length} runs by ${axisLabels[axis].toLowerCase()}. ${runs.join('. ')}.`;
}
