// How work, memory and money grow with one size of the model, the others held: lines for log-log plots, and their table.

import { formatCount, formatDollars, formatPower, formatSi, formatTick } from '../../text/numbers.ts';
import type { PlotAxis, PlotRule, PlotSeries, Tone } from '../../text/plot-layout.ts';
import type { FigureTable } from '../../text/table.ts';
import { spread } from '../../text/ticks.ts';
import { pressEconomics } from '../../theory/economics.ts';
import { pressCosts } from '../../theory/press.ts';
import type { PressCaseModel } from '../../theory/press-cases.ts';
import { type CostsInputs, sizeFields, workUnit } from './inputs.ts';

/** Sizes that a plot may run over. */
export const curveAxes = ['context', 'width', 'layers'] as const;
/** One of `curveAxes`. */
export type CurveAxis = (typeof curveAxes)[number];

/** One plot with everything that is said of it. */
export interface CostPlot {
  readonly id: 'work' | 'memory' | 'dollars';
  readonly heading: string;
  readonly description: string;
  readonly x: PlotAxis;
  readonly y: PlotAxis;
  readonly series: readonly PlotSeries[];
  readonly rules: readonly PlotRule[];
  readonly table: FigureTable;
}

/** A curve: a quantity of a model of any size. */
interface Curve {
  readonly name: string;
  readonly tone: Tone;
  readonly isDashed?: boolean;
  readonly value: (model: PressCaseModel) => number;
}

const pointCount = 49;

/** The three plots over one size. The model's own size is a rule and a point of every line. */
export function costPlots(inputs: CostsInputs, axis: CurveAxis): readonly CostPlot[] {
  const { assumptions, counting, bytesPerValue } = inputs;
  const price = (multiplyAdds: number): number => pressEconomics(multiplyAdds, assumptions).dollars;
  const costs = (model: PressCaseModel) => pressCosts(model, assumptions.tokensPerParameter);
  const work: readonly Curve[] = [
    { name: 'forward, full context', tone: 'ink', value: (m) => costs(m).forwardMultiplyAdds * counting },
    {
      name: 'its matrices',
      tone: 'class-4',
      isDashed: true,
      value: (m) => 12 * m.layers * m.context * m.width ** 2 * counting,
    },
    {
      name: 'its attention',
      tone: 'class-2',
      isDashed: true,
      value: (m) => 2 * m.layers * m.context ** 2 * m.width * counting,
    },
    {
      name: 'its head',
      tone: 'class-3',
      isDashed: true,
      value: (m) => m.context * m.width * m.vocabulary * counting,
    },
    { name: 'decode one token', tone: 'class-1', value: (m) => costs(m).incrementalMultiplyAdds * counting },
  ];
  const memory: readonly Curve[] = [
    { name: 'parameters', tone: 'class-4', value: (m) => costs(m).parameters * bytesPerValue },
    { name: 'activations', tone: 'class-1', value: (m) => costs(m).activations * bytesPerValue },
    { name: 'key and value cache', tone: 'class-2', value: (m) => costs(m).cache * bytesPerValue },
  ];
  const money: readonly Curve[] = [
    { name: 'training (eq. 6)', tone: 'ink', value: (m) => price(costs(m).trainingMultiplyAdds) },
    {
      name: 'a million tokens decoded',
      tone: 'class-1',
      value: (m) => 1e6 * price(costs(m).incrementalMultiplyAdds),
    },
  ];
  const draw = plotter(inputs.model, axis);
  return [
    draw('work', 'Work', workUnit(counting), work, formatPower, (value) => formatTick(value, 1e6)),
    draw(
      'memory',
      'Memory',
      `bytes, ${bytesPerValue} a value`,
      memory,
      (value) => formatSi(value, 'B'),
      formatTick,
    ),
    draw('dollars', 'Money', 'US dollars, capital', money, formatDollars, (value) => `$${formatTick(value)}`),
  ];
}

function plotter(model: PressCaseModel, axis: CurveAxis) {
  const field = sizeFields.find(({ key }) => key === axis);
  if (field === undefined) throw new Error(`costs: no slider for ${axis}.`);
  const now = model[axis];
  const xLabel = `${field.label.toLowerCase()} ${field.letter}${field.unit === '' ? '' : `, ${field.unit}`}`;
  const ends = [Math.min(field.low, now), Math.max(field.high, now)] as const;
  // The present size is a point of its own, so that the keyboard and the table reach it exactly.
  const sizes = [...new Set([...spread('log', ends, pointCount), now])].sort((a, b) => a - b);
  return (
    id: CostPlot['id'],
    heading: string,
    unit: string,
    curves: readonly Curve[],
    format: (value: number) => string,
    tick: (value: number) => string,
  ): CostPlot => {
    const series = curves.flatMap(({ name, tone, isDashed = false, value }): PlotSeries[] => {
      const points = sizes.map((size) => ({ x: size, y: value({ ...model, [axis]: size }) }));
      const present = { x: now, y: value(model), name: 'this model' };
      return [
        { id: name, name, tone, kind: 'line', isDashed, points },
        {
          id: `${name}, now`,
          name,
          tone,
          kind: 'points',
          points: [present],
          isUnlisted: true,
          isGuide: true,
        },
      ];
    });
    const y: PlotAxis = { label: unit, kind: 'log', format: tick, formatValue: format };
    const said = curves.map(({ name, value }) => `${name} ${format(value(model))}`).join(', ');
    return {
      id,
      heading: `${heading} against ${field.label.toLowerCase()}`,
      description: `${heading} against ${xLabel}, both axes logarithmic. At ${field.letter} = ${now}: ${said}.`,
      x: { label: xLabel, kind: 'log', domain: ends, format: formatTick, formatValue: formatPower },
      y,
      series,
      rules: [{ axis: 'x', value: now, label: `${field.letter} = ${formatCount(now)}` }],
      table: {
        columns: [
          { label: xLabel, format: formatPower },
          ...curves.map(({ name }) => ({ label: `${name}, ${unit}`, format })),
        ],
        rows: sizes.map((size) => [size, ...curves.map(({ value }) => value({ ...model, [axis]: size }))]),
      },
    };
  };
}
