// The trace of a step: every track in order and without overlaps, in numbers that a viewer reads.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KernelRow, KernelTable } from '../../../src/contract/kernels.ts';
import { type Trace, type TraceEvent, traceOf, traceTracks } from '../../../src/lab/cost/trace.ts';
import { near } from '../../near.ts';

type Slice = Extract<TraceEvent, { ph: 'X' }>;

const row = (index: number, more: Partial<KernelRow> = {}): KernelRow => ({
  index,
  label: `layer 0 / op ${index}`,
  phase: 'forward',
  layer: 0,
  term: 'qkv',
  kernel: 'matmul.nn/tiled',
  shape: 'rows 4, columns 8',
  workgroups: 2,
  usefulFlops: 100,
  launchedFlops: 128,
  bytes: 64,
  boundBy: 'arithmetic',
  ...more,
});

const table = (rows: readonly KernelRow[]): KernelTable => ({ rows, method: 'wall clock', accumulation: 2 });

const slicesOf = ({ traceEvents }: Trace, track: number): Slice[] =>
  traceEvents.filter((event): event is Slice => event.ph === 'X' && event.tid === track);

/** Where a slice ends, in whole nanoseconds as a viewer keeps them. */
const endOf = ({ ts, dur }: Slice): number => Math.round(ts * 1000) + Math.round(dur * 1000);

describe('traceOf', () => {
  const seconds = fc.double({ min: 0, max: 0.5, noNaN: true });
  const rows = fc
    .array(
      fc.record({
        measuredSeconds: seconds,
        predictedSeconds: seconds,
        phase: fc.constantFrom('forward', 'backward', 'update'),
        layer: fc.constantFrom(0, 1, undefined),
      }),
      { minLength: 1, maxLength: 60 },
    )
    .map((parts) =>
      parts.map(({ layer, ...part }, index) => {
        const { layer: _, ...base } = row(index, part);
        return layer === undefined ? base : { ...base, layer };
      }),
    );

  it('lays no slice over another on any track, whatever the times', () => {
    fc.assert(
      fc.property(rows, (found) => {
        const trace = traceOf(table(found), 'step');
        for (const track of Object.values(traceTracks)) {
          const slices = slicesOf(trace, track);
          for (const [index, slice] of slices.entries()) {
            expect(Number.isFinite(slice.ts) && slice.dur > 0).toBe(true);
            const before = slices[index - 1];
            if (before) expect(Math.round(slice.ts * 1000)).toBeGreaterThanOrEqual(endOf(before));
          }
        }
      }),
    );
  });

  it('covers each row once as measured and once as predicted, and the phases cover the kernels exactly', () => {
    fc.assert(
      fc.property(rows, (found) => {
        const trace = traceOf(table(found), 'step');
        const measured = slicesOf(trace, traceTracks.measured);
        const phases = slicesOf(trace, traceTracks.phases);
        expect(measured.map(({ name }) => name)).toEqual(found.map(({ label }) => label));
        expect(slicesOf(trace, traceTracks.predicted)).toHaveLength(found.length);
        const sum = (slices: readonly Slice[]) =>
          slices.reduce((total, { dur }) => total + Math.round(dur * 1000), 0);
        expect(sum(phases)).toBe(sum(measured));
        expect(endOf(phases.at(-1) as Slice)).toBe(endOf(measured.at(-1) as Slice));
        expect(phases.reduce((total, { args }) => total + Number(args.dispatches), 0)).toBe(found.length);
      }),
    );
  });

  it('gives microseconds, names and the figures of the row', () => {
    const rows = [
      row(0, { measuredSeconds: 1.5e-6, predictedSeconds: 2e-6, limitSeconds: 1e-6 }),
      row(1, { measuredSeconds: 2.25e-3, predictedSeconds: 2e-3, phase: 'backward' }),
    ];
    const trace = traceOf(table(rows), 'nano');
    const [first, second] = slicesOf(trace, traceTracks.measured);
    expect(first).toMatchObject({ name: 'layer 0 / op 0', cat: 'forward', ts: 0, dur: near(1.5) });
    expect(second).toMatchObject({ ts: near(1.5), dur: 2250 });
    expect(first?.args).toEqual({
      kernel: 'matmul.nn/tiled',
      shape: 'rows 4, columns 8',
      phase: 'forward',
      term: 'qkv',
      layer: 0,
      workgroups: 2,
      flops: 100,
      'launched flops': 128,
      bytes: 64,
      'limit (s)': near(1e-6),
      'predicted (s)': near(2e-6),
      'measured (s)': near(1.5e-6),
      'bound by': 'arithmetic',
    });
    const names = trace.traceEvents.filter(({ ph }) => ph === 'M').map(({ args }) => args.name);
    expect(names.filter(Boolean)).toEqual([
      'nano',
      'kernels, measured',
      'kernels, predicted',
      'phases',
      'layers',
    ]);
    expect(trace.otherData).toEqual({ program: 'Flopscope', method: 'wall clock', accumulation: 2 });
    expect(JSON.parse(JSON.stringify(trace))).toEqual(trace);
  });

  it('has no track for what is not known', () => {
    const trace = traceOf(table([row(0, { predictedSeconds: 1 }), row(1, { predictedSeconds: 1 })]), 'step');
    expect(slicesOf(trace, traceTracks.measured)).toEqual([]);
    expect(slicesOf(trace, traceTracks.phases)).toHaveLength(1);
    expect(traceOf(table([row(0)]), 'step').traceEvents.map(({ name }) => name)).toEqual(['process_name']);
  });
});
