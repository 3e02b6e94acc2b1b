// Files of the command line: paths as the caller means them, readable errors, and writes that lose nothing.
import { access, constants, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { ggufExtension } from '../data/gguf/file.ts';
import type { ByteSource } from '../data/safetensors.ts';
import { stage } from '../lab/plans/problem.ts';
import { type Checkpoint, checkpointFileName, readCheckpoint } from '../lab/training/checkpoint.ts';
import { readGgufFile } from '../lab/training/gguf-files.ts';
import { type ModelFiles, parseJson, readModelFiles } from '../lab/training/model-files.ts';
import { refuse } from './failure.ts';

/** Bytes of one file of a directory. */
export interface NamedBytes {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** A path as seen from where the user called. @throws LabError of an empty one, which would be the folder there */
export function resolvePath(path: string): string {
  if (path === '')
    refuse(
      'invalidFile',
      'an empty path was given, as by a variable of the shell that is not set. Name a file or a folder.',
    );
  return resolve(callersDirectory(process.env, process.cwd()), path);
}

/**
 * Where the user called from: npm runs this package's scripts in the package's folder and says where that was in INIT_CWD.
 * A script of another package hands its own INIT_CWD down, which says nothing of where it went since.
 * @param cwd the directory that the process stands in
 */
export function callersDirectory(env: Readonly<NodeJS.ProcessEnv>, cwd: string): string {
  const { INIT_CWD, npm_package_name, npm_package_json } = env;
  const isOwnScript = npm_package_name === 'flopscope' && npm_package_json === join(cwd, 'package.json');
  return (isOwnScript && INIT_CWD) || cwd;
}

/** The bytes of a file. @throws LabError in one sentence. */
export async function readBytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const facts = await stat(path);
    if (!facts.isFile() && !facts.isFIFO()) {
      refuse(
        'invalidFile',
        `${path}: it is ${facts.isDirectory() ? 'a directory' : 'no file'}. Give a file.`,
      );
    }
    return new Uint8Array(await readFile(path));
  } catch (error) {
    throw translated(error, path, 'read');
  }
}

/** A JSON file. @throws LabError that names the file. */
export async function readJsonFile(path: string): Promise<unknown> {
  const bytes = await readBytes(path);
  return stage('invalidFile', () => parseJson(path, bytes));
}

