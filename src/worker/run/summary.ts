// What a list says of a run, read off its record.

import type { RunRecord, RunSummary } from '../../contract/records.ts';
import { nearestPreset } from '../../lab/records/run-title.ts';
import { tokensPerSecond } from '../../lab/training/completion-times.ts';
import { parseExperiment } from '../../model/config.ts';
import { isSoftwareGpu } from '../../text/device-kind.ts';
import type { RunStorage } from './storage.ts';

/** Changes that a line names; the rest is counted. */
const namedChanges = 6;

/** The summary of a record. */
export function summaryOf(record: RunRecord): RunSummary {
  const { note, steps, evaluations, experiment, device } = record;
  const last = steps.at(-1);
  const validationLoss = evaluations.at(-1)?.loss;
  const rate = last && tokensPerSecond(last.tokens, last.seconds);
  const changes = changesOf(experiment);
  return {
    // A list has room for a name, not for a driver with its versions: those are in the record.
    device: isSoftwareGpu(device) ? 'a software GPU' : device.name,
    ...(note === undefined ? {} : { note }),
    ...(changes === undefined ? {} : { changes }),
    ...(validationLoss === undefined ? {} : { validationLoss }),
    ...(rate === undefined ? {} : { tokensPerSecond: rate }),
  };
}

function changesOf(json: RunRecord['experiment']): string | undefined {
  const parsed = parseExperiment(json);
  if (parsed.kind !== 'ok') return undefined;
  const { title, changes } = nearestPreset(parsed.experiment);
  if (changes.length === 0) return title;
  const left = changes.length - namedChanges;
  return `${title}: ${changes.slice(0, namedChanges).join(', ')}${left > 0 ? ` and ${left} more` : ''}`;
}

/** Titles of the runs of this browser. */
export async function titlesIn(storage: Pick<RunStorage, 'list'>): Promise<readonly string[]> {
  return (await storage.list().catch(() => [])).map(({ title }) => title);
}
