// What one page found of this browser's kernels, kept for the next, as for a visitor who comes again: half of what a file
// of tests would compile is for the self-test, whose own test begins with nothing known.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { Page } from 'puppeteer';

/** Where the page keeps it: a folder and a file of the origin's own file system. */
const place = ['runs', 'checked-kernels'] as const;

/** Takes what the page knows. It holds for this run of the tests alone. */
export async function keepCheckedKernels(page: Page): Promise<void> {
  const { FLOPSCOPE_CHECKED: path } = process.env;
  if (path === undefined) return;
  const known = await page.evaluate(async ([folder, name]) => {
    const root = await navigator.storage.getDirectory();
    const file = await (await root.getDirectoryHandle(folder)).getFileHandle(name);
    return (await file.getFile()).text();
  }, place);
  writeFileSync(`${path}.${process.pid}`, known);
  renameSync(`${path}.${process.pid}`, path); // whole at once: another file's tests may read it now
}

/** Gives a page, before its first self-test, what another knew, if there was one. */
export async function recallCheckedKernels(page: Page): Promise<void> {
  const { FLOPSCOPE_CHECKED: path } = process.env;
  if (path === undefined || !existsSync(path)) return;
  await page.evaluate(
    async ([folder, name], known) => {
      const root = await navigator.storage.getDirectory();
      const runs = await root.getDirectoryHandle(folder, { create: true });
      const stream = await (await runs.getFileHandle(name, { create: true })).createWritable();
      await stream.write(known);
      await stream.close();
    },
    place,
    readFileSync(path, 'utf8'),
  );
}
