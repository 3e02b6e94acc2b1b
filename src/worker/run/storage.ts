// Keeps runs in this browser: an index in IndexedDB, checkpoints and texts as files in the origin's private file system.
import { type DBSchema, type IDBPDatabase, openDB } from 'idb';
import * as v from 'valibot';
import type { KeptRun } from '../../contract/records.ts';
import type { LabEvent } from '../../contract/runs.ts';
import type { ExperimentJson } from '../../contract/values.ts';
import { sha256Hex } from '../../data/sha256.ts';
import type { CheckedKernels } from '../../lab/plans/self-test.ts';
import type { DeviceProfile } from '../../plan/device-profile.ts';
import { appVersion } from '../../text/app-version.ts';
import { OriginFolder } from './origin-folder.ts';

/** The index entry of a run. Its record, checkpoints and text are files. */
export interface StoredRun extends KeptRun {
  /** Which of the two checkpoint files is the newest complete one, and its SHA-256; none of a record alone. */
  readonly slot?: 0 | 1;
  readonly sha256?: string;
  readonly hasText: boolean;
  /** Layout 1 kept these here and no record. */
  readonly experiment?: ExperimentJson;
  readonly curve?: readonly LabEvent[];
}

/** What changes in the index when a run is saved. */
export type RunEntry = Omit<StoredRun, 'slot' | 'sha256' | 'bytes' | 'canContinue'>;

interface Schema extends DBSchema {
  runs: { key: string; value: StoredRun };
  profiles: { key: string; value: DeviceProfile };
}

const databaseName = 'flopscope';
/**
 * Version of what is kept where. 1: curves in the index. 2: records as files beside the checkpoints. A browser refuses
 * to open a newer layout, and leaves it as it is.
 */
const layout = 2;
/** Checkpoints are large: of older runs only the records stay. */
const maximumCheckpoints = 12;
const maximumRuns = 200;

/** Checkpoints, records and texts. */
const files = new OriginFolder('runs');

/** Where it is kept what passed the self-test. */
const checkedFile = 'checked-kernels';
const checkedSchema = v.object({
  device: v.string(),
  version: v.string(),
  kernels: v.record(
    v.string(),
    v.object({
      digest: v.string(),
      rows: v.array(
        v.object({
          kernel: v.string(),
          shape: v.string(),
          maximumError: v.number(),
          tolerance: v.number(),
          passed: v.literal(true),
        }),
      ),
    }),
  ),
});

/** Storage of one browser. Every method may reject with QuotaExceededError when the disk is full. */
export class RunStorage {
  readonly #onNewer: (error: Error) => void;
  #database: Promise<IDBPDatabase<Schema>> | undefined;
  #isNewer = false;

  /** @param onNewer is told, once, that a newer layout keeps everything here from being read or kept */
  constructor(onNewer: (error: Error) => void = () => undefined) {
    this.#onNewer = onNewer;
  }

