// A pulled model's folder on the disk.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Appending, HashKind, ModelFolder } from '../../lab/hub/folder.ts';
import { translated, writeFiles } from '../files.ts';

/** Makes it, if it is not there. */
export async function openDiskFolder(path: string): Promise<ModelFolder> {
  await saying(path, () => mkdir(path, { recursive: true }));
  return {
    sizeOf: async (name) => (await stat(join(path, name)).catch(() => undefined))?.size,
    hash: (name, kind, before) => hashOf(join(path, name), kind, before),
    append: (name, at) => append(join(path, name), at),
    write: (name, bytes) => writeFiles(path, [{ name, bytes }]),
    rename: (from, to) => rename(join(path, from), join(path, to)),
    remove: (name) => rm(join(path, name), { force: true }),
  };
}

async function hashOf(path: string, kind: HashKind, before: Uint8Array): Promise<string> {
  const hash = createHash(kind).update(before);
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}

async function append(path: string, at: number): Promise<Appending> {
  const file = await saying(path, () => open(path, at > 0 ? 'r+' : 'w'));
  await file.truncate(at);
  let end = at;
  return {
    write: (bytes) =>
      saying(path, async () => {
        for (let from = 0; from < bytes.length; ) {
          const { bytesWritten } = await file.write(bytes, from, bytes.length - from, end);
          from += bytesWritten;
          end += bytesWritten;
        }
      }),
    close: () => file.close(),
  };
}

/** A disk that is full is no connection that was cut. @throws LabError of what the system says */
async function saying<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw translated(error, path, 'write to');
  }
}
