// What a search has found, as a scatter of loss against speed, as a table and in words.
import type { FoundShape, FoundShapes } from '../../contract/search.ts';
import type { RunPoint } from '../../laws/run-point.ts';
import {
  formatCount,
  formatDigits,
  formatLoss,
  formatPercent,
  formatSi,
  formatTick,
} from '../../text/numbers.ts';
import type { PlotAxis, PlotPoint, PlotSeries } from '../../text/plot-layout.ts';
import { significant } from '../../text/rounding.ts';
import type { FigureTable } from '../../text/table.ts';

/** Whether runs differ in both d/√N and r, as the conditional law needs. */
export function areShaped(points: readonly RunPoint[]): boolean {
  const shaped = points.filter(({ mlpToAttention }) => mlpToAttention !== undefined);
  const count = (measure: (point: RunPoint) => number) =>
    new Set(shaped.map((point) => significant(measure(point), 2))).size;
  const ratioOf = ({ ratio, width = Number.NaN, parameters }: RunPoint) =>
    ratio ?? width / Math.sqrt(parameters);
  return count(({ mlpToAttention = 1 }) => mlpToAttention) > 1 && count(ratioOf) > 1;
}

/** The speed that candidates are chosen by; undefined where it is not known yet. Tokens per second. */
export function speedOf(shape: FoundShape, isMeasured: boolean): number | undefined {
  return isMeasured ? shape.measuredTokensPerSecond : shape.predictedTokensPerSecond;
}

/** What a candidate is: by the names of the paper, or by its sizes. */
export function nameOf({ panda, surefire, shapes }: FoundShapes, index: number): string {
  const names = [
    index === panda ? 'Panda' : '',
    index === surefire ? 'Surefire' : '',
    index === 0 ? 'baseline' : '',
  ].filter(Boolean);
  const { width, hidden, heads, keyValueHeads } = shapes[index];
  return names.length > 0
    ? names.join(', ')
    : `width ${width}, hidden ${hidden}, heads ${heads}/${keyValueHeads}`;
}

/** Places of Panda, Surefire and the baseline, each once. */
export function namedOf({ panda, surefire }: FoundShapes): readonly number[] {
  return [...new Set([panda, surefire, 0])];
}

/** The axis of speeds. */
export function speedAxis(isMeasured: boolean): PlotAxis {
  return {
    label: `answers, ${isMeasured ? 'measured' : 'predicted'} tokens/s`,
    kind: 'log',
    format: formatTick,
    formatValue: formatDigits,
  };
}

/** Every candidate by speed and predicted loss with the front, and by its trained loss where it has one; the named last. */
export function foundSeries(found: FoundShapes): readonly PlotSeries[] {
  const { shapes, isMeasured, trained } = found;
  const placeOf = (index: number, lossOf: (shape: FoundShape) => number | undefined): PlotPoint[] => {
    const [x, y] = [speedOf(shapes[index], isMeasured), lossOf(shapes[index])];
    if (x === undefined || y === undefined) return [];
    return [{ x, y, id: String(index), name: nameOf(found, index) }];
  };
  const predicted = ({ isGrouped, predictedLoss }: FoundShape) => (isGrouped ? undefined : predictedLoss);
  const all = [...shapes.keys()];
  const front = all.filter((index) => shapes[index].isOnFront).flatMap((index) => placeOf(index, predicted));
  const named = namedOf(found).flatMap((index) =>
    placeOf(index, (shape) => (trained > 0 ? shape.loss : shape.predictedLoss)).map((point) => ({
      ...point,
      label: point.name ?? '',
    })),
  );
  const series: readonly PlotSeries[] = [
    {
      id: 'front',
      name: 'Pareto front, predicted losses',
      tone: 'predicted',
      kind: 'line',
      isGuide: true,
      points: front.sort((a, b) => a.x - b.x),
    },
    {
      id: 'predicted',
      name: 'predicted loss',
      tone: 'predicted',
      kind: 'points',
      sign: 'ring',
      points: all.flatMap((index) => placeOf(index, predicted)),
    },
    {
      id: 'trained',
      name: 'trained loss',
      tone: 'validation',
      kind: 'points',
      points: all.flatMap((index) => placeOf(index, ({ loss }) => loss)),
    },
    {
      id: 'named',
      name: 'Panda, Surefire, baseline',
      tone: 'class-4',
      kind: 'points',
      sign: 'diamond',
      radius: 6,
      points: named,
    },
  ];
  return series.filter(({ points }) => points.length > 0);
}

/** The candidates as the paper's Table 1 has them, the named first. */
export function foundTable(found: FoundShapes): FigureTable {
  const { shapes } = found;
  const named = namedOf(found);
  const places = [...named, ...[...shapes.keys()].filter((index) => !named.includes(index))];
  return {
    columns: [
      { label: 'model' },
      { label: 'width d', format: formatCount },
      { label: 'hidden', format: formatCount },
      { label: 'layers', format: formatCount },
      { label: 'heads', format: formatCount },
      { label: 'key/value heads', format: formatCount },
      { label: 'N', format: (value) => formatSi(value) },
      { label: 'd/√N', format: formatDigits },
      { label: 'r', format: formatDigits },
      { label: 'predicted loss', format: formatLoss },
      { label: 'trained loss', format: formatLoss },
      { label: 'predicted tokens/s', format: formatDigits },
      { label: 'measured tokens/s', format: formatDigits },
      { label: 'on the front' },
    ],
    rows: places.map((index) => {
      const shape = shapes[index];
      return [
        nameOf(found, index),
        ...[shape.width, shape.hidden, shape.layers, shape.heads, shape.keyValueHeads, shape.parameters],
        ...[shape.ratio, shape.mlpToAttention, shape.predictedLoss, shape.loss],
        ...[shape.predictedTokensPerSecond, shape.measuredTokensPerSecond],
        shape.isOnFront ? 'yes' : '',
      ];
    }),
  };
}

/** What came of it, in a sentence or two. */
export function describeFound({
  shapes,
  surefire,
  gain,
  lossLimit,
  trained,
  spearman,
  isMeasured,
}: FoundShapes): string {
  const by = isMeasured ? 'measured' : 'predicted';
  const limit = `within a loss of ${formatLoss(lossLimit)}`;
  const best =
    surefire === 0
      ? `No other shape of ${shapes.length - 1} is faster than the baseline ${limit}.`
      : `${shapes.length - 1} shapes: Surefire answers ${gain === undefined ? 'fastest' : `${formatPercent(gain)} faster than the baseline`} (${by}) ${limit}.`;
  if (trained === 0) return `${best} Losses are the law’s: nothing was trained.`;
  return `${best} ${trained} were trained${
    spearman === undefined ? '' : `; the law ranked them with Spearman ${formatDigits(spearman)}`
  }.`;
}

/** One candidate in a line. */
export function describeShape(found: FoundShapes, index: number): string {
  const shape = found.shapes[index];
  const { width, hidden, heads, keyValueHeads, loss, predictedLoss } = shape;
  const speed = speedOf(shape, found.isMeasured);
  return [
    `width ${width}, hidden ${hidden}, heads ${heads}, key/value heads ${keyValueHeads}`,
    `loss ${formatLoss(loss ?? predictedLoss)}${loss === undefined ? ' (predicted)' : ''}`,
    ...(speed === undefined ? [] : [`${formatDigits(speed)} tokens/s`]),
  ].join(', ');
}
