// The record that `flopscope train` keeps of its run: DIR/record.json with --out, any file with --record.
import { randomUUID } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import type { RecordedDevice, RunRecord } from '../../contract/records.ts';
import { problemOf } from '../../lab/plans/problem.ts';
import { modelCard, modelCardMark, modelCardName } from '../../lab/records/model-card.ts';
import { readRunRecord, recordFileName, writeRunRecord } from '../../lab/records/run-record.ts';
import { type RecordedRun, RunRecorder } from '../../lab/records/run-recorder.ts';
import type { Machine } from '../device.ts';
import { type NamedBytes, prepareFile, readIfPresent, resolvePath, writeFiles } from '../files.ts';
import type { Output } from '../output.ts';

/** Where the record goes, and where the run comes from. */
export interface RecordGoal {
  readonly out?: string | undefined;
  readonly record?: string | undefined;
  readonly resume?: string | undefined;
}

/** A run's recorder with its way to the disk. */
export interface TrainRecord {
  readonly recorder: RunRecorder;
  /** What --record says. */
  readonly path: string | undefined;
  /** The record as a file of the directory of results. */
  file(): NamedBytes;
  /** The model card, unless the directory has a README.md of somebody else's. */
  card(directory: string, output: Output): Promise<readonly NamedBytes[]>;
  /** Writes the record where --record says; nothing without it. @throws LabError */
  write(): Promise<void>;
}

/** Makes sure that a record can be written before the work begins. @throws LabError */
export async function checkRecordPath({ record }: RecordGoal): Promise<void> {
  if (record !== undefined) await prepareFile(resolvePath(record));
}

/** Begins the record of a run, or goes on with that of the directory it resumes. */
export async function beginRecord(
  run: RecordedRun,
  title: string,
  machine: Machine,
  { record, resume }: RecordGoal,
  output: Output,
): Promise<TrainRecord> {
  const before = resume === undefined ? undefined : await earlierRecord(resolvePath(resume), output);
  const recorder = new RunRecorder(run, {
    id: before?.id ?? randomUUID(),
    title: before?.title ?? title,
    device: deviceOf(machine),
    profile: machine.engine.profile,
    before,
  });
  const path = record === undefined ? undefined : resolvePath(record);
  const bytes = () => writeRunRecord(recorder.record());
  return {
    recorder,
    path,
    file: () => ({ name: recordFileName, bytes: bytes() }),
    card: (directory, to) => cardFile(directory, modelCard(recorder.record()), to),
    write: async () => {
      if (path !== undefined) await writeFiles(dirname(path), [{ name: basename(path), bytes: bytes() }]);
    },
  };
}

async function cardFile(directory: string, card: string, output: Output): Promise<readonly NamedBytes[]> {
  const there = await readIfPresent(join(directory, modelCardName));
  if (there && !new TextDecoder().decode(there).includes(modelCardMark)) {
    output.note(`train: ${modelCardName} in ${directory} is not ours: it stays, and there is no model card.`);
    return [];
  }
  return [{ name: modelCardName, bytes: new TextEncoder().encode(card) }];
}

/** This machine as records name it. */
export function deviceOf({ engine, device, open }: Machine): RecordedDevice {
  const { vendor, architecture, isSoftware } = open?.facts ?? {};
  return {
    runtime: engine.kind,
    name: device.slice(0, 300),
    ...(vendor ? { vendor } : {}),
    ...(architecture ? { architecture } : {}),
    isSoftware: isSoftware ?? true,
    host: `Node ${process.versions.node}${open ? ', Dawn' : ''}`,
    ...(open ? { features: [...open.capabilities.features].sort() } : {}),
  };
}

/** The record of a resumed run. One that cannot be read costs the run nothing but its beginning. */
async function earlierRecord(directory: string, output: Output): Promise<RunRecord | undefined> {
  const path = join(directory, recordFileName);
  try {
    const bytes = await readIfPresent(path);
    return bytes && readRunRecord(bytes, path);
  } catch (error) {
    output.note(`resume: the record begins anew: ${problemOf(error).message}`);
    return undefined;
  }
}
