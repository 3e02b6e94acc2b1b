// A kernel table as a trace that Perfetto and Chrome's tracing page open: one step, laid out on tracks.
//
// The JSON trace format knows complete events (`ph: 'X'`) with start and duration in microseconds, and names of
// processes and threads as metadata events. Its readers drop slices of one track that overlap, so every start is the
// sum of the durations before it, in whole nanoseconds: no rounding can push one slice into the next.
import type { KernelRow, KernelTable } from '../../contract/kernels.ts';

/** What a slice tells about its dispatch. */
export type TraceArguments = Readonly<Record<string, string | number>>;

/** One event of the format; only the two kinds that are written here. */
export type TraceEvent =
  | {
      readonly ph: 'X';
      readonly name: string;
      readonly cat: string;
      readonly pid: number;
      readonly tid: number;
      /** Microseconds. */
      readonly ts: number;
      readonly dur: number;
      readonly args: TraceArguments;
    }
  | {
      readonly ph: 'M';
      readonly name: 'process_name' | 'thread_name' | 'thread_sort_index';
      readonly pid: number;
      readonly tid: number;
      readonly args: TraceArguments;
    };

/** A whole trace, in the object form of the format. */
export interface Trace {
  readonly displayTimeUnit: 'ns';
  readonly otherData: TraceArguments;
  readonly traceEvents: readonly TraceEvent[];
}

/** Tracks, in the order in which they are shown. */
export const traceTracks = { measured: 1, predicted: 2, phases: 3, layers: 4 } as const;

const processId = 1;

/** Nanoseconds; a slice of none would not be seen, so each takes at least one. */
const nanoseconds = (seconds: number): number =>
  Math.max(1, Number.isFinite(seconds) ? Math.round(seconds * 1e9) : 1);

/**
 * One step as a trace: kernels as measured and as predicted, each on its track, phases and layers over the measured
 * ones (the predicted ones where nothing was measured). A micro-batch that runs several times in a step is shown once.
 * @param title name of the process in the viewer
 */
export function traceOf(table: KernelTable, title: string): Trace {
  const { rows, method, accumulation = 1, stepSeconds } = table;
  const measured = track(rows, (row) => row.measuredSeconds, traceTracks.measured);
  const predicted = track(rows, (row) => row.predictedSeconds, traceTracks.predicted);
  const base = measured.length > 0 ? measured : predicted;
  const phases = spans(base, rows, traceTracks.phases, ({ phase }) => phase);
  const layers = spans(base, rows, traceTracks.layers, ({ layer }) =>
    layer === undefined ? undefined : `layer ${layer}`,
  );
  const tracks = [
    { id: traceTracks.measured, name: 'kernels, measured', slices: measured },
    { id: traceTracks.predicted, name: 'kernels, predicted', slices: predicted },
    { id: traceTracks.phases, name: 'phases', slices: phases },
    { id: traceTracks.layers, name: 'layers', slices: layers },
  ].filter(({ slices }) => slices.length > 0);
  return {
    displayTimeUnit: 'ns',
    otherData: {
      program: 'Flopscope',
      method,
      accumulation,
      ...(stepSeconds === undefined ? {} : { stepSeconds }),
    },
    traceEvents: [
      metadata('process_name', 0, { name: title }),
      ...tracks.flatMap(({ id, name }) => [
        metadata('thread_name', id, { name }),
        metadata('thread_sort_index', id, { sort_index: id }),
      ]),
      ...tracks.flatMap(({ slices }) => slices.map(eventOf)),
    ],
  };
}

/** A slice in nanoseconds, with the rows that it covers. */
interface Slice {
  readonly name: string;
  readonly category: string;
  readonly track: number;
  readonly start: number;
  readonly end: number;
  readonly arguments: TraceArguments;
}

/** The rows one after another; none where a row has no time. */
function track(
  rows: readonly KernelRow[],
  read: (row: KernelRow) => number | undefined,
  id: number,
): readonly Slice[] {
  const slices: Slice[] = [];
  let start = 0;
  for (const row of rows) {
    const seconds = read(row);
    if (seconds === undefined) return [];
    const end = start + nanoseconds(seconds);
    slices.push({
      name: row.label,
      category: row.phase,
      track: id,
      start,
      end,
      arguments: argumentsOf(row),
    });
    start = end;
  }
  return slices;
}

/** Runs of neighbouring rows of one name as slices over `base`, which has one slice a row. */
function spans(
  base: readonly Slice[],
  rows: readonly KernelRow[],
  id: number,
  nameOf: (row: KernelRow) => string | undefined,
): readonly Slice[] {
  const slices: Slice[] = [];
  let open: Slice | undefined;
  for (const [index, { start, end, category }] of base.entries()) {
    const row = rows[index];
    const name = row && nameOf(row);
    if (open && open.name === name && open.category === category) {
      open = { ...open, end, arguments: { dispatches: Number(open.arguments.dispatches) + 1 } };
      slices[slices.length - 1] = open;
    } else if (name === undefined) {
      open = undefined;
    } else {
      open = { name, category, track: id, start, end, arguments: { dispatches: 1 } };
      slices.push(open);
    }
  }
  return slices;
}

/** Numbers as they are, what is not known left out. */
function argumentsOf(row: KernelRow): TraceArguments {
  const known = Object.entries({
    kernel: row.kernel,
    shape: row.shape,
    phase: row.phase,
    term: row.term,
    layer: row.layer,
    workgroups: row.workgroups,
    flops: row.usefulFlops,
    'launched flops': row.launchedFlops,
    bytes: row.bytes,
    'limit (s)': row.limitSeconds,
    'predicted (s)': row.predictedSeconds,
    'measured (s)': row.measuredSeconds,
    'bound by': row.boundBy,
  }).filter((entry): entry is [string, string | number] => entry[1] !== undefined);
  return Object.fromEntries(known);
}

function eventOf({ name, category, track, start, end, arguments: args }: Slice): TraceEvent {
  const [ts, dur] = [start / 1000, (end - start) / 1000];
  return { ph: 'X', name, cat: category, pid: processId, tid: track, ts, dur, args };
}

function metadata(
  name: Extract<TraceEvent, { ph: 'M' }>['name'],
  tid: number,
  args: TraceArguments,
): TraceEvent {
  return { ph: 'M', name, pid: processId, tid, args };
}
