// Keeps runs in this browser: an index in IndexedDB, checkpoints and texts as files in the origin's private file system.
import { type DBSchema, type IDBPDatabase, openDB } from 'idb';
import { sha256Hex } from '../data/sha256.ts';
import type { DeviceProfile } from '../plan/predict.ts';
import type { ExperimentJson, LabEvent, SavedRun } from './api.ts';

/** What is kept of a run besides its checkpoint. */
export interface StoredRun extends SavedRun {
  readonly experiment: ExperimentJson;
  /** Steps and evaluations so far, thinned out for long runs. */
  readonly curve: readonly LabEvent[];
  /** Which of the two checkpoint files is the newest complete one, and its SHA-256. */
  readonly slot: 0 | 1;
  readonly sha256: string;
  readonly hasText: boolean;
}

interface Schema extends DBSchema {
  runs: { key: string; value: StoredRun };
  profiles: { key: string; value: DeviceProfile };
}

const databaseName = 'flopscope';
const maximumRuns = 12;

/** Storage of one browser. Every method may reject with QuotaExceededError when the disk is full. */
export class RunStorage {
  #database: Promise<IDBPDatabase<Schema>> | undefined;

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

  /**
   * Keeps a checkpoint. It goes to the slot that is not the newest, and the index changes only when the file is whole:
   * a crash at any moment leaves the checkpoint before.
   */
  async save(
    run: Omit<StoredRun, 'slot' | 'sha256' | 'bytes'>,
    checkpoint: Uint8Array<ArrayBuffer>,
  ): Promise<void> {
    const database = await this.#open();
    const before = await database.get('runs', run.id);
    const slot = before?.slot === 0 ? 1 : 0;
    await writeFile(`${run.id}.${slot}`, checkpoint);
    const sha256 = sha256Hex(checkpoint);
    await database.put('runs', { ...run, slot, sha256, bytes: checkpoint.byteLength });
    if (!before) await this.#removeOldest();
  }

  /** Keeps the person's own text of a run, for going on after a reload. */
  async saveText(id: string, text: Blob): Promise<void> {
    await writeFile(`${id}.text`, text);
  }

  /** A run with its newest intact checkpoint. @throws if there is none of this id or both files are damaged. */
  async open(
    id: string,
  ): Promise<{ run: StoredRun; checkpoint: Uint8Array<ArrayBuffer>; text: Blob | undefined }> {
    const run = await (await this.#open()).get('runs', id);
    if (!run)
      throw new Error(`saved runs: there is none with id ${id}. It may have been deleted in another tab.`);
    const text = run.hasText ? await readFile(`${id}.text`) : undefined;
    const newest = await readFile(`${id}.${run.slot}`);
    const bytes = newest && new Uint8Array(await newest.arrayBuffer());
    if (bytes && sha256Hex(bytes) === run.sha256) return { run, checkpoint: bytes, text };
    const older = await readFile(`${id}.${1 - run.slot}`);
    if (!older)
      throw new Error('saved runs: the checkpoint of this run is damaged and there is no older one.');
    return { run, checkpoint: new Uint8Array(await older.arrayBuffer()), text };
  }

  /** Forgets a run. */
  async remove(id: string): Promise<void> {
    await (await this.#open()).delete('runs', id);
    for (const suffix of ['0', '1', 'text']) await removeFile(`${id}.${suffix}`);
  }

  async #removeOldest(): Promise<void> {
    const runs = await this.list();
    for (const { id } of runs.slice(maximumRuns)) await this.remove(id);
  }

  #open(): Promise<IDBPDatabase<Schema>> {
    this.#database ??= openDB<Schema>(databaseName, 1, {
      upgrade(database) {
        database.createObjectStore('runs', { keyPath: 'id' });
        database.createObjectStore('profiles');
      },
    });
    return this.#database;
  }
}

async function directory(): Promise<FileSystemDirectoryHandle> {
  const root = await navigator.storage.getDirectory();
  return root.getDirectoryHandle('runs', { create: true });
}

async function writeFile(name: string, content: Uint8Array<ArrayBuffer> | Blob): Promise<void> {
  const file = await (await directory()).getFileHandle(name, { create: true });
  // The stream writes to a copy that replaces the file when it is closed.
  const stream = await file.createWritable();
  try {
    await stream.write(content);
    await stream.close();
  } catch (error) {
    await stream.abort().catch(() => undefined);
    throw error;
  }
}

async function readFile(name: string): Promise<Blob | undefined> {
  try {
    return await (await (await directory()).getFileHandle(name)).getFile();
  } catch {
    return undefined;
  }
}

async function removeFile(name: string): Promise<void> {
  try {
    await (await directory()).removeEntry(name);
  } catch {
    // It was never written.
  }
}
