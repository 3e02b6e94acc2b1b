// One file from a hub into a folder: goes on where it was cut, and is kept only if its hash is right.
import { LabError } from '../plans/problem.ts';
import type { Appending, ModelFolder } from './folder.ts';
import {
  fileAddress,
  type HubAccess,
  type HubFile,
  type HubModel,
  headersOf,
  refuse,
  refuseStatus,
} from './repository.ts';
import { reasonOf } from './requests.ts';

/** What a download is told. */
export interface DownloadOptions extends HubAccess {
  readonly folder: ModelFolder;
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
 * @throws LabError; what was received stays, unless its hash is wrong
 */
export async function fetchFile(model: HubModel, file: HubFile, options: DownloadOptions): Promise<number> {
  const { folder, note, signal } = options;
  const { name } = file;
  const part = partName(name);
  if ((await folder.sizeOf(name)) === file.bytes) {
    const { wanted, found } = await hashes(file, name, folder);
    if (found === wanted) return 0;
    note(`pull: ${name}: what is here is damaged: fetched again.`);
    await folder.remove(name);
  }
  let received = 0;
  let vain = 0;
  for (;;) {
    const kept = await folder.sizeOf(part);
    if (kept === file.bytes) break;
    const here = kept === undefined || kept > file.bytes ? 0 : kept;
    try {
      const got = await receive(model, file, here, options);
      received += got;
      vain = got > 0 ? 0 : vain + 1;
    } catch (error) {
      if (signal.aborted || error instanceof LabError) throw error;
      const now = (await folder.sizeOf(part)) ?? 0;
      received += Math.max(0, now - here);
      vain = now > here ? 0 : vain + 1;
      note(`pull: ${name}: cut after ${now} of ${file.bytes} bytes (${reasonOf(error)}): going on there.`);
    }
    if (vain >= vainAttempts)
      refuse(
        'invalidRequest',
        `${name}: ${(await folder.sizeOf(part)) ?? 0} of ${file.bytes} bytes, and no more come. Pull again to go on there.`,
      );
  }
  await checkHash(file, part, folder);
  await folder.rename(part, name);
  return received;
}

/** Appends what a hub sends from a byte on. @returns how much */
async function receive(
  model: HubModel,
  file: HubFile,
  here: number,
  options: DownloadOptions,
): Promise<number> {
  const response = await options.fetch(fileAddress(options, model, file.name), {
    // Bytes as they are stored: a range of what was compressed on its way would be another. A browser asks so by itself.
    headers: {
      ...headersOf(options),
      'accept-encoding': 'identity',
      ...(here > 0 ? { range: `bytes=${here}-` } : {}),
    },
    cache: 'no-store', // one copy is enough
  });
  if (!response.ok) refuseStatus(response, `${file.name} of ${model.id}`, options, model);
  const begin = beginOf(response, here, file.bytes);
  if (begin === undefined) {
    await options.folder.remove(partName(file.name)); // asked for from the start the next time
    throw new Error(`it sent another part than byte ${here} on`);
  }
  let out: Appending | undefined;
  let at = begin;
  const reader = response.body?.getReader();
  try {
    out = await options.folder.append(partName(file.name), begin);
    for (;;) {
      const { value: chunk } = (await reader?.read()) ?? {};
      if (chunk === undefined) return at - begin;
      if (at + chunk.length > file.bytes)
        refuse(
          'invalidFile',
          `${file.name}: more than the ${file.bytes} bytes that the hub lists. Pull again, or another revision.`,
        );
      await out.write(chunk);
      at += chunk.length;
      options.onProgress(at);
    }
  } finally {
    await out?.close();
    await reader?.cancel().catch(() => undefined); // nobody reads on
  }
}

/**
 * The byte of the file with which an answer begins: the one that was asked for, or the first, from a server that knows no
 * ranges; undefined of another part. Another host may hide from a page which range it sends; then the length tells.
 */
function beginOf({ status, headers }: Response, here: number, bytes: number): number | undefined {
  if (here === 0 || status !== 206) return 0;
  const range = headers.get('content-range');
  const isRest =
    range === null
      ? Number(headers.get('content-length')) === bytes - here
      : range.startsWith(`bytes ${here}-`);
  return isRest ? here : undefined;
}

/** Holds a file against the hub's hash. @throws LabError, and removes the file */
async function checkHash(file: HubFile, part: string, folder: ModelFolder): Promise<void> {
  const { wanted, found } = await hashes(file, part, folder);
  if (found === wanted) return;
  await folder.remove(part);
  const kind = file.sha256 === undefined ? 'Git hash' : 'SHA-256';
  refuse(
    'invalidFile',
    `${file.name}: its ${kind} is ${found?.slice(0, 12)}…, the hub says ${wanted?.slice(0, 12)}…. It was removed, the other files stay; pull again.`,
  );
}

/** The hash that the hub gives for a file, and that of the file that is here; none where it gives none. */
async function hashes({ bytes, sha256, gitId }: HubFile, name: string, folder: ModelFolder) {
  // Git names a content by the SHA-1 of a header and itself; LFS by the SHA-256 of itself.
  if (sha256 !== undefined)
    return { wanted: sha256, found: await folder.hash(name, 'sha256', new Uint8Array()) };
  const header = new TextEncoder().encode(`blob ${bytes}\0`);
  return { wanted: gitId, found: gitId && (await folder.hash(name, 'sha1', header)) };
}