  /** All runs, newest first; none where the browser keeps nothing. */
  async list(): Promise<StoredRun[]> {
    if (typeof indexedDB === 'undefined') return [];
    const runs = await (await this.#open()).getAll('runs');
    return runs.sort((a, b) => (a.savedAt < b.savedAt ? 1 : -1));
  }

  /** The profile kept for a device. */
  async profile(device: string): Promise<DeviceProfile | undefined> {
    if (typeof indexedDB === 'undefined') return undefined;
    return (await this.#open()).get('profiles', device);
  }

  /** Keeps a profile. */
  async keepProfile(profile: DeviceProfile): Promise<void> {
    if (typeof indexedDB === 'undefined') return;
    await (await this.#open()).put('profiles', profile, profile.device);
  }

  /** Kernels that passed the self-test on a device under this version; undefined where nothing is known. */
  async checkedKernels(device: string): Promise<CheckedKernels | undefined> {
    const file = await files.read(checkedFile);
    const kept = file && v.safeParse(checkedSchema, JSON.parse(await file.text()));
    const isOfThis = kept?.success && kept.output.device === device && kept.output.version === appVersion;
    return isOfThis ? kept.output.kernels : undefined;
  }

  /** Keeps them, of one device: whoever changes the GPU has it checked again. */
  async keepCheckedKernels(device: string, kernels: CheckedKernels): Promise<void> {
    if (typeof navigator.storage === 'undefined') return;
    await files.write(checkedFile, new Blob([JSON.stringify({ device, version: appVersion, kernels })]));
  }

  /**
   * Keeps a checkpoint and the record up to it. The checkpoint goes to the slot that is not the newest, and the index
   * changes only when the files are whole: a crash at any moment leaves the checkpoint before.
   */
  async save(
    run: RunEntry,
    checkpoint: Uint8Array<ArrayBuffer>,
    record: Uint8Array<ArrayBuffer>,
  ): Promise<void> {
    const before = await (await this.#open()).get('runs', run.id);
    const slot = before?.slot === 0 ? 1 : 0;
    await files.write(`${run.id}.${slot}`, checkpoint);
    await files.write(`${run.id}.record`, record);
    const bytes = checkpoint.byteLength + record.byteLength;
    await this.#index(run, { slot, sha256: sha256Hex(checkpoint), bytes, canContinue: true });
    if (!before?.canContinue) await this.#makeRoom();
  }

  /** Keeps a record alone; a checkpoint of the same run stays what it is. */
  async saveRecord(run: RunEntry, record: Uint8Array<ArrayBuffer>): Promise<void> {
    await files.write(`${run.id}.record`, record);
    const isNew = await this.#index(run, { bytes: record.byteLength });
    if (isNew) await this.#makeRoom();
  }

  /** The bytes of a run's record; undefined if it has none. */
  async record(id: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const file = await files.read(`${id}.record`);
    return file && new Uint8Array(await file.arrayBuffer());
  }

  /** The index entry of a run. @throws if there is none */
  async entry(id: string): Promise<StoredRun> {
    const run = await (await this.#open()).get('runs', id);
    if (run) return run;
    throw new Error(`saved runs: there is none with id ${id}. It may have been deleted in another tab.`);
  }

  /** Gives a run another title or note; an empty note is none. @throws if there is none of this id */
  async describe(id: string, words: { readonly title?: string; readonly note?: string }): Promise<void> {
    await this.#index({ ...(await this.entry(id)), ...words }, {});
  }

  /** Keeps the person's own text of a run, for going on after a reload. */
  async saveText(id: string, text: Blob): Promise<void> {
    await files.write(`${id}.text`, text);
  }

  /** A run with its newest intact checkpoint. @throws if there is none of this id or both files are damaged. */
  async open(
    id: string,
  ): Promise<{ run: StoredRun; checkpoint: Uint8Array<ArrayBuffer>; text: Blob | undefined }> {
    const run = await this.entry(id);
    if (run.slot === undefined)
      throw new Error(
        'saved runs: of this run only the record is kept. Train it again from its configuration.',
      );
    const text = run.hasText ? await files.read(`${id}.text`) : undefined;
    // One that cannot be read is as damaged as one that reads otherwise.
    const newest = await files.read(`${id}.${run.slot}`).catch(() => undefined);
    const bytes = newest && new Uint8Array(await newest.arrayBuffer());
    if (bytes && sha256Hex(bytes) === run.sha256) return { run, checkpoint: bytes, text };
    const older = await files.read(`${id}.${1 - run.slot}`);
    if (!older)
      throw new Error('saved runs: the checkpoint of this run is damaged and there is no older one.');
    return { run, checkpoint: new Uint8Array(await older.arrayBuffer()), text };
  }

  /** Forgets a run. */
  async remove(id: string): Promise<void> {
    await (await this.#open()).delete('runs', id);
    for (const suffix of ['0', '1', 'text', 'record']) await files.remove(`${id}.${suffix}`);
  }

  /** Writes an entry over what was there before, in one transaction. @returns whether there was nothing */
  async #index(run: RunEntry, change: Partial<StoredRun>): Promise<boolean> {
    const transaction = (await this.#open()).transaction('runs', 'readwrite');
    const before = await transaction.store.get(run.id);
    // A record that grew does not change what its checkpoint takes.
    const bytes =
      before?.canContinue && !change.canContinue ? before.bytes : (change.bytes ?? before?.bytes ?? 0);
    await transaction.store.put({ canContinue: false, ...before, ...run, ...change, bytes });
    await transaction.done;
    return before === undefined;
  }

  /** The run is saved already: what cannot be removed now goes at the next. */
  async #makeRoom(): Promise<void> {
    await this.#removeOldest().catch(() => undefined);
  }

  async #removeOldest(): Promise<void> {
    const runs = await this.list();
    for (const { id } of runs.slice(maximumRuns)) await this.remove(id);
    const continued = runs.slice(0, maximumRuns).filter(({ canContinue }) => canContinue);
    for (const { slot: _, sha256: __, ...run } of continued.slice(maximumCheckpoints)) {
      const record = await files.read(`${run.id}.record`);
      if (!record && !run.curve) {
        await this.remove(run.id);
        continue;
      }
      const bytes = record?.size ?? 0;
      await (await this.#open()).put('runs', { ...run, canContinue: false, hasText: false, bytes });
      for (const suffix of ['0', '1', 'text']) await files.remove(`${run.id}.${suffix}`);
    }
  }

  #open(): Promise<IDBPDatabase<Schema>> {
    this.#database ??= openDB<Schema>(databaseName, layout, {
      async upgrade(database, from, _to, transaction) {
        if (from < 1) {
          database.createObjectStore('runs', { keyPath: 'id' });
          database.createObjectStore('profiles');
          return;
        }
        for (let run = await transaction.objectStore('runs').openCursor(); run; run = await run.continue()) {
          const { step, totalSteps } = run.value;
          const state = step < totalSteps ? 'paused' : 'finished';
          await run.update({ ...run.value, state, canContinue: true });
        }
      },
      // Another tab has a newer program: it waits for this connection to go.
      blocking: () => {
        void this.#database?.then((database) => database.close());
        this.#database = undefined;
      },
    }).catch((error: unknown) => {
      this.#database = undefined;
      if (!(error instanceof Error && error.name === 'VersionError')) throw error;
      const newer = new Error(
        'saved runs: a newer Flopscope keeps runs in this browser. Reload the page to get it.',
      );
      newer.name = 'NewerStorageError';
      if (!this.#isNewer) this.#onNewer(newer);
      this.#isNewer = true;
      throw newer;
    });
    return this.#database;
  }
}
