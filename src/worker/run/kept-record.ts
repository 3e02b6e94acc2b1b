// The record of a run that this browser keeps, whichever layout kept it, and its curve as events.

import type { RunRecord } from '../../contract/records.ts';
import type { LabEvent } from '../../contract/runs.ts';
import { stage } from '../../lab/plans/problem.ts';
import { readRunRecord } from '../../lab/records/run-record.ts';
import { parseExperiment, schemaVersion } from '../../model/config.ts';
import type { RunStorage, StoredRun } from './storage.ts';

/** The record of a run. @throws LabError if it is lost or damaged */
export async function keptRecord(
  storage: Pick<RunStorage, 'record'>,
  run: StoredRun,
): Promise<RunRecord | undefined> {
  const bytes = await storage.record(run.id);
  const record = bytes ? await stage('invalidFile', () => readRunRecord(bytes, run.title)) : oldRecord(run);
  if (record === undefined) return undefined;
  // The index has the title and the note that a person gave, and the name under which the run is kept here.
  const { note: _, ...rest } = record;
  const note = run.note ?? record.note;
  return {
    ...rest,
    id: run.id,
    title: run.title,
    state: restingState(run),
    ...(note === undefined || note === '' ? {} : { note }),
  };
}

/** A run that is not open does not run, whatever it last said: its tab was closed or crashed. */
export function restingState({ state }: Pick<StoredRun, 'state'>): RunRecord['state'] {
  return state === 'running' ? 'paused' : state;
}

/** A run's curve as the events in which it came. */
export function curveOf({ steps, evaluations, samples }: RunRecord): LabEvent[] {
  return [
    ...(steps.length > 0 ? [{ kind: 'steps' as const, steps }] : []),
    ...evaluations.map((evaluation) => ({ kind: 'evaluation' as const, ...evaluation })),
    ...samples.map((sample) => ({ kind: 'sample' as const, ...sample })),
  ];
}

/** A record of what layout 1 kept: configuration and curve. */
function oldRecord({
  id,
  title,
  savedAt,
  state,
  totalSteps,
  experiment,
  curve,
}: StoredRun): RunRecord | undefined {
  const parsed = parseExperiment(experiment);
  if (!curve || parsed.kind !== 'ok') return undefined;
  return {
    format: 'flopscope-run',
    version: 1,
    appVersion: 'before records',
    id,
    title,
    state,
    totalSteps,
    startedAt: savedAt,
    configVersion: schemaVersion,
    experiment: parsed.experiment,
    device: { runtime: 'gpu', name: 'not recorded', isSoftware: false, host: '' },
    timingMethod: 'not recorded',
    steps: curve.flatMap((event) => (event.kind === 'steps' ? [...event.steps] : [])),
    evaluations: curve.flatMap((event) => {
      if (event.kind !== 'evaluation') return [];
      const { step, tokens, flops, seconds, loss } = event;
      return [{ step, tokens, flops, seconds, loss }];
    }),
    samples: [],
  };
}
