// Draws the losses of recorded runs over each other as SVG text: no script, colours from the page around it.
import type { RunRecord } from '../../contract/records.ts';
import { formatDigits, formatTick } from '../../text/numbers.ts';
import {
  layOutPlot,
  linePath,
  type PlotAxis,
  type PlotLayout,
  type PlotPoint,
  type PlotSeries,
} from '../../text/plot-layout.ts';
import { axisTicks, placeOf } from '../../text/ticks.ts';

/** What the horizontal axis counts. */
export type RecordAxis = 'step' | 'tokens' | 'flops' | 'seconds';

/** The axes with their words. */
export const recordAxes: Readonly<Record<RecordAxis, string>> = {
  step: 'Step',
  tokens: 'Tokens',
  flops: 'FLOP (planned)',
  seconds: 'Seconds',
};

/** Runs that have a colour of their own; those after them have a dash as well. */
export const chartColours = 8;

/** Units of the drawing: it scales with the page. */
const size = { width: 760, height: 380 } as const;
/** Points of one drawn line at most: neighbouring steps are averaged, because single steps are noise. */
const drawnPoints = 240;

/** The curves of all runs. @param isLog both axes logarithmic; what is not above zero is left out then */
export function drawLosses(records: readonly RunRecord[], axis: RecordAxis, isLog: boolean): string {
  const curves = records.map(({ steps, evaluations }) => ({
    training: lineOf(averaged(steps.map((step) => pointOf(step, axis)))),
    validation: lineOf(evaluations.map((one) => pointOf(one, axis))),
  }));
  const label = `Loss by ${recordAxes[axis]}, ${records.length} ${records.length === 1 ? 'run' : 'runs'}`;
  const open = `<svg viewBox="0 0 ${size.width} ${size.height}" role="img" aria-label="${label}">`;
  const series = curves.flatMap(({ training, validation }) => [training, validation]);
  const isVisible = ({ x, y }: PlotPoint) => !isLog || (x > 0 && y > 0);
  if (!series.some(({ points }) => points.some(isVisible))) {
    return `${open}${text(size.width / 2, size.height / 2, 'middle', 'No losses.')}</svg>`;
  }
  const kind = isLog ? 'log' : 'linear';
  const axes: Readonly<Record<'x' | 'y', PlotAxis>> = {
    x: { label: recordAxes[axis], kind, format: formatTick },
    y: { label: 'Loss, nats per token', kind, format: formatDigits },
  };
  const layout = layOutPlot(size, axes, series);
  const lines = curves.map(({ training, validation }, index) => {
    const style = `class="run c${index % chartColours}${index >= chartColours ? ' later' : ''}"`;
    const dots = validation.points.map((point) => dot(point, layout));
    return `<g ${style}><path class="training" d="${linePath(training, layout)}"/><path class="validation" d="${linePath(validation, layout)}"/>${dots.join('')}</g>`;
  });
  return `${open}${drawAxes(layout, axes)}${lines.join('')}</svg>`;
}

/** Grid lines, labels and names of both axes. */
function drawAxes({ frame, x, y }: PlotLayout, axes: Readonly<Record<'x' | 'y', PlotAxis>>): string {
  const { left, top, right, bottom } = frame;
  const columns = axisTicks(x.kind, x.domain, 8).map(({ value, isLabelled }) => {
    const at = placeOf(x, value) ?? left;
    const name = isLabelled ? text(at, bottom + 15, 'middle', axes.x.format(value)) : '';
    return `<path class="grid" d="M${round(at)} ${top}V${bottom}"/>${name}`;
  });
  const rows = axisTicks(y.kind, y.domain, 8).map(({ value, isLabelled }) => {
    const at = placeOf(y, value) ?? bottom;
    const name = isLabelled ? text(left - 7, at + 4, 'end', axes.y.format(value)) : '';
    return `<path class="grid" d="M${left} ${round(at)}H${right}"/>${name}`;
  });
  const names = [
    text((left + right) / 2, size.height - 3, 'middle', axes.x.label),
    text(0, top - 8, 'start', axes.y.label),
  ];
  return [...columns, ...rows, ...names].join('');
}

function pointOf(from: Readonly<Record<RecordAxis | 'loss', number>>, axis: RecordAxis): PlotPoint {
  return { x: from[axis], y: from.loss };
}

/** A line that the page around the drawing names and colours. */
function lineOf(points: readonly PlotPoint[]): PlotSeries {
  return { id: '', name: '', tone: 'ink', kind: 'line', isUnlisted: true, points };
}

/** Means of neighbours, each at the place of its last. */
function averaged(points: readonly PlotPoint[]): PlotPoint[] {
  const width = Math.max(1, Math.ceil(points.length / drawnPoints));
  const means: PlotPoint[] = [];
  for (let from = 0; from < points.length; from += width) {
    const part = points.slice(from, from + width);
    const last = part.at(-1);
    if (last) means.push({ x: last.x, y: part.reduce((sum, { y }) => sum + y, 0) / part.length });
  }
  return means;
}

function dot(point: PlotPoint, { x, y }: PlotLayout): string {
  const [left, top] = [placeOf(x, point.x), placeOf(y, point.y)];
  if (left === undefined || top === undefined) return '';
  return `<circle cx="${round(left)}" cy="${round(top)}" r="3"/>`;
}

function text(x: number, y: number, anchor: string, content: string): string {
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}">${content}</text>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
