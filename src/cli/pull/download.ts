// One file from a hub to the disk: goes on where it was cut, and is kept only if its hash is right.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { refuse } from '../failure.ts';
import { fileAddress, type HubAccess, type HubFile, type HubModel, headersOf, refuseStatus } from './hub.ts';
import { reasonOf } from './requests.ts';

/** What a download is told. */
export interface DownloadOptions extends HubAccess {
  readonly signal: AbortSignal;
  readonly note: (line: string) => void;
  /** Bytes of this file that are here. */
  readonly onProgress: (bytes: number) => void;
}

/** Connections that may be cut one after the other without a byte between. */
const vainAttempts = 4;

/** What a file is called until it is whole. */
const partName = (name: string) => `${name}.part`;

/**
 * Fetches a file into a folder, unless it is there. An address names a commit, whose files never change: a part of an earlier
 * attempt fits what follows.
 * @returns bytes that came over the network
 * @throws LabError that names the file; what is here stays, but for a file whose hash is wrong
 */
export async function fetchFile(
  model: HubModel,
  file: HubFile,
  folder: string,
  options: DownloadOptions,
): Promise<number> {
  const path = join(folder, file.name);
  const part = join(folder, partName(file.name));
  if ((await sizeOf(path)) === file.bytes) {
    if (await hasRightHash(file, path)) return 0;
    options.note(`pull: ${file.name}: what is here is damaged: fetched again.`);
    await rm(path, { force: true });
  }
  let received = 0;
  let vain = 0;
  for (;;) {
    let here = await sizeOf(part);
    if (here > file.bytes) {
      await rm(part, { force: true });
      here = 0;
    }
    if (here === file.bytes && (here > 0 || (await exists(part)))) break;
    try {
      const got = await receive(model, file, part, here, options);
      received += got;
      vain = got > 0 ? 0 : vain + 1;
    } catch (error) {
      if (options.signal.aborted || (error as Error).name === 'LabError') throw error;
      const now = await sizeOf(part);
      received += Math.max(0, now - here);
      vain = now > here ? 0 : vain + 1;
      options.note(
        `pull: ${file.name}: cut after ${now} of ${file.bytes} bytes (${reasonOf(error)}): going on there.`,
      );
    }
    if (vain >= vainAttempts)
      refuse(
        'invalidRequest',
        `pull: ${file.name}: ${await sizeOf(part)} of ${file.bytes} bytes, and no more come. Pull again to go on there.`,
      );
  }
  await checkHash(file, part);
  await rename(part, path);
  return received;
}

/** Appends what a hub sends from a byte on. @returns how much */
async function receive(
  model: HubModel,
  file: HubFile,
  part: string,
  here: number,
  options: DownloadOptions,
): Promise<number> {
  const response = await options.fetch(fileAddress(options, model, file.name), {
    // Bytes as they are stored: a range of what was compressed on its way would be another.
    headers: {
      ...headersOf(options),
      'accept-encoding': 'identity',
      ...(here > 0 ? { range: `bytes=${here}-` } : {}),
    },
  });
  if (!response.ok) refuseStatus({ statusCode: response.status }, `${file.name} of ${model.id}`, options);
  const isRest =
    response.status === 206 && response.headers.get('content-range')?.startsWith(`bytes ${here}-`);
  const begin = isRest ? here : 0; // a server that knows no ranges sends all of it
  const out = await open(part, begin > 0 ? 'a' : 'w');
  let at = begin;
  try {
    for await (const chunk of response.body ?? []) {
      if (at + chunk.length > file.bytes)
        refuse(
          'invalidFile',
          `pull: ${file.name}: more than the ${file.bytes} bytes that the hub lists. Pull again, or another revision.`,
        );
      for (let from = 0; from < chunk.length; ) from += (await out.write(chunk, from)).bytesWritten;
      at += chunk.length;
      options.onProgress(at);
    }
  } finally {
    await out.close();
  }
  return at - begin;
}

/** Whether a file is the hub's, by the hash that the hub gives. */
async function hasRightHash(file: HubFile, path: string): Promise<boolean> {
  const wanted = file.sha256 ?? file.gitId;
  return wanted === undefined || (await hashOf(file, path)) === wanted;
}

/** Holds a file against the hub's hash. @throws LabError, and removes the file */
async function checkHash(file: HubFile, path: string): Promise<void> {
  const { name, sha256, gitId } = file;
  const wanted = sha256 ?? gitId;
  if (wanted === undefined) return;
  const found = await hashOf(file, path);
  if (found === wanted) return;
  await rm(path, { force: true });
  const kind = sha256 === undefined ? 'Git hash' : 'SHA-256';
  refuse(
    'invalidFile',
    `pull: ${name}: its ${kind} is ${found.slice(0, 12)}…, the hub says ${wanted.slice(0, 12)}…. It was removed, the other files stay; pull again.`,
  );
}

/** The hash of a file, of the kind that the hub gives for it. */
async function hashOf({ bytes, sha256 }: HubFile, path: string): Promise<string> {
  // Git names a content by the SHA-1 of a header and itself; LFS by the SHA-256 of itself.
  const hash = createHash(sha256 === undefined ? 'sha1' : 'sha256');
  if (sha256 === undefined) hash.update(`blob ${bytes}\0`);
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0;
}
