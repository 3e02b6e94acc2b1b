// The storage of a browser, in memory: Node has neither IndexedDB nor a private file system.
import { sha256Hex } from '../../src/data/sha256.ts';
import type { CheckedKernels } from '../../src/lab/plans/self-test.ts';
import type { DeviceProfile } from '../../src/plan/device-profile.ts';
import type { RunEntry, RunStorage, StoredRun } from '../../src/worker/run/storage.ts';

/** Keeps runs until it is dropped; can be told to be full. */
export class MemoryStorage {
  readonly runs = new Map<string, StoredRun>();
  readonly checkpoints = new Map<string, Uint8Array<ArrayBuffer>>();
  readonly records = new Map<string, Uint8Array<ArrayBuffer>>();
  readonly texts = new Map<string, Blob>();
  readonly checked = new Map<string, CheckedKernels>();
  readonly profiles = new Map<string, DeviceProfile>();
  isFull = false;

  /** As the services want it: the class has private fields, which types compare by identity. */
  asRunStorage(): RunStorage {
    return this as unknown as RunStorage;
  }

  async list(): Promise<StoredRun[]> {
    return [...this.runs.values()];
  }

  async profile(device: string): Promise<DeviceProfile | undefined> {
    return this.profiles.get(device);
  }

  async keepProfile(profile: DeviceProfile): Promise<void> {
    this.profiles.set(profile.device, profile);
  }

  async checkedKernels(device: string): Promise<CheckedKernels | undefined> {
    return this.checked.get(device);
  }

  async keepCheckedKernels(device: string, kernels: CheckedKernels): Promise<void> {
    this.checked.set(device, structuredClone(kernels));
  }

  async save(
    run: RunEntry,
    checkpoint: Uint8Array<ArrayBuffer>,
    record: Uint8Array<ArrayBuffer>,
  ): Promise<void> {
    this.#checkRoom();
    const bytes = checkpoint.byteLength;
    this.#index(run, { slot: 0, sha256: sha256Hex(checkpoint), bytes, canContinue: true });
    this.checkpoints.set(run.id, checkpoint.slice());
    this.records.set(run.id, record.slice());
  }

  async saveRecord(run: RunEntry, record: Uint8Array<ArrayBuffer>): Promise<void> {
    this.#checkRoom();
    this.#index(run, {});
    this.records.set(run.id, record.slice());
  }

  async record(id: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return this.records.get(id);
  }

  async entry(id: string): Promise<StoredRun> {
    const run = this.runs.get(id);
    if (!run) throw new Error(`saved runs: there is none with id ${id}.`);
    return run;
  }

  async describe(id: string, words: { readonly title?: string; readonly note?: string }): Promise<void> {
    this.#index({ ...(await this.entry(id)), ...words }, {});
  }

  async saveText(id: string, text: Blob): Promise<void> {
    this.texts.set(id, text);
  }

  async open(id: string) {
    const [run, checkpoint] = [await this.entry(id), this.checkpoints.get(id)];
    if (!checkpoint) throw new Error('saved runs: of this run only the record is kept.');
    return { run, checkpoint, text: run.hasText ? this.texts.get(id) : undefined };
  }

  async remove(id: string): Promise<void> {
    this.runs.delete(id);
    this.checkpoints.delete(id);
    this.texts.delete(id);
    this.records.delete(id);
  }

  #checkRoom(): void {
    if (!this.isFull) return;
    const error = new Error('The disk is full.');
    error.name = 'QuotaExceededError';
    throw error;
  }

  #index(run: RunEntry, change: Partial<StoredRun>): void {
    const before = this.runs.get(run.id);
    this.runs.set(run.id, structuredClone({ bytes: 0, canContinue: false, ...before, ...run, ...change }));
  }
}