/** Whether there is a directory of this path. */
export async function isDirectory(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

/** One file of a directory; undefined if it is not there. */
export async function readIfPresent(path: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  return (await exists(path)) ? readBytes(path) : undefined;
}

/** A file to be read in parts; undefined if it is not there. @throws LabError if it is no file. */
export async function openIfPresent(path: string): Promise<ByteSource | undefined> {
  if (!(await exists(path))) return undefined;
  const facts = await stat(path);
  if (!facts.isFile())
    refuse('invalidFile', `${path}: it is ${facts.isDirectory() ? 'a directory' : 'no file'}. Give a file.`);
  return { bytes: facts.size, read: (begin, end) => readRange(path, begin, end) };
}

async function readRange(path: string, begin: number, end: number): Promise<Uint8Array> {
  try {
    const file = await open(path, 'r');
    try {
      const bytes = new Uint8Array(end - begin);
      for (let at = 0; at < bytes.length; ) {
        const { bytesRead } = await file.read(bytes, at, bytes.length - at, begin + at);
        if (bytesRead === 0)
          refuse('invalidFile', `${path}: it became shorter while it was read. Try again.`);
        at += bytesRead;
      }
      return bytes;
    } finally {
      await file.close();
    }
  } catch (error) {
    throw translated(error, path, 'read');
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** Whether a path is one of a model with weights: a directory, or a GGUF file. */
export async function isModel(path: string): Promise<boolean> {
  return path.toLowerCase().endsWith(ggufExtension) || isDirectory(path);
}

/**
 * Reads a model directory or a GGUF file; `note` gets what a user should know of it, line by line.
 * @throws LabError for what is missing or wrong
 */
export async function readModel(path: string, note: (line: string) => void): Promise<ModelFiles> {
  const files = await stage('invalidFile', () => openModel(path));
  files.notes.forEach(note);
  return files;
}

async function openModel(path: string): Promise<ModelFiles> {
  if (await isDirectory(path)) return readModelFiles((name) => openIfPresent(join(path, name)));
  const file = await openIfPresent(path);
  if (file && (await isModel(path))) return readGgufFile(file);
  const found = file ? 'it is no directory and no .gguf file' : 'there is no such directory or file';
  return refuse('invalidFile', `${path}: ${found}. Give a model directory, or a GGUF file.`);
}

/** Reads the checkpoint of a directory. @throws LabError in one sentence. */
export async function readCheckpointOf(
  directory: string,
  cursor: Checkpoint['cursor']['kind'],
): Promise<Checkpoint> {
  if (!(await isDirectory(directory))) refuse('invalidFile', `${directory}: there is no such directory.`);
  const path = join(directory, checkpointFileName);
  const bytes = await readBytes(path);
  const checkpoint = await stage('invalidFile', () => readCheckpoint(bytes, cursor === 'random'));
  if (checkpoint.cursor.kind !== cursor) {
    const found = checkpoint.cursor.kind === 'list' ? 'given batches' : 'a text';
    refuse(
      'invalidFile',
      `${path}: its run trains on ${found}. Resume it in the form of the command that began it.`,
    );
  }
  return checkpoint;
}

/** Creates a directory for results before work begins, so that a bad path costs nothing. */
export async function createDirectory(path: string): Promise<void> {
  try {
    await makeDirectories(path);
    await access(path, constants.W_OK);
  } catch (error) {
    throw translated(error, path, 'write to');
  }
}

/** Makes sure, before work begins, that a file can be written; its directory is made. @throws LabError */
export async function prepareFile(path: string): Promise<void> {
  if (await isDirectory(path)) refuse('invalidFile', `${path}: it is a directory. Give a file.`);
  await createDirectory(dirname(path));
}

/** Node's recursive mkdir never returns where a directory that exists takes no other, as /proc does. */
async function makeDirectories(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    if (await isDirectory(path)) return;
    const parent = dirname(path);
    const isParentMissing =
      (error as NodeJS.ErrnoException).code === 'ENOENT' && !(await isDirectory(parent));
    if (!isParentMissing || parent === path) throw error;
    await makeDirectories(parent);
    await makeDirectories(path);
  }
}

/**
 * Writes files so that at any moment each is the old or the new one whole: all are written beside their places first.
 * @throws LabError; the files that were there before are then untouched.
 */
export async function writeFiles(directory: string, files: readonly NamedBytes[]): Promise<void> {
  const staged: { readonly from: string; readonly to: string }[] = [];
  try {
    for (const { name, bytes } of files) {
      const to = join(directory, name);
      staged.push({ from: await stagedPath(to), to });
      await writeParts(staged.at(-1)?.from ?? to, async (append) => append(bytes));
    }
    for (const { from, to } of staged) if (from !== to) await rename(from, to);
  } catch (error) {
    for (const { from, to } of staged) if (from !== to) await rm(from, { force: true });
    throw translated(error, directory, 'write to');
  }
}

/** Writes one file in parts, with the same promise as `writeFiles`. */
export async function writeFileInParts(
  path: string,
  write: (append: (bytes: Uint8Array) => Promise<void>) => Promise<void>,
): Promise<void> {
  let from = path;
  try {
    from = await stagedPath(path);
    await writeParts(from, write);
    if (from !== path) await rename(from, path);
  } catch (error) {
    if (from !== path) await rm(from, { force: true });
    throw translated(error, path, 'write');
  }
}

/** Where to write first: beside the file; a device or a pipe has no beside. */
async function stagedPath(path: string): Promise<string> {
  const facts = await stat(path).catch(() => undefined);
  if (facts?.isDirectory()) refuse('invalidFile', `${path}: it is a directory. Give a file.`);
  if (facts && !facts.isFile()) return path;
  await access(dirname(path), constants.W_OK);
  return `${path}.${process.pid}.tmp`;
}

async function writeParts(
  path: string,
  write: (append: (bytes: Uint8Array) => Promise<void>) => Promise<void>,
): Promise<void> {
  const file = await open(path, 'w');
  try {
    await write(async (bytes) => {
      for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at)).bytesWritten;
    });
    // A full disk may show only here; devices and pipes cannot be synced.
    await file.sync().catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EINVAL' && error.code !== 'ENOTSUP') throw error;
    });
  } finally {
    await file.close();
  }
}

const fullCodes = ['ENOSPC', 'EDQUOT', 'EFBIG'];
const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or directory',
  ENOTDIR: 'a part of the path is no directory',
  EISDIR: 'it is a directory',
  EEXIST: 'there is a file of this name',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENAMETOOLONG: 'the name is too long',
  ELOOP: 'its links lead in a circle',
  EMFILE: 'too many files are open',
  EIO: 'the disk gives an error',
  ERR_FS_FILE_TOO_LARGE: 'the file is larger than 2 GiB',
};

/** A system error as a problem; anything else as it is. */
export function translated(error: unknown, path: string, action: string): unknown {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  if (code === undefined) return error;
  try {
    if (fullCodes.includes(code)) {
      const kept = 'What was saved before is still there';
      refuse(
        'storageFull',
        `${path}: cannot ${action} it: the disk is full (${code}). ${kept}; free some space.`,
      );
    }
    refuse('invalidFile', `${path}: cannot ${action} it: ${reasons[code] ?? code}. Check the path.`);
  } catch (problem) {
    return problem;
  }
}
