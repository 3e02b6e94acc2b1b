// What a plot shows, as plain data, and where its parts go. Pure: widths of text are estimated, nothing is measured.
import { axisTicks, domainOf, type Interval, placeOf, type Scale, type ScaleKind } from './ticks.ts';

/** Colour of a series by meaning; the page's variables give light and dark. */
export type Tone =
  | 'class-1'
  | 'class-2'
  | 'class-3'
  | 'class-4'
  | 'class-5'
  | 'train'
  | 'validation'
  | 'predicted'
  | 'pale-3'
  | 'pale-4'
  | 'floor'
  | 'ink';

/** Sign of a point. */
export type Sign = 'circle' | 'square' | 'diamond' | 'ring';

/** One axis. */
export interface PlotAxis {
  /** With its unit: `context n, tokens`. */
  readonly label: string;
  readonly kind: ScaleKind;
  /** Undefined takes what the points need. */
  readonly domain?: Interval;
  /** Begins a linear axis at zero. */
  readonly isFromZero?: boolean;
  /** Text of a tick. */
  readonly format: (value: number) => string;
  /** Text of a value in the read-out; undefined takes `format`. */
  readonly formatValue?: (value: number) => string;
}

/** One point. */
export interface PlotPoint {
  readonly x: number;
  readonly y: number;
  /** Drawn beside the point. */
  readonly label?: string;
  /** What it stands for, for those who hear `pick-point`. */
  readonly id?: string;
  /** Said first in the read-out: which point this is. */
  readonly name?: string;
  /** Said last in the read-out. */
  readonly detail?: string;
  /** A bar from low to high through the point. */
  readonly range?: Interval;
}

/** A line, or points, of one colour. */
export interface PlotSeries {
  readonly id: string;
  readonly name: string;
  readonly tone: Tone;
  readonly points: readonly PlotPoint[];
  readonly kind: 'line' | 'points' | 'both';
  readonly isDashed?: boolean;
  readonly sign?: Sign;
  /** Radius of a point, pixels; 4 by default. */
  readonly radius?: number;
  /** Not in the legend. */
  readonly isUnlisted?: boolean;
  /** Not reached by mouse and keys: a guide, such as a roof. */
  readonly isGuide?: boolean;
}

/** A line across the plot at one value. */
export interface PlotRule {
  readonly axis: 'x' | 'y';
  readonly value: number;
  readonly label: string;
}

/** Which point is pointed at. */
export interface PlotPlace {
  readonly series: number;
  readonly point: number;
}

