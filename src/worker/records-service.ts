// Runs on record for the page: those of this browser, those of files, and several of them compared.

import type { KeptRun, RecordsApi, RunRecord, RunSummary } from '../contract/records.ts';
import { LabError, stage } from '../lab/plans/problem.ts';
import { compareRuns } from '../lab/records/compare.ts';
import { recordsReport } from '../lab/records/report.ts';
import {
  checkRunRecord,
  maximumRecordBytes,
  readRunRecord,
  writeRunRecord,
} from '../lab/records/run-record.ts';
import { uniqueTitle } from '../lab/records/run-title.ts';
import { answer } from './answer.ts';
import { keptRecord, restingState } from './run/kept-record.ts';
import type { Runs } from './run/runs.ts';
import type { RunStorage } from './run/storage.ts';
import { summaryOf } from './run/summary.ts';

/** Characters of a title, and of a note. */
const [titleLength, noteLength] = [200, 1000];

/** Makes this part of the lab. */
export function createRecords(
  runs: Pick<Runs, 'openRecord' | 'describe' | 'requireHere' | 'elsewhere'>,
  storage: Pick<RunStorage, 'list' | 'entry' | 'record' | 'saveRecord' | 'describe'>,
): RecordsApi {
  const recordOf = async (id: string): Promise<RunRecord> => {
    const open = runs.openRecord(id);
    if (open) return open;
    const entry = await stage('invalidFile', () => storage.entry(id));
    const record = await keptRecord(storage, entry);
    if (record) return record;
    throw new LabError({ kind: 'invalidFile', message: `saved runs: ${entry.title} has no record.` });
  };
  const describe = async (id: string, words: { readonly title?: string; readonly note?: string }) => {
    await runs.requireHere(id); // its keeper would write the old words again
    await stage('invalidFile', () => storage.describe(id, words));
    runs.describe(id, words);
  };
  return {
    keptRuns: async () => {
      const elsewhere = await runs.elsewhere();
      return (await storage.list().catch(() => [])).map((run) => {
        const isElsewhere = elsewhere.has(run.id);
        const isOpen = isElsewhere || runs.openRecord(run.id) !== undefined;
        return listed({ ...run, isElsewhere, ...(isOpen ? {} : { state: restingState(run) }) });
      });
    },
    runRecord: (id) => answer(() => recordOf(id)),
    readRecord: (file) => answer(() => stage('invalidFile', () => readFile(file))),
    keepRecord: (record) => answer(() => keep(storage, record)),
    renameRun: (id, title) =>
      answer(async () => {
        const given = title.replace(/\s+/g, ' ').trim().slice(0, titleLength);
        if (given === '') throw new LabError({ kind: 'invalidRequest', message: 'Give the run a name.' });
        const others = (await storage.list().catch(() => [])).filter((other) => other.id !== id);
        const unique = uniqueTitle(
          given,
          others.map(({ title }) => title),
        );
        await describe(id, { title: unique });
        return unique;
      }),
    noteRun: (id, note) =>
      answer(async () => {
        await describe(id, { note: note.trim().slice(0, noteLength) });
        return undefined;
      }),
    compareRecords: (records) => answer(async () => compareRuns(records)),
    recordsReport: (records) => answer(async () => recordsReport(records)),
  };
}

/** The record in a file. @throws as `readRunRecord`; a file that is too large is not read at all */
async function readFile(file: Blob): Promise<RunRecord> {
  const name = 'name' in file && typeof file.name === 'string' ? file.name.slice(0, 80) : 'record';
  const start = file.slice(0, maximumRecordBytes + 1);
  return readRunRecord(new Uint8Array(await start.arrayBuffer()), name);
}

/** Keeps a record of a file. One that is here already keeps its checkpoint: the copy gets a name of its own. */
async function keep(
  storage: Pick<RunStorage, 'list' | 'record' | 'saveRecord'>,
  given: RunRecord,
): Promise<string> {
  const record = await stage('invalidFile', () => checkRunRecord(given));
  const others = await storage.list();
  const isTaken = others.some(({ id }) => id === record.id);
  if (isTaken && isSame(await storage.record(record.id), record)) return record.id;
  const isSafe = /^[\w-]{1,64}$/.test(record.id); // it becomes part of a file's name
  const id = isTaken || !isSafe ? `record-${Date.now()}-${Math.floor(Math.random() * 1e9)}` : record.id;
  const last = record.steps.at(-1);
  const title = uniqueTitle(
    record.title,
    others.map(({ title }) => title),
  );
  const entry = {
    id,
    title,
    state: record.state,
    totalSteps: record.totalSteps,
    savedAt: new Date().toISOString(),
    step: last?.step ?? 0,
    loss: last?.loss ?? 0,
    hasText: false,
    ...summaryOf(record),
  };
  await storage.saveRecord(entry, writeRunRecord({ ...record, id, title }));
  return id;
}

/** Whether what is kept came from the same file: its name may have been another run's. */
function isSame(kept: Uint8Array | undefined, record: RunRecord): boolean {
  if (kept === undefined) return false;
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  const { title } = readRunRecord(kept, record.id);
  const isNumbered = title.startsWith(`${record.title} (`);
  return text(kept) === text(writeRunRecord(isNumbered ? { ...record, title } : record));
}

/** What the page sees of an index entry. */
function listed(run: KeptRun): KeptRun {
  const { id, title, savedAt, step, totalSteps, loss, bytes, state, canContinue, isElsewhere = false } = run;
  const { note, changes, preset, settings, device, validationLoss, tokensPerSecond } = run;
  const summary = {
    note: note || undefined,
    changes,
    preset,
    settings,
    device,
    validationLoss,
    tokensPerSecond,
  };
  return {
    id,
    title,
    savedAt,
    step,
    totalSteps,
    loss,
    bytes,
    state,
    canContinue,
    isElsewhere,
    ...(Object.fromEntries(Object.entries(summary).filter(([, value]) => value !== undefined)) as RunSummary),
  };
}
