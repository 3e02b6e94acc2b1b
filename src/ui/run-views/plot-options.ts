// How uPlot draws a run's curve: scales, axes, colours, and the floors as dashed lines.

import type uPlot from 'uplot';
import type { LossFloors } from '../../contract/runs.ts';
import { formatDuration, formatSi } from '../../text/numbers.ts';
import { rounded } from '../../text/rounding.ts';
import type { AxisName } from '../state/series.ts';
import type { ChartOptions } from './chart-data.ts';
import { drawGhosts, type Ghost, ghostPoints, withGhosts } from './ghosts.ts';

/** Colours as the canvas takes them. */
export interface PlotColours {
  readonly train: string;
  readonly trainFaint: string;
  readonly validation: string;
  readonly floor: string;
  /** Of earlier runs. */
  readonly ghost: string;
  readonly grid: string;
  readonly text: string;
  readonly ground: string;
}

/** The words for each axis. */
export const axisLabels: Readonly<Record<AxisName, string>> = {
  step: 'Step',
  tokens: 'Tokens',
  flops: 'FLOP (planned)',
  seconds: 'Time',
};

/** A place on the horizontal axis in words. */
export function formatAxisValue(axis: AxisName, value: number): string {
  if (axis === 'seconds') return value < 10 ? formatSi(value, 's') : formatDuration(value);
  if (axis === 'step') return Math.abs(value) < 1e5 ? String(Math.round(value * 100) / 100) : formatSi(value);
  return formatSi(value);
}

/** The colours that the page's tokens stand for at this element now (`light-dark()` resolved). */
export function readColours(element: HTMLElement): PlotColours {
  const probe = document.createElement('span');
  element.append(probe);
  const read = (token: string): string => {
    probe.style.color = `var(${token})`;
    return getComputedStyle(probe).color;
  };
  const colours = {
    train: read('--train'),
    trainFaint: read('--train-faint'),
    validation: read('--validation'),
    floor: read('--floor'),
    ghost: read('--edge'),
    grid: read('--line'),
    text: read('--muted'),
    ground: read('--panel'),
  };
  probe.remove();
  return colours;
}

const font = '11px system-ui, sans-serif';

/** Calls back with each floor's name and its place in canvas pixels, where it is in view. */
function eachFloor(
  plot: uPlot,
  floors: LossFloors | undefined,
  draw: (name: string, y: number) => void,
): void {
  if (floors === undefined) return;
  const { top, height } = plot.bbox;
  for (const name of ['uniform', 'unigram', 'bigram'] as const) {
    const y = plot.valToPos(floors[name], 'y', true);
    if (y > top && y < top + height) draw(name, y);
  }
}

/** The dashed lines of losses that need no model: under the curves. */
function drawFloors(plot: uPlot, floors: LossFloors | undefined, { floor }: PlotColours): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.strokeStyle = floor;
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([5 * devicePixelRatio, 4 * devicePixelRatio]);
  eachFloor(plot, floors, (_name, y) => {
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
  });
  ctx.restore();
}

/** Their names: over the curves, with a rim of the ground so that they can be read there. */
function nameFloors(plot: uPlot, floors: LossFloors | undefined, { text, ground }: PlotColours): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
  ctx.textAlign = 'right';
  ctx.textBaseline = 'bottom';
  ctx.lineJoin = 'round';
  ctx.lineWidth = 4 * devicePixelRatio;
  ctx.strokeStyle = ground;
  ctx.fillStyle = text;
  eachFloor(plot, floors, (name, y) => {
    const x = bbox.left + bbox.width - 4 * devicePixelRatio;
    ctx.strokeText(name, x, y - 2 * devicePixelRatio);
    ctx.fillText(name, x, y - 2 * devicePixelRatio);
  });
  ctx.restore();
}

/** False of limits so close that uPlot would step from one to the other for ever, in steps that rounding swallows. */
function isSpread(low: number | null, high: number | null): boolean {
  if (low === null || high === null || !Number.isFinite(low) || !Number.isFinite(high)) return false;
  return high - low > 1e-9 * Math.max(Math.abs(low), Math.abs(high));
}

/** Limits with a little room; on a logarithmic scale the room is a factor. */
function roomy(low: number | null, high: number | null, isLog: boolean): [number, number] {
  if (low === null || high === null || !Number.isFinite(low) || !Number.isFinite(high))
    return isLog ? [1, 10] : [0, 1];
  if (isLog) return [low / 1.03, high * 1.03];
  const room = isSpread(low, high) ? (high - low) * 0.05 : Math.abs(high) * 0.05 || 1;
  return [low - room, high + room];
}

/** Steps between two ticks. */
const stepIncrements = Array.from({ length: 10 }, (_, power) =>
  [1, 2, 5].map((digit) => digit * 10 ** power),
).flat();

/** What uPlot needs for these options; `readFloors` is asked at every drawing. */
export function plotOptions(
  size: { readonly width: number; readonly height: number },
  options: ChartOptions,
  colours: PlotColours,
  readFloors: () => LossFloors | undefined,
  onCursor: (index: number | undefined) => void,
  readGhosts: () => readonly Ghost[] = () => [],
): uPlot.Options {
  const ghosts = () => readGhosts().map((ghost) => ({ ...ghost, points: ghostPoints(ghost, options.axis) }));
  const axis = {
    stroke: colours.text,
    font,
    grid: { stroke: colours.grid, width: 1 },
    ticks: { show: false },
  };
  return {
    ...size,
    legend: { show: false },
    padding: [10, 18, 0, 0],
    cursor: { y: false, points: { size: 7 } },
    scales: {
      x: {
        time: false,
        distr: options.logX ? 3 : 1,
        range: (_plot, low, high) => (isSpread(low, high) ? [low, high] : roomy(low, high, options.logX)),
      },
      y: {
        distr: options.logY ? 3 : 1,
        range: (plot, low, high) => {
          if (readGhosts().length === 0) return roomy(low, high, options.logY);
          const { min = 0, max = 0 } = plot.scales.x ?? {};
          const drawn = ghosts().map(({ points }) => points);
          const [least, most] = withGhosts([low ?? Infinity, high ?? -Infinity], drawn, [min ?? 0, max ?? 0]);
          return roomy(least, most, options.logY);
        },
      },
    },
    axes: [
      {
        ...axis,
        size: 30,
        // There is no half a step.
        ...(options.axis === 'step' && !options.logX ? { incrs: stepIncrements } : {}),
        values: (_plot, values) =>
          values.map((value) => (value === null ? '' : formatAxisValue(options.axis, value))),
      },
      {
        ...axis,
        size: 44,
        values: (_plot, values) => values.map((value) => (value === null ? '' : String(rounded(value, 3)))),
      },
    ],
    series: [
      {},
      { label: 'raw', stroke: colours.trainFaint, width: 1, spanGaps: true, points: { show: false } },
      { label: 'training', stroke: colours.train, width: 2, spanGaps: true, points: { show: false } },
      {
        label: 'validation',
        stroke: colours.validation,
        width: 2,
        spanGaps: true,
        points: { show: true, size: 6, fill: colours.validation },
      },
    ],
    hooks: {
      drawAxes: [
        (plot) => drawFloors(plot, readFloors(), colours),
        (plot) => drawGhosts(plot, ghosts(), { line: colours.ghost, text: colours.text }),
      ],
      draw: [(plot) => nameFloors(plot, readFloors(), colours)],
      setCursor: [(plot) => onCursor(plot.cursor.idx ?? undefined)],
    },
  };
}
