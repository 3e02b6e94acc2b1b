// Runs of the worker on the reference loops, with a storage in memory, and what tests ask of them.
import type { LabEvent } from '../../../src/contract/runs.ts';
import type { ExperimentJson, NamedFile } from '../../../src/contract/values.ts';
import { Runs } from '../../../src/worker/run/runs.ts';
import { type Changes, tinyExperiment } from '../../lab/training/tiny-runs.ts';
import { MemoryStorage } from '../memory-storage.ts';
import { ReferenceDevices } from '../reference-devices.ts';

/** A worker's runs, what they keep and what they say. */
export interface Setup {
  readonly runs: Runs;
  readonly storage: MemoryStorage;
  readonly events: LabEvent[];
}

export function setUp(storage = new MemoryStorage()): Setup {
  const events: LabEvent[] = [];
  const devices = new ReferenceDevices(storage);
  return {
    runs: new Runs(devices, storage.asRunStorage(), (event) => events.push(event)),
    storage,
    events,
  };
}

export function json(changes: Changes = {}): ExperimentJson {
  return JSON.parse(JSON.stringify(tinyExperiment(changes)));
}

export function lossesIn(events: readonly LabEvent[]): Map<number, number> {
  const records = events.flatMap((event) => (event.kind === 'steps' ? event.steps : []));
  return new Map(records.map(({ step, loss }) => [step, loss]));
}

/** Starts and waits for a state. */
export async function runTo({ runs, events }: Setup, state: string): Promise<void> {
  runs.start();
  while (!events.some((event) => event.kind === 'state' && event.state === state)) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export const asFiles = (files: readonly NamedFile[]) =>
  files.map(({ name, bytes }) => ({ name: `folder/${name}`, content: new Blob([bytes]) }));
export const text = (content: string) => ({ name: 'own.txt', content: new Blob([content]) });
export const ownWords = 'the cat sat on the mat. '.repeat(60);
