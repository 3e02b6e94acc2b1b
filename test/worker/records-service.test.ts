// Runs on record in the worker: kept with the run, renamed, opened from files, compared; and what an older layout kept.
import { describe, expect, it } from 'vitest';
import type { LabEvent } from '../../src/contract/runs.ts';
import type { Result } from '../../src/contract/values.ts';
import { readRunRecord, writeRunRecord } from '../../src/lab/records/run-record.ts';
import { createRecords } from '../../src/worker/records-service.ts';
import { Runs } from '../../src/worker/run/runs.ts';
import { exampleRecord } from '../lab/records/example-record.ts';
import { tinyExperiment } from '../lab/training/tiny-runs.ts';
import { MemoryStorage } from './memory-storage.ts';
import { ReferenceDevices } from './reference-devices.ts';

function setUp(storage = new MemoryStorage()) {
  const events: LabEvent[] = [];
  const devices = new ReferenceDevices(storage);
  const runs = new Runs(devices, storage.asRunStorage(), (event) => events.push(event));
  const train = async (train: object): Promise<void> => {
    await runs.prepare(JSON.parse(JSON.stringify(tinyExperiment({ train: { ...train } }))));
    runs.start();
    const isOver = (event: LabEvent) =>
      event.kind === 'state' && ['finished', 'diverged'].includes(event.state);
    while (!events.some(isOver)) await new Promise((resolve) => setTimeout(resolve, 5));
    await runs.stop();
  };
  return { storage, runs, events, train, records: createRecords(runs, storage.asRunStorage()) };
}

function taken<T>(result: Result<T>): T {
  if (result.kind === 'problem') throw new Error(result.problem.message);
  return result.value;
}

const messageOf = <T>(result: Result<T>): string => (result.kind === 'problem' ? result.problem.message : '');
const fileOf = (record: unknown, name = 'a.json') => new File([JSON.stringify(record)], name);

describe('records of this browser', () => {
  it('have what happened in the run, and survive the worker', async () => {
    const first = setUp();
    await first.train({ steps: 4, evaluationInterval: 2 });
    const second = setUp(first.storage);
    const [kept] = await second.records.keptRuns();
    expect(kept).toMatchObject({ state: 'finished', canContinue: true, step: 4, totalSteps: 4 });
    const record = taken(await second.records.runRecord(kept?.id ?? ''));
    expect(record.steps).toHaveLength(4);
    expect(record.evaluations.map(({ step }) => step)).toEqual([2, 4]);
    expect(record.device).toMatchObject({ runtime: 'cpu', name: 'Reference loops on the processor' });
    expect(record).toMatchObject({ state: 'finished', id: kept?.id, title: kept?.title });
  });

  it('go on with a run that goes on after a reload', async () => {
    const first = setUp();
    await first.runs.prepare(JSON.parse(JSON.stringify(tinyExperiment({ train: { steps: 6 } }))));
    for (let i = 0; i < 3; i++) await first.runs.step();
    await first.runs.stop();
    const second = setUp(first.storage);
    const [kept] = await second.records.keptRuns();
    await second.runs.openSaved(kept?.id ?? '');
    await second.runs.step();
    const open = taken(await second.records.runRecord(kept?.id ?? ''));
    expect(open.steps.map(({ step }) => step)).toEqual([1, 2, 3, 4]);
    expect(open.title).toBe(kept?.title);
  });

  it('keep a run that diverged before its first checkpoint', async () => {
    const { train, records } = setUp();
    const wild = { optimizer: { learningRate: 10 }, clip: 0, steps: 200 };
    await train({ ...wild });
    const [kept] = await records.keptRuns();
    expect(kept).toMatchObject({ state: 'diverged', canContinue: false });
    expect(taken(await records.runRecord(kept?.id ?? '')).message).toMatch(/at step \d+/);
  });

  it('take another name, the open one too, and refuse none', async () => {
    const { train, records, runs, storage } = setUp();
    await train({ steps: 2 });
    const [{ id } = { id: '' }] = await records.keptRuns();
    taken(await records.renameRun(id, '  My\n <b>run</b> '));
    expect((await records.keptRuns())[0]?.title).toBe('My <b>run</b>');
    expect(runs.openRecord(id)?.title).toBe('My <b>run</b>');
    expect(taken(await setUp(storage).records.runRecord(id)).title).toBe('My <b>run</b>');
    expect(taken(await records.renameRun(id, 'My <b>run</b>'))).toBe('My <b>run</b>'); // its own
    expect(messageOf(await records.renameRun(id, ' '))).toMatch(/Give the run a name/);
    expect(messageOf(await records.renameRun('none', 'x'))).toMatch(/none with id none/);
  });

  it('are read of what layout 1 kept', async () => {
    const { storage, records } = setUp();
    const { steps, evaluations, experiment } = exampleRecord();
    const events: LabEvent[] = steps.map((step) => ({ kind: 'steps', steps: [step] }));
    storage.runs.set('old', {
      ...{ id: 'old', title: 'An old run', savedAt: '2026-11-22T10:00:00.000Z', step: 20, totalSteps: 20 },
      ...{ loss: 2.5, bytes: 9, state: 'finished', canContinue: true, slot: 0, sha256: '', hasText: false },
      experiment,
      curve: [...events, ...evaluations.map((one) => ({ kind: 'evaluation' as const, ...one }))],
    });
    const record = taken(await records.runRecord('old'));
    expect(record.steps).toEqual(steps);
    expect(record.evaluations).toEqual(evaluations);
    expect(readRunRecord(writeRunRecord(record))).toEqual(record);
  });

  it('of a tab that crashed do not say that they run', async () => {
    const first = setUp();
    await first.train({ steps: 2 });
    const [run] = [...first.storage.runs.values()];
    if (!run) throw new Error('nothing was saved');
    first.storage.runs.set(run.id, { ...run, state: 'running' });
    const { records } = setUp(first.storage);
    expect((await records.keptRuns())[0]?.state).toBe('paused');
    expect(taken(await records.runRecord(run.id)).state).toBe('paused');
  });

  it('say in one sentence which one is damaged, and the run still opens', async () => {
    const first = setUp();
    await first.train({ steps: 2 });
    const [{ id } = { id: '' }] = await first.records.keptRuns();
    first.storage.records.set(id, new TextEncoder().encode('{"format":'));
    const second = setUp(first.storage);
    expect(messageOf(await second.records.runRecord(id))).toMatch(/not JSON/);
    await second.runs.openSaved(id);
    expect(second.events.at(-1)).toEqual({ kind: 'state', state: 'paused' });
  });
});

