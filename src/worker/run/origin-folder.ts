// A folder of files in the origin's private file system: written whole or not at all.

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

  /** undefined where there is none. */
  async read(name: string): Promise<Blob | undefined> {
    try {
      return await (await (await this.#open()).getFileHandle(name)).getFile();
    } catch {
      return undefined;
    }
  }

  async remove(name: string): Promise<void> {
    try {
      await (await this.#open()).removeEntry(name);
    } catch {
      // It was never written.
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
