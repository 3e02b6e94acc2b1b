// Runs on record as the page shows them: the one that ships with it, and how far a replay of one has come.
import type { RunRecord } from '../../contract/records.ts';
import { fetchRecording } from '../state/recording.ts';

/** Fetches the record that ships with the page; undefined when there is none. */
export async function fetchRecordedRun(): Promise<RunRecord | undefined> {
  const record = await fetchRecording<RunRecord>('recorded-run.json', {
    format: 'flopscope-run',
    version: 1,
  });
  return record !== undefined && record.steps.length > 1 ? record : undefined;
}

/** What a replay shows when `share` (0 to 1) of it has passed. */
export function replayUntil(
  run: RunRecord,
  share: number,
): Pick<RunRecord, 'steps' | 'evaluations' | 'samples'> {
  const count = Math.max(1, Math.ceil(Math.min(1, share) * run.steps.length));
  const steps = run.steps.slice(0, count);
  const now = share >= 1 ? Number.POSITIVE_INFINITY : (steps[steps.length - 1]?.step ?? 0);
  return {
    steps,
    evaluations: run.evaluations.filter(({ step }) => step <= now),
    samples: run.samples.filter(({ step }) => step <= now),
  };
}
