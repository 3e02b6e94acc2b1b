// Runs of studies that ship with the page: what a law looks like before there are runs of one's own.
import { fetchRecording } from '../state/recording.ts';
import type { RecordedRuns } from './runs.ts';

/** `recorded-laws.json`; numbers a run in the order of `columns`. */
interface Recording {
  readonly format: 'flopscope-laws';
  readonly version: 1;
  readonly sets: readonly (Omit<RecordedRuns, 'points'> & {
    readonly columns: readonly ('parameters' | 'tokens' | 'flops' | 'loss')[];
    readonly rows: readonly (readonly number[])[];
  })[];
}

/** Fetches them; none where the file is missing. */
export async function fetchRecordedRuns(): Promise<readonly RecordedRuns[]> {
  const recording = await fetchRecording<Recording>('recorded-laws.json', {
    format: 'flopscope-laws',
    version: 1,
  });
  return recording === undefined ? [] : readRecording(recording);
}

/** Its sets as points; where only flops are known, D = C / 6N. */
export function readRecording({ sets }: Recording): readonly RecordedRuns[] {
  return sets.map(({ columns, rows, ...set }) => ({
    ...set,
    points: rows.map((row) => {
      const cell = (column: (typeof columns)[number]) => row[columns.indexOf(column)];
      const [parameters, flops] = [cell('parameters'), cell('flops')];
      const tokens = cell('tokens') ?? flops / (6 * parameters);
      return { parameters, tokens, loss: cell('loss'), ...(flops === undefined ? {} : { flops }) };
    }),
  }));
}
