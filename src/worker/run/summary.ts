// What a list says of a run, read off its record.

import type { RunRecord, RunSummary } from '../../contract/records.ts';
import { nearestPreset } from '../../lab/records/run-title.ts';
import { tokensPerSecond } from '../../lab/training/completion-times.ts';
import { parseExperiment } from '../../model/config.ts';
import { isSoftwareGpu } from '../../text/device-kind.ts';
import type { RunStorage } from './storage.ts';

/** The summary of a record. */
export function summaryOf(record: RunRecord): RunSummary {
  const { note, steps, evaluations, experiment, device } = record;
  const last = steps.at(-1);
  const validationLoss = evaluations.at(-1)?.loss;
  const rate = last && tokensPerSecond(last.tokens, last.seconds);
  return {
    // A list has room for a name, not for a driver with its versions: those are in the record.
    device: isSoftwareGpu(device) ? 'a software GPU' : device.name,
    ...(note === undefined ? {} : { note }),
    ...changesOf(experiment),
    ...(validationLoss === undefined ? {} : { validationLoss }),
    ...(rate === undefined ? {} : { tokensPerSecond: rate }),
  };
}

function changesOf(json: RunRecord['experiment']): Pick<RunSummary, 'preset' | 'settings'> {
  const parsed = parseExperiment(json);
  if (parsed.kind !== 'ok') return {};
  const { title, settings } = nearestPreset(parsed.experiment);
  return { preset: title, settings };
}

/** Titles of the runs of this browser. */
export async function titlesIn(storage: Pick<RunStorage, 'list'>): Promise<readonly string[]> {
  return (await storage.list().catch(() => [])).map(({ title }) => title);
}
