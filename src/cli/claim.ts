// One writer a folder: two runs that save into the same one would leave the weights of the one beside the checkpoint of the other.
import { readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { refuse } from './failure.ts';
import { translated } from './files.ts';

/** The file that says which process writes into a folder, while it does. */
export const claimFileName = '.flopscope-writing';

/** A process, as the file names it. */
interface Writer {
  readonly process: number;
  readonly host: string;
}

/**
 * Does the work as the only one that writes into the folder. What a process left that is gone is taken over.
 * @param folder one that exists; undefined where nothing is written
 * @throws LabError that names the other process
 */
export async function withClaim<T>(folder: string | undefined, work: () => Promise<T>): Promise<T> {
  if (folder === undefined) return work();
  const path = join(folder, claimFileName);
  await claim(folder, path);
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

async function claim(folder: string, path: string): Promise<void> {
  const own: Writer = { process: process.pid, host: hostname() };
  // Once more after what a dead process left was removed; another that was quicker is then seen as it is.
  for (const isLast of [false, true]) {
    try {
      await writeFile(path, `${JSON.stringify(own)}\n`, { flag: 'wx' });
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw translated(error, path, 'write');
    }
    const other = await writerOf(path);
    if (!isLast && other && isGone(other, own)) await rm(path, { force: true });
    else refuseOther(folder, path, other);
  }
}

/** Undefined of a file that is not written yet, or damaged. */
async function writerOf(path: string): Promise<Writer | undefined> {
  try {
    const { process: id, host } = JSON.parse(await readFile(path, 'utf8'));
    return Number.isSafeInteger(id) && id > 0 && typeof host === 'string' ? { process: id, host } : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a process has ended; of one on another machine nobody here knows. Numbers are used again, our own too. */
function isGone(other: Writer, own: Writer): boolean {
  if (other.host !== own.host) return false;
  if (other.process === own.process) return true;
  try {
    process.kill(other.process, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'; // another user's may not be signalled, but lives
  }
}

function refuseOther(folder: string, path: string, other: Writer | undefined): never {
  const who = other ? `process ${other.process} on ${other.host}` : 'another process';
  refuse(
    'locked',
    `${folder}: ${who} is writing a run there. Name another folder, or wait; if it has ended, delete ${path}.`,
  );
}