describe('records of files', () => {
  it('are read, kept, and exported as they came', async () => {
    const { records } = setUp();
    const record = taken(await records.readRecord(fileOf(exampleRecord())));
    expect(record).toEqual(exampleRecord());
    const id = taken(await records.keepRecord(record));
    expect(taken(await records.runRecord(id))).toEqual(record);
    expect(await records.keptRuns()).toMatchObject([{ id: 'example', canContinue: false, step: 20 }]);
  });

  it('never take the place of a run that is here, nor of a file elsewhere', async () => {
    const { records, storage } = setUp();
    await records.keepRecord(exampleRecord());
    const again = taken(await records.keepRecord(exampleRecord({ title: 'Another' })));
    const forged = taken(await records.keepRecord(exampleRecord({ id: '../../etc' })));
    expect([...storage.runs.keys()]).toEqual(['example', again, forged]);
    expect(forged).toMatch(/^record-[\d-]+$/);
    expect(taken(await records.runRecord('example')).title).toBe('An example');
  });

  it('have names of their own, from files and after renaming', async () => {
    const { records } = setUp();
    const file = exampleRecord({ id: 'other' });
    for (const record of [exampleRecord(), file, file]) await records.keepRecord(record);
    const titles = async () => (await records.keptRuns()).map(({ title }) => title);
    expect(await titles()).toEqual(['An example', 'An example (2)']);
    expect(taken(await records.runRecord('other')).title).toBe('An example (2)');
    expect(taken(await records.renameRun('other', 'An example'))).toBe('An example (2)');
    expect(await titles()).toEqual(['An example', 'An example (2)']);
  });

  it('are kept once however often they are opened', async () => {
    const { records } = setUp();
    const ids = [await records.keepRecord(exampleRecord()), await records.keepRecord(exampleRecord())];
    expect(ids.map(taken)).toEqual(['example', 'example']);
    expect(await records.keptRuns()).toHaveLength(1);
  });

  it('are refused with the file named when they are newer, damaged or forged', async () => {
    const { records } = setUp();
    const newer = await records.readRecord(fileOf({ ...exampleRecord(), version: 9 }, 'new.json'));
    expect(messageOf(newer)).toMatch(/^new\.json: its version 9 is newer than 1/);
    expect(messageOf(await records.readRecord(new File(['{'], 'b.json')))).toMatch(/^b\.json: not JSON/);
    const forged = { ...exampleRecord(), steps: 'many' } as unknown as ReturnType<typeof exampleRecord>;
    expect(messageOf(await records.keepRecord(forged))).toMatch(/steps/);
    expect(await records.keptRuns()).toEqual([]);
  });
});

it('several records are compared and reported', async () => {
  const { records } = setUp();
  const both = [exampleRecord(), exampleRecord({ title: 'Wide' }, { model: { width: 32 } })];
  expect(taken(await records.compareRecords(both))[1]?.differences).toBe('width 16→32');
  expect(taken(await records.recordsReport(both))).toContain('width 16→32');
  expect(messageOf(await records.recordsReport([]))).toMatch(/no run/);
});
