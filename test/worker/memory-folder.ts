// A folder of the origin's private file system, in memory.
import type { OriginFolder } from '../../src/worker/run/origin-folder.ts';

/** Keeps files until it is dropped; can be told to be full. */
export class MemoryFolder implements Pick<OriginFolder, 'write' | 'read' | 'remove' | 'list'> {
  readonly files = new Map<string, string>();
  isFull = false;

  async write(name: string, content: Uint8Array<ArrayBuffer> | Blob | string): Promise<void> {
    if (this.isFull) throw new Error('The disk is full.');
    this.files.set(name, await new Blob([content]).text());
  }

  async read(name: string): Promise<Blob | undefined> {
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
