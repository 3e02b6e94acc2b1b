// One writer a folder: a second one is refused by name, what a dead process left is taken over, and nothing stays.
import { existsSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { claimOfRuns, withClaim } from '../../src/cli/claim.ts';

const folderWith = (content?: string) => {
  const folder = mkdtempSync(join(tmpdir(), 'claim-'));
  if (content !== undefined) writeFileSync(claimOfRuns(folder).path, content);
  return folder;
};
const writer = (id: number, host = hostname()) => `${id} ${host}`;

it('holds the folder while the work is done, and leaves it as it was', async () => {
  const folder = folderWith();
  const seen = await withClaim(claimOfRuns(folder), async () => existsSync(claimOfRuns(folder).path));
  await expect(withClaim(claimOfRuns(folder), () => Promise.reject(new Error('failed')))).rejects.toThrow(
    'failed',
  );
  expect([seen, readdirSync(folder)]).toEqual([true, []]);
  expect(await withClaim(undefined, async () => 'no folder')).toBe('no folder');
});

it.each([
  [
    'a process that lives',
    writer(process.ppid),
    new RegExp(`process ${process.ppid} on .* is writing a run there`),
  ],
  [
    'another machine',
    writer(1, 'elsewhere'),
    /process 1 on elsewhere.*if there is no such process, delete .*writing/,
  ],
  ['a file that is only begun', '', /another process is writing/],
])('refuses a folder of %s, and touches nothing', async (_, content, message) => {
  const folder = folderWith(content);
  let began = false;
  const work = async () => {
    began = true;
  };
  await expect(withClaim(claimOfRuns(folder), work)).rejects.toThrow(message);
  expect([began, existsSync(claimOfRuns(folder).path)]).toEqual([false, true]);
});

it.each([
  ['a process that is gone', writer(2 ** 30)],
  ['our own number, used again', writer(process.pid)],
])('takes over from %s', async (_, content) => {
  expect(await withClaim(claimOfRuns(folderWith(content)), async () => 'done')).toBe('done');
});
