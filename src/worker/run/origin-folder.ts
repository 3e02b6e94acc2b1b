// A folder of files in the origin's private file system: written whole or not at all.

/** Names of what browsers throw where there is no file, or no folder of files. */
const absences: readonly string[] = ['NotFoundError', 'SecurityError'];

/** One folder by its name; the browser makes it when the first file is written. */
export class OriginFolder {
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  async write(name: string, content: Uint8Array<ArrayBuffer> | Blob | string): Promise<void> {
    const file = await (await this.#open()).getFileHandle(name, { create: true });
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

  /** undefined where there is none. @throws if there is one that cannot be read */
  async read(name: string): Promise<Blob | undefined> {
    try {
      return await (await (await this.#open()).getFileHandle(name)).getFile();
    } catch (error) {
      if (isAbsence(error)) return undefined;
      throw error;
    }
  }

  /** Nothing happens where there is none. @throws if there is one that cannot be removed, such as one being written */
  async remove(name: string): Promise<void> {
    try {
      await (await this.#open()).removeEntry(name);
    } catch (error) {
      if (!isAbsence(error)) throw error;
    }
  }

  /** Names of its files. */
  async list(): Promise<string[]> {
    const names: string[] = [];
    for await (const name of (await this.#open()).keys()) names.push(name);
    return names;
  }

  async #open(): Promise<FileSystemDirectoryHandle> {
    const root = await navigator.storage.getDirectory();
    return root.getDirectoryHandle(this.#name, { create: true });
  }
}

/** Whether an error says that there is no such file, or that the browser keeps no files here at all: without https, or privately. */
export function isAbsence(error: unknown): boolean {
  const hasFiles = typeof navigator.storage?.getDirectory === 'function';
  return !hasFiles || (error instanceof DOMException && absences.includes(error.name));
}
