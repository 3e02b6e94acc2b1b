// A step on a time axis: slices touch, layers cover theirs, and no zoom leaves the step.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KernelRow, KernelTable } from '../../../src/contract/kernels.ts';
import {
  hasSource,
  revealing,
  shifted,
  timelineOf,
  timelineTable,
  zoomed,
} from '../../../src/ui/kernels/timeline-data.ts';

const row = (index: number, phase: string, layer: number | undefined, seconds: number): KernelRow => ({
  index,
  label: `op ${index}`,
  phase,
  ...(layer === undefined ? {} : { layer }),
  kernel: 'matmul',
  shape: '',
  workgroups: 1,
  usefulFlops: 1,
  launchedFlops: 1,
  bytes: 1,
  predictedSeconds: 1,
  measuredSeconds: seconds,
  boundBy: 'launch',
});

const table: KernelTable = {
  rows: [
    row(0, 'forward', undefined, 1),
    row(1, 'forward', 0, 2),
    row(2, 'forward', 0, 3),
    row(3, 'forward', 1, 4),
    row(4, 'backward', 1, 5),
    row(5, 'update', undefined, 6),
  ],
  method: 'by hand',
};

describe('timelineOf', () => {
  it('sets dispatches end to end, and spans of one layer and phase over them', () => {
    const { slices, layers, lanes, seconds } = timelineOf(table, 'measured');
    expect(slices.map(({ start, end }) => [start, end])).toEqual([
      [0, 1],
      [1, 3],
      [3, 6],
      [6, 10],
      [10, 15],
      [15, 21],
    ]);
    expect(layers).toEqual([
      { name: 'layer 0', start: 1, end: 6 },
      { name: 'layer 1', start: 6, end: 10 },
      { name: 'layer 1', start: 10, end: 15 },
    ]);
    expect([lanes, seconds]).toEqual([['forward', 'backward', 'update'], 21]);
  });

  it('takes predictions when asked, and says what there is', () => {
    expect(timelineOf(table, 'predicted').seconds).toBe(6);
    const bare = { ...table, rows: table.rows.map(({ measuredSeconds: _, ...rest }) => rest) };
    expect([hasSource(bare, 'measured'), hasSource(bare, 'predicted')]).toEqual([false, true]);
    expect(timelineOf({ ...table, rows: [] }, 'measured').slices).toEqual([]);
  });

  it('lists every dispatch with start and time', () => {
    const { columns, rows } = timelineTable(timelineOf(table, 'measured'));
    expect(rows[3]).toEqual(['3 op 3', 'matmul', 'forward', 'layer 1', 'other', 6, 4]);
    expect(rows[5]?.slice(2, 4)).toEqual(['optimizer', '']);
    expect(rows.every((cells) => cells.length === columns.length)).toBe(true);
  });
});

describe('the view', () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });

  it('stays within the step through any zooming and moving, and keeps the place it zooms about', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            fc.double({ min: 0.2, max: 5, noNaN: true }),
            share,
            fc.double({ min: -2, max: 2, noNaN: true }),
          ),
          { maxLength: 20 },
        ),
        (moves) => {
          let view: readonly [number, number] = [0, 10];
          for (const [factor, at, by] of moves) {
            const about = view[0] + at * (view[1] - view[0]);
            const next = zoomed(view, 10, factor, about);
            expect(about).toBeGreaterThanOrEqual(next[0] - 1e-9);
            expect(about).toBeLessThanOrEqual(next[1] + 1e-9);
            view = shifted(next, 10, by);
            expect(view[0]).toBeGreaterThanOrEqual(0);
            expect(view[1]).toBeLessThanOrEqual(10 + 1e-9);
            expect(view[1] - view[0]).toBeGreaterThan(0);
          }
        },
      ),
    );
  });

  it('moves to a slice that it does not show, and stays where it does', () => {
    const { slices, seconds } = timelineOf(table, 'measured');
    const [first] = slices;
    const last = slices[5];
    if (first === undefined || last === undefined) throw new Error('the step has slices');
    expect(revealing([0, 4], seconds, first)).toEqual([0, 4]);
    const [low, high] = revealing([0, 4], seconds, last);
    expect(high - low).toBe(4);
    expect(low).toBeGreaterThan(last.start);
    expect(high).toBeLessThanOrEqual(last.end);
  });
});
