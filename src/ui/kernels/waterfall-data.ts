// The way from the limit to the measured step, as bars that begin where the one before ends.
import type { Waterfall } from '../../contract/validation.ts';
import { formatPercent, formatSeconds } from '../../text/numbers.ts';
import type { FigureTable } from '../../text/table.ts';

/** One bar. */
export interface WaterfallBar {
  readonly id: keyof Waterfall;
  readonly name: string;
  readonly note: string;
  /** Where it begins and ends, seconds; `to` below `from` takes away. */
  readonly from: number;
  readonly to: number;
  readonly seconds: number;
  /** Of the measured step. */
  readonly share: number;
}

const parts: readonly {
  readonly id: keyof Waterfall;
  readonly name: string;
  readonly note: string;
}[] = [
  {
    id: 'arithmeticAtPeak',
    name: 'arithmetic at peak',
    note: 'the useful arithmetic at the measured peak',
  },
  {
    id: 'bandwidthExcess',
    name: 'bound by bandwidth',
    note: 'moving the bytes takes longer than the arithmetic: with it, this is the limit',
  },
  {
    id: 'tileAndOccupancy',
    name: 'tiles and occupancy',
    note: 'padding of tiles, and what kernels of such shapes were found to lose against their limit',
  },
  { id: 'launches', name: 'launches', note: 'starting each dispatch' },
  {
    id: 'hostAndQueue',
    name: 'host and queue',
    note: 'handing work over, and waiting for it where somebody waits',
  },
  {
    id: 'unexplained',
    name: 'unexplained',
    note: 'measured less expected; negative where the device was quicker',
  },
];

/** The bars in order, the measured whole last. */
export function waterfallBars(waterfall: Waterfall): readonly WaterfallBar[] {
  const { measured } = waterfall;
  const share = (seconds: number): number => (measured > 0 ? seconds / measured : 0);
  let from = 0;
  const bars = parts.map(({ id, name, note }): WaterfallBar => {
    const seconds = waterfall[id];
    const bar = { id, name, note, from, to: from + seconds, seconds, share: share(seconds) };
    from = bar.to;
    return bar;
  });
  const whole = { from: 0, to: measured, seconds: measured, share: share(measured) };
  return [
    ...bars,
    { id: 'measured', name: 'measured step', note: 'median of steps, not profiled', ...whole },
  ];
}

/** The bars as a table. */
export function waterfallTable(bars: readonly WaterfallBar[]): FigureTable {
  return {
    columns: [
      { label: 'Part' },
      { label: 'Time (s)', format: formatSeconds },
      { label: 'Of the step', format: formatPercent },
      { label: 'What it is' },
    ],
    rows: bars.map(({ name, seconds, share, note }) => [name, seconds, share, note]),
  };
}
