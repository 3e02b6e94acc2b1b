// A pulled model's folder in memory.
import { createHash } from 'node:crypto';
import type { ModelFolder } from '../../../src/lab/hub/folder.ts';
import { LabError } from '../../../src/lab/plans/problem.ts';

/** Keeps files until it is dropped; has room for as many bytes as it is told. */
export class MemoryModelFolder implements ModelFolder {
  readonly files = new Map<string, Uint8Array>();
  room = Number.POSITIVE_INFINITY;
  sizeOf = async (name: string) => this.files.get(name)?.length;
  hash = async (name: string, kind: string, before: Uint8Array) =>
    createHash(kind).update(before).update(this.#bytes(name)).digest('hex');
  async append(name: string, at: number) {
    this.files.set(name, this.#bytes(name).slice(0, at));
    return {
      write: async (bytes: Uint8Array) => {
        this.room -= bytes.length;
        if (this.room < 0) throw new LabError({ kind: 'storageFull', message: 'full' });
        this.files.set(name, Buffer.concat([this.#bytes(name), bytes]));
      },
      close: async () => undefined,
    };
  }
  async write(name: string, bytes: Uint8Array) {
    this.files.set(name, bytes);
  }
  async rename(from: string, to: string) {
    this.files.set(to, this.#bytes(from));
    this.files.delete(from);
  }
  async remove(name: string) {
    this.files.delete(name);
  }
  #bytes(name: string): Uint8Array {
    return this.files.get(name) ?? new Uint8Array();
  }
}
