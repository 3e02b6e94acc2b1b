// The storage of a browser, in memory: Node has neither IndexedDB nor a private file system.
import { sha256Hex } from '../../src/data/sha256.ts';
import type { DeviceProfile } from '../../src/plan/predict.ts';
import type { RunStorage, StoredRun } from '../../src/worker/run-storage.ts';

/** Keeps runs until it is dropped; can be told to be full. */
export class MemoryStorage {
  readonly runs = new Map<string, StoredRun>();
  readonly checkpoints = new Map<string, Uint8Array<ArrayBuffer>>();
  readonly texts = new Map<string, Blob>();
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

  async save(
    run: Omit<StoredRun, 'slot' | 'sha256' | 'bytes'>,
    checkpoint: Uint8Array<ArrayBuffer>,
  ): Promise<void> {
    if (this.isFull) {
      const error = new Error('The disk is full.');
      error.name = 'QuotaExceededError';
      throw error;
    }
    const stored = { ...run, slot: 0 as const, sha256: sha256Hex(checkpoint), bytes: checkpoint.byteLength };
    this.runs.set(run.id, structuredClone(stored));
    this.checkpoints.set(run.id, checkpoint.slice());
  }

  async saveText(id: string, text: Blob): Promise<void> {
    this.texts.set(id, text);
  }

  async open(id: string) {
    const [run, checkpoint] = [this.runs.get(id), this.checkpoints.get(id)];
    if (!run || !checkpoint) throw new Error(`saved runs: there is none with id ${id}.`);
    return { run, checkpoint, text: run.hasText ? this.texts.get(id) : undefined };
  }

  async remove(id: string): Promise<void> {
    this.runs.delete(id);
    this.checkpoints.delete(id);
    this.texts.delete(id);
  }
}
