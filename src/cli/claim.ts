// One writer a folder: a file names the process that writes there, while it does.
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { refuse } from './failure.ts';
import { translated } from './files.ts';

/** A place that one process writes to at a time. */
export interface Claim {
  /** The file that names the process, in a folder that exists. */
  readonly path: string;
  /** The refusal of a second process, up to what is to be done about the file; `who` is the first one. */
  readonly refusal: (who: string) => string;
}

/** A folder for runs: of two that save there, the weights of the one would lie beside the checkpoint of the other. */
export function claimOfRuns(folder: string): Claim {
  return {
    path: join(folder, '.flopscope-writing'),
    refusal: (who) => `${folder}: ${who} is writing a run there. Name another folder, or wait`,
  };
}

/**
 * Does the work as the only one that writes there. What a process left that is gone is taken over.
 * @param claim undefined where nothing is written
 * @throws LabError that names the other process
 */
export async function withClaim<T>(claim: Claim | undefined, work: () => Promise<T>): Promise<T> {
  if (claim === undefined) return work();
  await take(claim);
  try {
    return await work();
  } finally {
    await rm(claim.path, { force: true });
  }
}

async function take({ path, refusal }: Claim): Promise<void> {
  while (!(await create(path, `${process.pid} ${hostname()}`))) {
    const writer = await readFile(path, 'utf8').catch(() => undefined);
    if (writer === undefined) continue; // it was given back just now
    if (isAtWork(writer)) {
      const [id, ...host] = writer.split(' ');
      const who = writer === '' ? 'another process' : `process ${id} on ${host.join(' ')}`;
      refuse('busy', `${refusal(who)}; if there is no such process, delete ${path}.`);
    }
    await takeAway(path, writer);
  }
}

/** Whether the file was not there before. */
async function create(path: string, content: string): Promise<boolean> {
  try {
    await writeFile(path, content, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw translated(error, path, 'write');
  }
}

/** Removes what a dead process left, and not what a quicker process has put in its place meanwhile. */
async function takeAway(path: string, writer: string): Promise<void> {
  const aside = `${path}.${process.pid}`;
  const isMoved = await rename(path, aside).then(
    () => true,
    () => false,
  );
  if (!isMoved) return;
  if ((await readFile(aside, 'utf8')) === writer) await rm(aside, { force: true });
  else await rename(aside, path);
}

/** Whether a writer is at work, or may be: nothing is known of one on another machine, nor of one not written yet. */
function isAtWork(writer: string): boolean {
  const [id, host] = writer.split(' ');
  if (writer === '' || host !== hostname()) return true;
  if (Number(id) === process.pid) return false; // numbers are used again, our own too
  try {
    process.kill(Number(id), 0); // asks only
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // another user's, which lives
  }
}
