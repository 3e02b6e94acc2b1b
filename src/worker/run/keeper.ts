// Keeps one run in this browser while it goes on: its record every ten seconds, its checkpoints when the loop saves.

import type { KernelTable } from '../../contract/kernels.ts';
import type { RunRecord } from '../../contract/records.ts';
import type { LabEvent, OwnText } from '../../contract/runs.ts';
import { writeRunRecord } from '../../lab/records/run-record.ts';
import type { RunRecorder } from '../../lab/records/run-recorder.ts';
import type { RunEntry, RunStorage } from './storage.ts';
import { summaryOf } from './summary.ts';

/** Milliseconds between two writes of the record. */
const recordInterval = 10_000;

/** One run's record on its way to the disk. */
export class RunKeeper {
  readonly #recorder: RunRecorder;
  readonly #storage: RunStorage;
  readonly #text: OwnText | undefined;
  #isTextSaved: boolean;
  #nextWrite = performance.now() + recordInterval;
  /** Writes come one after another: the newest record must be the last on the disk. */
  #writing: Promise<void> = Promise.resolve();

  /** @param isTextSaved whether the person's own text is kept already */
  constructor(recorder: RunRecorder, storage: RunStorage, text: OwnText | undefined, isTextSaved: boolean) {
    this.#recorder = recorder;
    this.#storage = storage;
    this.#text = text;
    this.#isTextSaved = isTextSaved;
  }

  get id(): string {
    return this.#recorder.id;
  }

  /** The record so far. */
  get record(): RunRecord {
    return this.#recorder.record();
  }

  /** Takes an event into the record, and keeps the record when it is time or the run came to rest. */
  take(event: LabEvent): void {
    this.#recorder.take(event);
    const isAtRest = event.kind === 'state' && !['running', 'preparing', 'idle'].includes(event.state);
    if (isAtRest || performance.now() >= this.#nextWrite) this.#writeRecord();
  }

  /** Adds the measured kernels. */
  addKernels(table: KernelTable): void {
    this.#recorder.kernelTable = table;
    this.#writeRecord();
  }

  /** The person's own text that it trains on. */
  get text(): OwnText | undefined {
    return this.#text;
  }

  /** Another name for the run, or another note on it. */
  describe({ title, note }: { readonly title?: string; readonly note?: string }): void {
    if (title !== undefined) this.#recorder.title = title;
    if (note !== undefined) this.#recorder.note = note === '' ? undefined : note;
  }

  /** Keeps a checkpoint with the record up to it, and before the first of them the person's own text. */
  async save(checkpoint: Uint8Array<ArrayBuffer>): Promise<void> {
    if (this.#text && !this.#isTextSaved) await this.#storage.saveText(this.id, this.#text.content);
    this.#isTextSaved = true;
    const saving = this.#writing.then(() => {
      const { record } = this;
      return this.#storage.save(this.#entry(record), checkpoint, writeRunRecord(record));
    });
    this.#writing = saving.catch(() => undefined);
    await saving;
    this.#nextWrite = performance.now() + recordInterval;
  }

  /** Resolves when nothing is on its way to the disk any more. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  /** The run was deleted: what is saved from now on is saved anew. */
  forget(): void {
    this.#isTextSaved = false;
  }

  #writeRecord(): void {
    if (this.record.steps.length === 0) return; // nothing happened yet
    this.#nextWrite = performance.now() + recordInterval;
    // A full disk is reported by the checkpoint's save; a record is no reason to disturb anybody twice.
    this.#writing = this.#writing
      .then(() => {
        const { record } = this; // as it is when its turn comes
        return this.#storage.saveRecord(this.#entry(record), writeRunRecord(record));
      })
      .catch(() => undefined);
  }

  #entry(record: RunRecord): RunEntry {
    const last = record.steps.at(-1);
    return {
      id: this.id,
      title: record.title,
      savedAt: new Date().toISOString(),
      step: last?.step ?? 0,
      totalSteps: record.totalSteps,
      loss: last?.loss ?? 0,
      state: record.state,
      ...summaryOf(record),
      hasText: this.#isTextSaved && this.#text !== undefined,
    };
  }
}
