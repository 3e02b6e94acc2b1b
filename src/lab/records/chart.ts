// Draws the losses of recorded runs over each other as SVG text: no script, colours from the page around it.
import type { RunRecord } from '../../contract/records.ts';

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
const size = { width: 760, height: 360, left: 52, right: 14, top: 12, bottom: 34 } as const;
/** Points of one drawn line at most: neighbouring steps are averaged, because single steps are noise. */
const drawnPoints = 240;

interface Point {
  readonly x: number;
  readonly y: number;
}

interface Scale {
  readonly ticks: readonly number[];
  /** Place in the drawing. */
  at(value: number): number;
}

/** The curves of all runs. @param isLog both axes logarithmic; what is not above zero is left out then */
export function drawLosses(records: readonly RunRecord[], axis: RecordAxis, isLog: boolean): string {
  const visible = ({ x, y }: Point) => !isLog || (x > 0 && y > 0);
  const curves = records.map((record) => ({
    training: averaged(record.steps.map((step) => ({ x: step[axis], y: step.loss }))).filter(visible),
    validation: record.evaluations.map((one) => ({ x: one[axis], y: one.loss })).filter(visible),
  }));
  const points = curves.flatMap(({ training, validation }) => [...training, ...validation]);
  const label = `Loss by ${recordAxes[axis]}, ${records.length} ${records.length === 1 ? 'run' : 'runs'}`;
  const open = `<svg viewBox="0 0 ${size.width} ${size.height}" role="img" aria-label="${label}">`;
  if (points.length === 0) return `${open}<text x="380" y="180" text-anchor="middle">No losses.</text></svg>`;
  const right = size.width - size.right;
  const bottom = size.height - size.bottom;
  const x = scale(extent(points.map((point) => point.x)), size.left, right, isLog);
  const y = scale(withRoom(extent(points.map((point) => point.y)), isLog), bottom, size.top, isLog);
  const grid = [
    ...x.ticks.map((tick) => `<path class="grid" d="M${round(x.at(tick))} ${size.top}V${bottom}"/>`),
    ...y.ticks.map((tick) => `<path class="grid" d="M${size.left} ${round(y.at(tick))}H${right}"/>`),
  ];
  const texts = [
    ...x.ticks.map((tick) => text(x.at(tick), bottom + 15, 'middle', tickText(tick))),
    ...y.ticks.map((tick) => text(size.left - 7, y.at(tick) + 4, 'end', tickText(tick))),
    text((size.left + right) / 2, size.height - 3, 'middle', recordAxes[axis]),
  ];
  const lines = curves.map(({ training, validation }, index) => {
    const style = `class="run c${index % chartColours}${index >= chartColours ? ' later' : ''}"`;
    const dots = validation.map(
      (point) => `<circle cx="${round(x.at(point.x))}" cy="${round(y.at(point.y))}" r="3"/>`,
    );
    return `<g ${style}><path class="training" d="${path(training, x, y)}"/><path class="validation" d="${path(validation, x, y)}"/>${dots.join('')}</g>`;
  });
  return `${open}${grid.join('')}${texts.join('')}${lines.join('')}</svg>`;
}

/** Means of neighbours, each at the place of its last. */
function averaged(points: readonly Point[]): Point[] {
  const width = Math.max(1, Math.ceil(points.length / drawnPoints));
  const means: Point[] = [];
  for (let from = 0; from < points.length; from += width) {
    const part = points.slice(from, from + width);
    const last = part.at(-1);
    if (last) means.push({ x: last.x, y: part.reduce((sum, { y }) => sum + y, 0) / part.length });
  }
  return means;
}

function path(points: readonly Point[], x: Scale, y: Scale): string {
  return points
    .map((point, i) => `${i === 0 ? 'M' : 'L'}${round(x.at(point.x))} ${round(y.at(point.y))}`)
    .join('');
}

function extent(values: readonly number[]): [low: number, high: number] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return [low, high];
}

function withRoom([low, high]: [number, number], isLog: boolean): [number, number] {
  if (isLog) return [low / 1.03, high * 1.03];
  const room = (high - low) * 0.05 || Math.abs(high) * 0.05 || 1;
  return [low - room, high + room];
}

/** A scale from values to places. Equal ends are drawn in the middle. */
function scale([low, high]: [number, number], from: number, to: number, isLog: boolean): Scale {
  const measure = isLog ? Math.log10 : (value: number) => value;
  const [start, span] = [measure(low), measure(high) - measure(low)];
  const at = (value: number) =>
    span === 0 ? (from + to) / 2 : from + ((measure(value) - start) / span) * (to - from);
  const candidates = isLog ? logTicks(low, high) : linearTicks(low, high);
  return { at, ticks: candidates.filter((tick) => tick >= low && tick <= high) };
}

/** Four to eight round figures. */
function linearTicks(low: number, high: number): number[] {
  if (high <= low) return [low];
  const rough = (high - low) / 8;
  const decade = 10 ** Math.floor(Math.log10(rough));
  const step = decade * ([1, 2, 5, 10].find((factor) => factor * decade >= rough) ?? 10);
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, index) => (first + index) * step);
}

/** Decades; 1, 2 and 5 of each, or finer, where they are few. */
function logTicks(low: number, high: number): number[] {
  const [first, last] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  const decades = Math.log10(high / low);
  if (decades < 0.7) return linearTicks(low, high);
  const every = Math.max(1, Math.ceil((last - first) / 8));
  const factors = decades < 4 ? [1, 2, 5] : [1];
  const ticks: number[] = [];
  for (let power = first; power <= last; power += every)
    for (const factor of factors) ticks.push(factor * 10 ** power);
  return ticks;
}

function tickText(value: number): string {
  if (value === 0) return '0';
  const power = Math.min(6, Math.max(0, Math.floor(Math.log10(Math.abs(value)) / 3)));
  const scaled = value / 1000 ** power;
  return `${Number(scaled.toPrecision(3))}${['', 'k', 'M', 'G', 'T', 'P', 'E'][power]}`;
}

function text(x: number, y: number, anchor: string, content: string): string {
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}">${content}</text>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