/** Rectangle of the plotted area within the drawing, pixels. */
export interface PlotFrame {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** An entry of the legend with the left end of its key and its line's height, pixels. */
export interface LegendEntry {
  readonly series: PlotSeries;
  readonly x: number;
  readonly y: number;
}

/** Everything that is needed to draw. */
export interface PlotLayout {
  readonly frame: PlotFrame;
  readonly x: Scale;
  readonly y: Scale;
  readonly legend: readonly LegendEntry[];
}

/** Size of the type in a plot, pixels; the style sheet says the same. */
export const plotTypeSize = 11.5;
const lineHeight = 17;
const keyWidth = 22;

/** Width of a line of type, estimated for the page's sans serif faces. Pixels. */
export function textWidth(text: string): number {
  return text.length * plotTypeSize * 0.6;
}

/** Places axes and legend in a drawing of this size. */
export function layOutPlot(
  size: { readonly width: number; readonly height: number },
  axes: { readonly x: PlotAxis; readonly y: PlotAxis },
  series: readonly PlotSeries[],
  rules: readonly PlotRule[] = [],
): PlotLayout {
  const points = series.flatMap((one) => one.points);
  const at = (axis: 'x' | 'y'): number[] =>
    rules.filter((rule) => rule.axis === axis).map(({ value }) => value);
  const xDomain = domain(axes.x, [...points.map(({ x }) => x), ...at('x')]);
  const yDomain = domain(axes.y, [...points.flatMap(({ y, range }) => [y, ...(range ?? [])]), ...at('y')]);
  const widest = axisTicks(axes.y.kind, yDomain, Math.floor(size.height / 34))
    .filter(({ isLabelled }) => isLabelled)
    .reduce((most, { value }) => Math.max(most, textWidth(axes.y.format(value))), 0);
  const left = Math.min(Math.max(34, widest + 12), size.width / 3);
  const { entries, lines } = placeLegend(series, size.width);
  const frame = {
    left,
    top: lineHeight * (lines + 1) + 8, // the y axis is named above it
    right: size.width - 14,
    bottom: size.height - 38,
  };
  return {
    frame,
    x: { kind: axes.x.kind, domain: xDomain, range: [frame.left, frame.right] },
    y: { kind: axes.y.kind, domain: yDomain, range: [frame.bottom, frame.top] },
    legend: entries,
  };
}

function domain(axis: PlotAxis, values: readonly number[]): Interval {
  return axis.domain ?? domainOf(axis.kind, values, { isFromZero: axis.isFromZero ?? false });
}

function placeLegend(
  series: readonly PlotSeries[],
  width: number,
): { readonly entries: readonly LegendEntry[]; readonly lines: number } {
  const listed = series.filter(({ isUnlisted, points }) => isUnlisted !== true && points.length > 0);
  const entries: LegendEntry[] = [];
  let x = 0;
  let line = 0;
  for (const one of listed) {
    const wide = keyWidth + textWidth(one.name) + 16;
    if (x > 0 && x + wide > width) {
      x = 0;
      line += 1;
    }
    entries.push({ series: one, x, y: line * lineHeight + 12 });
    x += wide;
  }
  return { entries, lines: entries.length === 0 ? 0 : line + 1 };
}

/** The stretches of a line between points that have no place, as SVG path data. */
export function linePath({ points }: PlotSeries, { x, y }: Pick<PlotLayout, 'x' | 'y'>): string {
  let isBroken = true;
  let path = '';
  for (const point of points) {
    const left = placeOf(x, point.x);
    const top = placeOf(y, point.y);
    if (left === undefined || top === undefined) {
      isBroken = true;
      continue;
    }
    path += `${isBroken ? 'M' : 'L'}${left.toFixed(1)} ${top.toFixed(1)}`;
    isBroken = false;
  }
  return path;
}

/** The point nearest to a position in the drawing; undefined when nothing is there to be reached. */
export function nearestPlace(
  series: readonly PlotSeries[],
  { x, y }: Pick<PlotLayout, 'x' | 'y'>,
  position: { readonly x: number; readonly y: number },
): PlotPlace | undefined {
  let best: PlotPlace | undefined;
  let least = Number.POSITIVE_INFINITY;
  series.forEach((one, index) => {
    if (one.isGuide === true) return;
    one.points.forEach((point, at) => {
      const left = placeOf(x, point.x);
      const top = placeOf(y, point.y);
      if (left === undefined || top === undefined) return;
      const distance = (left - position.x) ** 2 + (top - position.y) ** 2;
      if (distance >= least) return;
      least = distance;
      best = { series: index, point: at };
    });
  });
  return best;
}

/** Where a key leads: along a series, to another one, or nowhere (undefined: not a key of the plot). */
export function movePlace(
  series: readonly PlotSeries[],
  from: PlotPlace | undefined,
  key: string,
): PlotPlace | undefined {
  const reachable = series.flatMap((one, index) =>
    one.isGuide === true || one.points.length === 0 ? [] : [index],
  );
  const current = from !== undefined && reachable.includes(from.series) ? from : undefined;
  const [first] = reachable;
  if (first === undefined) return undefined;
  const last = (index: number): number => series[index].points.length - 1;
  const along = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10, Home: -1e9, End: 1e9 }[key];
  const across = { ArrowUp: -1, ArrowDown: 1 }[key];
  if (along === undefined && across === undefined) return undefined;
  if (current === undefined) return { series: first, point: key === 'End' ? last(first) : 0 };
  if (along !== undefined) {
    const point = Math.max(0, Math.min(last(current.series), current.point + along));
    return { series: current.series, point };
  }
  const step = reachable.indexOf(current.series) + (across ?? 0) + reachable.length;
  const index = reachable[step % reachable.length];
  return { series: index, point: Math.min(current.point, last(index)) };
}

/** What is said of a point. */
export function describePlace(
  series: readonly PlotSeries[],
  axes: { readonly x: PlotAxis; readonly y: PlotAxis },
  place: PlotPlace,
): string {
  const one = series[place.series];
  const point = one?.points[place.point];
  if (one === undefined || point === undefined) return '';
  const value = (axis: PlotAxis, of: number): string =>
    `${axis.label} ${(axis.formatValue ?? axis.format)(of)}`;
  const name = point.name === undefined ? one.name : `${point.name} (${one.name})`;
  return [name, value(axes.x, point.x), value(axes.y, point.y), point.detail]
    .filter((part) => part !== undefined && part !== '')
    .join(' · ');
}
