// A folder of the origin's private file system, in memory.
import type { OriginFolder } from '../../src/worker/run/origin-folder.ts';

/** Keeps files until it is dropped; can be told to be full, or not to be read. */
export class MemoryFolder implements Pick<OriginFolder, 'write' | 'read' | 'remove' | 'list'> {
  readonly files = new Map<string, string>();
  isFull = false;
  isUnreadable = false;

  async write(name: string, content: Uint8Array<ArrayBuffer> | Blob | string): Promise<void> {
    if (this.isFull) throw new Error('The disk is full.');
    this.files.set(name, await new Blob([content]).text());
  }

  async read(name: string): Promise<Blob | undefined> {
    if (this.isUnreadable) throw new Error('The disk does not answer.');
    const text = this.files.get(name);
    return text === undefined ? undefined : new Blob([text]);
  }

  async remove(name: string): Promise<void> {
    this.files.delete(name);
  }

  async list(): Promise<string[]> {
    return [...this.files.keys()];
  }
}
