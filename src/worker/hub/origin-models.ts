// Pulled models in the origin's private file system: a folder a commit, whose files are written where they stand.
import { createSha1 } from '../../data/sha1.ts';
import { createSha256 } from '../../data/sha256.ts';
import { factsName, type PulledFacts, readFacts } from '../../lab/hub/facts.ts';
import type { Appending, HashKind, ModelFolder } from '../../lab/hub/folder.ts';
import { LabError } from '../../lab/plans/problem.ts';
import { isAbsence } from '../run/origin-folder.ts';

/** A model that is kept. */
export interface StoredModel extends PulledFacts {
  readonly bytes: number;
}

/** Keeps models by id and commit. */
export interface ModelStore {
  /** All of them, by name. */
  list(): Promise<readonly StoredModel[]>;
  /** The folder of a commit, made where there is none. */
  folder(id: string, commit: string): Promise<ModelFolder>;
  /** Its whole files. */
  files(id: string, commit: string): Promise<readonly { readonly name: string; readonly content: Blob }[]>;
  remove(id: string, commit: string): Promise<void>;
  /** Bytes that there is room for; undefined where the browser does not say. */
  freeBytes(): Promise<number | undefined>;
}

/** A file that one worker writes to at any place; browsers give it to workers alone, and TypeScript to no page. */
interface SyncAccess {
  write(bytes: Uint8Array, options: { readonly at: number }): number;
  truncate(bytes: number): void;
  flush(): void;
  close(): void;
}
type WritableHandle = FileSystemFileHandle & {
  createSyncAccessHandle(): Promise<SyncAccess>;
  move(name: string): Promise<void>;
};

const rootName = 'models';
const partOf = (name: string) => `${name}.part`;
const folderName = (id: string) => id.replace('/', '--');

/** Bytes of a file that are hashed at a time. */
const hashedAtOnce = 4 * 2 ** 20;

/** The models of this browser; of none where it keeps no files. */
export function originModels(): ModelStore {
  const root = async (): Promise<FileSystemDirectoryHandle> => {
    if (typeof navigator.storage?.getDirectory !== 'function')
      throw new LabError({
        kind: 'insecureOrigin',
        message: 'pull: this browser keeps no files for this page. Open it over https or at localhost.',
      });
    const top = await navigator.storage.getDirectory();
    return top.getDirectoryHandle(rootName, { create: true });
  };
  const directory = async (id: string, commit: string, create = false) =>
    (await (await root()).getDirectoryHandle(folderName(id), { create })).getDirectoryHandle(commit, {
      create,
    });
  return {
    list: async () => listModels(await root().catch(() => undefined)),
    folder: async (id, commit) => originFolder(await directory(id, commit, true)),
    files: async (id, commit) => {
      const found = await filesIn(await directory(id, commit));
      return found.map((file) => ({ name: file.name, content: file }));
    },
    remove: async (id, commit) => {
      try {
        const models = await (await root()).getDirectoryHandle(folderName(id));
        await models.removeEntry(commit, { recursive: true });
        for await (const _ of models.keys()) return; // another commit of it
        await (await root()).removeEntry(folderName(id));
      } catch (error) {
        if (!isAbsence(error)) throw error;
      }
    },
    freeBytes: async () => {
      const { quota, usage } = (await navigator.storage?.estimate?.().catch(() => undefined)) ?? {};
      return quota === undefined ? undefined : Math.max(0, quota - (usage ?? 0));
    },
  };
}

async function listModels(root: FileSystemDirectoryHandle | undefined): Promise<readonly StoredModel[]> {
  const found: StoredModel[] = [];
  for await (const models of directoriesIn(root)) {
    for await (const commit of directoriesIn(models)) {
      const files = await filesIn(commit);
      // Where the page was closed between the removal of old facts and the move of new ones, these have another name.
      const facts = [factsName, partOf(factsName)]
        .map((wanted) => files.find(({ name }) => name === wanted))
        .find((file) => file !== undefined);
      const read = facts && readFacts(new Uint8Array(await facts.arrayBuffer()));
      if (read) found.push({ ...read, bytes: files.reduce((sum, { size }) => sum + size, -facts.size) });
    }
  }
  return found.sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
}

async function* directoriesIn(
  directory: FileSystemDirectoryHandle | undefined,
): AsyncGenerator<FileSystemDirectoryHandle> {
  if (directory === undefined) return;
  for await (const entry of directory.values()) if (entry.kind === 'directory') yield entry;
}

async function filesIn(directory: FileSystemDirectoryHandle): Promise<File[]> {
  const files: File[] = [];
  try {
    for await (const entry of directory.values())
      if (entry.kind === 'file') files.push(...(await fileOf(entry)));
  } catch (error) {
    if (!isAbsence(error)) throw error; // another tab deleted the folder meanwhile
  }
  return files;
}

/** The file of an entry; none where another tab renamed or removed it since it was listed. */
async function fileOf(entry: FileSystemFileHandle): Promise<File[]> {
  try {
    return [await entry.getFile()];
  } catch (error) {
    if (isAbsence(error)) return [];
    throw error;
  }
}

/** One model's folder. A file's bytes go to their place at once, so that what came stays when the page is closed. */
function originFolder(directory: FileSystemDirectoryHandle): ModelFolder {
  const open = async (name: string, create = false) =>
    (await directory.getFileHandle(name, { create })) as WritableHandle;
  const sizeOf = async (name: string): Promise<number | undefined> => {
    try {
      return (await (await open(name)).getFile()).size;
    } catch (error) {
      if (isAbsence(error)) return undefined;
      throw error;
    }
  };
  const append = async (name: string, at: number): Promise<Appending> => {
    const access = await (await open(name, true)).createSyncAccessHandle();
    try {
      access.truncate(at);
    } catch (error) {
      access.close(); // else nobody could open the file again
      throw error;
    }
    let end = at;
    return {
      write: async (bytes) => {
        for (let from = 0; from < bytes.length; ) {
          const written = writeAt(access, bytes.subarray(from), end);
          from += written;
          end += written;
        }
      },
      close: async () => {
        try {
          access.flush();
        } finally {
          access.close();
        }
      },
    };
  };
  const remove = async (name: string): Promise<void> => {
    if ((await sizeOf(name)) !== undefined) await directory.removeEntry(name);
  };
  return {
    sizeOf,
    append,
    remove,
    hash: async (name, kind, before) => hashOf(await (await open(name)).getFile(), kind, before),
    write: async (name, bytes) => {
      const out = await append(partOf(name), 0);
      await out.write(bytes).finally(() => out.close());
      await remove(name);
      await (await open(partOf(name))).move(name);
    },
    rename: async (from, to) => (await open(from)).move(to),
  };
}

/** @returns how many bytes were written @throws LabError where there is no room */
function writeAt(access: SyncAccess, bytes: Uint8Array, at: number): number {
  let written = 0;
  try {
    written = access.write(bytes, { at });
  } catch (error) {
    if (!(error instanceof DOMException && error.name === 'QuotaExceededError')) throw error;
  }
  if (written > 0) return written;
  throw new LabError({
    kind: 'storageFull',
    message:
      'pull: this browser keeps no more for this page. What came stays: delete a model or runs, and go on.',
  });
}

async function hashOf(file: File, kind: HashKind, before: Uint8Array): Promise<string> {
  const hash = kind === 'sha256' ? createSha256() : createSha1();
  hash.update(before);
  for (let at = 0; at < file.size; at += hashedAtOnce)
    hash.update(new Uint8Array(await file.slice(at, at + hashedAtOnce).arrayBuffer()));
  return hash.digest();
}
