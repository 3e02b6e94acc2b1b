// Vitest global setup of the browser project: builds the page once and serves it, with its headers, on a loopback port.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, preview } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));
const outDir = 'node_modules/.cache/flopscope/page';
const checked = resolve(root, 'node_modules/.cache/flopscope/checked-kernels.json');

/**
 * Puts the page's address into FLOPSCOPE_PAGE, its folder into FLOPSCOPE_PAGE_FOLDER and where browsers keep profiles into
 * FLOPSCOPE_PROFILES, which the test processes inherit; or into FLOPSCOPE_PAGE_ERROR why there is none: a page that does not
 * build fails the browser's tests, not everybody's. Returns the way to stop.
 */
export default async function setup(): Promise<() => Promise<void>> {
  const { FLOPSCOPE_SKIP_BROWSER, FLOPSCOPE_SKIP_FIREFOX } = process.env;
  if (FLOPSCOPE_SKIP_BROWSER !== undefined && FLOPSCOPE_SKIP_FIREFOX !== undefined) return async () => {};
  rmSync(checked, { force: true }); // what an earlier page checked were other kernels, perhaps
  process.env.FLOPSCOPE_CHECKED = checked;
  const profiles = mkdtempSync(join(tmpdir(), 'flopscope-profiles-'));
  process.env.FLOPSCOPE_PROFILES = profiles;
  const removeProfiles = () => rmSync(profiles, { recursive: true, force: true, maxRetries: 5 });
  try {
    // With Vitest's own value, libraries would be built as for development: not what visitors get.
    const before = process.env.NODE_ENV;
    process.env.NODE_ENV = 'production';
    await build({ root, logLevel: 'warn', build: { outDir, emptyOutDir: true } });
    process.env.NODE_ENV = before;
    const server = await preview({
      root,
      logLevel: 'warn',
      build: { outDir },
      preview: { port: 0, allowedHosts: ['teacher-laptop.test'] },
    });
    process.env.FLOPSCOPE_PAGE_FOLDER = resolve(root, outDir);
    process.env.FLOPSCOPE_PAGE = server.resolvedUrls?.local[0];
    return async () => {
      await server.close();
      removeProfiles();
    };
  } catch (error) {
    process.env.FLOPSCOPE_PAGE_ERROR = error instanceof Error ? error.message : String(error);
    return async () => removeProfiles();
  }
}
