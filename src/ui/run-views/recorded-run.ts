// Runs on record as the page shows them: the one that ships with it, and how far a replay of one has come.
import type { RunRecord } from '../../contract/records.ts';

/**
 * Fetches the record that ships with the page; undefined when there is none. It is this build's own file, which a test
 * reads with the schema that a stranger's file goes through in the worker: here it only has to be of this version.
 */
export async function fetchRecordedRun(address = 'recorded-run.json'): Promise<RunRecord | undefined> {
  try {
    const response = await fetch(address);
    if (!response.ok) return undefined;
    const record = (await response.json()) as RunRecord | undefined;
    const isOurs = record?.format === 'flopscope-run' && record.version === 1;
    return isOurs && record.steps.length > 1 ? record : undefined;
  } catch {
    return undefined;
  }
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
