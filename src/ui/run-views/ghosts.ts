// Earlier runs behind the curve of this one: thin lines with their names, drawn where the scales of this run leave them in view.
import type uPlot from 'uplot';
import type { RunRecord } from '../../contract/records.ts';
import type { PlotPoint } from '../../text/plot-layout.ts';
import type { AxisName } from '../state/series.ts';
import { averaged } from './chart-data.ts';

/** A run whose curve is drawn behind another's. */
export type Ghost = Pick<RunRecord, 'id' | 'title' | 'steps'>;

/** The points of a ghost on an axis: neighbouring steps are averaged, because single steps are noise. */
export function ghostPoints({ steps }: Ghost, axis: AxisName): readonly PlotPoint[] {
  return averaged(steps.map((step) => ({ x: step[axis], y: step.loss })));
}

/** Limits that leave room for the ghosts between two places on the horizontal axis. */
export function withGhosts(
  [low, high]: readonly [number, number],
  ghosts: readonly (readonly PlotPoint[])[],
  [from, to]: readonly [number, number],
): [number, number] {
  const inView = ghosts.flat().filter(({ x, y }) => x >= from && x <= to && Number.isFinite(y));
  return inView.reduce<[number, number]>(
    ([least, most], { y }) => [Math.min(least, y), Math.max(most, y)],
    [low, high],
  );
}

/** Draws the ghosts within the plot's frame, each with its name at its last point in view. */
export function drawGhosts(
  plot: uPlot,
  ghosts: readonly { readonly title: string; readonly points: readonly PlotPoint[] }[],
  { line, text }: { readonly line: string; readonly text: string },
): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.strokeStyle = line;
  ctx.fillStyle = text;
  ctx.lineWidth = devicePixelRatio;
  ctx.font = `${10 * devicePixelRatio}px system-ui, sans-serif`;
  ctx.textAlign = 'right';
  for (const { title, points } of ghosts) {
    ctx.beginPath();
    let end: { readonly x: number; readonly y: number } | undefined;
    for (const point of points) {
      const [x, y] = [plot.valToPos(point.x, 'x', true), plot.valToPos(point.y, 'y', true)];
      if (end === undefined) ctx.moveTo(x, y);
      else ctx.lineTo(x, y);
      if (end === undefined || x <= bbox.left + bbox.width) end = { x, y };
    }
    ctx.stroke();
    const name = title.length > 40 ? `${title.slice(0, 39)}…` : title;
    if (end !== undefined)
      ctx.fillText(
        name,
        Math.max(end.x, bbox.left + ctx.measureText(name).width),
        end.y - 4 * devicePixelRatio,
      );
  }
  ctx.restore();
}
