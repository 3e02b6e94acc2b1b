// A folder that one process writes to at a time: a file beside it names the process that does.
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { refuse } from '../failure.ts';

/**
 * Does work while no other process has the folder. A lock that a killed process left behind is taken away.
 * @param what the folder holds, for the refusal
 * @throws LabError where another process has it
 */
export async function withFolderLocked<T>(folder: string, what: string, work: () => Promise<T>): Promise<T> {
  const path = `${folder}.lock`;
  await mkdir(dirname(path), { recursive: true });
  const own = `${process.pid} ${hostname()}`;
  while (!(await create(path, own))) {
    const holder = await readFile(path, 'utf8').catch(() => undefined);
    if (holder === undefined) continue; // it was given back just now
    if (isAlive(holder)) {
      const who = holder === '' ? 'another process' : `process ${holder.replace(' ', ' of ')}`;
      refuse(
        'busy',
        `pull: ${who} is at work on ${what}. Wait until it ends; if there is no such process, delete ${path}`,
      );
    }
    await takeAway(path, holder);
  }
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

async function create(path: string, content: string): Promise<boolean> {
  try {
    await writeFile(path, content, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Removes a dead process's lock, and not the one that a quicker process has put in its place meanwhile. */
async function takeAway(path: string, holder: string): Promise<void> {
  const aside = `${path}.${process.pid}`;
  const isMoved = await rename(path, aside).then(
    () => true,
    () => false,
  );
  if (!isMoved) return;
  if ((await readFile(aside, 'utf8')) === holder) await rm(aside, { force: true });
  else await rename(aside, path);
}

/** Whether a holder is at work, or may be: of another machine on the same disk nothing is known, nor of one not written yet. */
function isAlive(holder: string): boolean {
  const [pid, host] = holder.split(' ');
  if (holder === '' || host !== hostname()) return true;
  try {
    process.kill(Number(pid), 0); // asks only
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // another user's
  }
}
