// Runs TypeScript of this repository in Node without a build step: bundles it in memory and imports the bundle.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { cache, kept, readTexts, root } from './kept.js';

/** Whether stacks shall show lines of the sources, and errors their stacks. */
export const isDebugging = process.env.FLOPSCOPE_DEBUG === '1';

/**
 * Bundles a module with all it imports from this repository, shaders included, or reads what was bundled of the same text:
 * the bundler alone takes a second to start. Modules of `src` import nothing outside `src` and `shaders`; others are
 * bundled each time.
 * @param {string} entry path from the repository's root
 * @param {{ withPackages?: boolean, target?: string }} options packages stay outside unless told: code of no file, a
 *   thread's, finds none; `target` is what shall run it
 * @returns {Promise<string>} the code
 */
export async function bundle(entry, { withPackages = false, target = 'node20' } = {}) {
  const make = () => build(entry, withPackages, target);
  if (!entry.startsWith('src/')) return make();
  // The code names files of this checkout: it is of no use to another one.
  const parts = () => [root, entry, withPackages, target, isDebugging, readTexts('src', 'shaders', 'bin')];
  return (await kept(basename(entry, '.ts'), parts, make)).toString('utf8');
}

/**
 * @param {string} entry
 * @param {boolean} withPackages
 * @param {string} target
 */
async function build(entry, withPackages, target) {
  const [vite, { wasmKernels }] = await Promise.all([import('vite'), import('./wasm-kernels.js')]);
  const output = await vite.build({
    root,
    configFile: false,
    logLevel: 'silent',
    plugins: [wasmKernels()],
    ...(withPackages ? { ssr: { noExternal: true } } : {}),
    build: {
      ssr: entry,
      outDir: cache, // nothing is written, but source maps count from here
      write: false,
      target,
      minify: false,
      sourcemap: isDebugging ? 'inline' : false,
      rolldownOptions: { output: { codeSplitting: false } },
    },
  });
  const chunk = 'output' in output ? output.output[0] : undefined;
  if (chunk === undefined) throw new Error(`bundle: the bundler gave no code for ${entry}.`);
  return chunk.code;
}

/**
 * Imports a TypeScript module of this repository. The code passes through a file of this process's own, so that
 * two commands at once do not meet; it is gone when the module has been read.
 * @param {string} entry path from the repository's root, e.g. `src/cli/main.ts`
 * @returns {Promise<any>} the module
 */
export async function importSource(entry) {
  const file = join(cache, `${basename(entry, '.ts')}-${process.pid}.mjs`);
  const code = await bundle(entry);
  mkdirSync(cache, { recursive: true });
  writeFileSync(file, code);
  process.setSourceMapsEnabled(isDebugging);
  try {
    return await import(pathToFileURL(file).href);
  } finally {
    rmSync(file, { force: true });
  }
}
