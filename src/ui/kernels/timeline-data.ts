// One step on a time axis: what runs when, in lanes for forward, backward and optimizer, and layers above them.

import type { KernelRow, KernelTable } from '../../contract/kernels.ts';
import { formatSeconds } from '../../text/numbers.ts';
import type { FigureTable } from '../../text/table.ts';
import type { Interval } from '../../text/ticks.ts';
import { phaseName } from '../run-views/kernel-data.ts';

/** Which seconds make the axis. */
export type TimelineSource = 'measured' | 'predicted';

/** A stretch of time; seconds since the step began. */
export interface TimelineSlice {
  readonly row: KernelRow;
  readonly lane: string;
  readonly start: number;
  readonly end: number;
}

/** Neighbouring dispatches of one layer. */
export interface LayerSpan {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/** A step laid out. */
export interface Timeline {
  readonly slices: readonly TimelineSlice[];
  readonly layers: readonly LayerSpan[];
  /** Phases that occur, in the order of a step. */
  readonly lanes: readonly string[];
  readonly seconds: number;
}

const laneOrder: readonly string[] = ['forward', 'backward', 'update'];

/** Whether every row has such a time. */
export function hasSource({ rows }: KernelTable, source: TimelineSource): boolean {
  return rows.length > 0 && rows.every((row) => timeOf(row, source) !== undefined);
}

function timeOf(row: KernelRow, source: TimelineSource): number | undefined {
  return source === 'measured' ? row.measuredSeconds : row.predictedSeconds;
}

/** Lays out one micro-batch and the update, one dispatch after another; rows without a time take none. */
export function timelineOf({ rows }: KernelTable, source: TimelineSource): Timeline {
  const slices: TimelineSlice[] = [];
  const layers: LayerSpan[] = [];
  let now = 0;
  let open: { name: string; start: number; lane: string } | undefined;
  const close = (end: number): void => {
    if (open) layers.push({ name: open.name, start: open.start, end });
    open = undefined;
  };
  for (const row of rows) {
    const end = now + Math.max(0, timeOf(row, source) ?? 0);
    slices.push({ row, lane: row.phase, start: now, end });
    const name = row.layer === undefined ? undefined : `layer ${row.layer}`;
    if (open?.name !== name || open?.lane !== row.phase) {
      close(now);
      if (name !== undefined) open = { name, start: now, lane: row.phase };
    }
    now = end;
  }
  close(now);
  const present = new Set(rows.map(({ phase }) => phase));
  const lanes = [
    ...laneOrder.filter((lane) => present.has(lane)),
    ...[...present].filter((lane) => !laneOrder.includes(lane)),
  ];
  return { slices, layers, lanes, seconds: now };
}

/** A view zoomed by a factor about a place that stays where it is, within the whole step. */
export function zoomed([low, high]: Interval, whole: number, factor: number, about: number): Interval {
  const least = whole / 5000;
  const span = Math.min(whole, Math.max(least, (high - low) * factor));
  const share = high > low ? (about - low) / (high - low) : 0.5;
  return shifted([about - share * span, about - share * span + span], whole, 0);
}

/** A view moved by seconds, kept within the whole step. */
export function shifted([low, high]: Interval, whole: number, by: number): Interval {
  const span = Math.min(whole, high - low);
  const start = Math.min(Math.max(0, low + by), whole - span);
  return [start, start + span];
}

/** A view that shows a slice: the same one where it does already. */
export function revealing(view: Interval, whole: number, { start, end }: TimelineSlice): Interval {
  if (start >= view[0] && end <= view[1]) return view;
  const span = view[1] - view[0];
  return shifted([(start + end - span) / 2, (start + end + span) / 2], whole, 0);
}

/** Every dispatch with when it starts and how long it takes. */
export function timelineTable({ slices }: Timeline): FigureTable {
  return {
    columns: [
      { label: 'Dispatch', term: 'dispatch' },
      { label: 'Kernel' },
      { label: 'Phase' },
      { label: 'Layer' },
      { label: 'Term' },
      { label: 'Start (s)', format: formatSeconds },
      { label: 'Time (s)', format: formatSeconds },
    ],
    rows: slices.map(({ row, start, end }) => [
      ...[`${row.index} ${row.label}`, row.kernel, phaseName(row.phase)],
      ...[row.layer === undefined ? '' : `layer ${row.layer}`, row.term ?? 'other', start, end - start],
    ]),
  };
}
