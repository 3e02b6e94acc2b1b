// Runs checks of this folder in Deno, and collects what they say.
import { spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { bundle } from '../../bin/bundle.js';

const cache = fileURLToPath(new URL('../../node_modules/.cache/flopscope', import.meta.url));

/**
 * Bundles a runner, which says a JSON line a result, and runs it in Deno, whose folder for downloads is ours and which asks
 * nobody. Its last line is of the kind `end`, or `noDevice`.
 * @param entry path from the repository's root
 * @throws with the end of its error output when it ends otherwise than by its last line
 */
export async function runInDeno<Line extends { readonly kind: string }>(
  deno: string,
  entry: string,
  args: readonly string[],
): Promise<Line[]> {
  mkdirSync(cache, { recursive: true });
  const file = join(cache, `${basename(entry, '.ts')}-${process.pid}.mjs`);
  writeFileSync(file, await bundle(entry, { target: 'es2022' }));
  const env = { ...process.env, DENO_DIR: join(cache, 'deno'), DENO_NO_UPDATE_CHECK: '1', NO_COLOR: '1' };
  const flags = ['--unstable-webgpu', '--no-prompt', '--allow-env', '--allow-read'];
  const child = spawn(deno, ['run', ...flags, file, ...args], { env });
  try {
    let errors = '';
    child.stderr.on('data', (text) => {
      errors = (errors + text).slice(-2000);
    });
    const ended = new Promise<number | null>((resolve, reject) => {
      child.on('close', resolve);
      child.on('error', reject);
    });
    const lines: Line[] = [];
    for await (const line of createInterface(child.stdout)) lines.push(JSON.parse(line) as Line);
    const code = await ended;
    const last = lines.at(-1)?.kind;
    if (last !== 'end' && last !== 'noDevice')
      throw new Error(`deno: ended with ${code} after ${lines.length} results. ${errors}`);
    return lines;
  } finally {
    child.kill();
    rmSync(file, { force: true });
  }
}
