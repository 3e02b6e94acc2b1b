// Runs the checks of wgpu-runner.ts in Deno and collects what they say.
import { spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { bundle } from '../../bin/bundle.js';
import type { WgpuLine } from './wgpu-lines.ts';

const cache = fileURLToPath(new URL('../../node_modules/.cache/flopscope', import.meta.url));

/**
 * Bundles the runner and runs it in Deno, whose folder for downloads is ours and which asks nobody.
 * @throws with the end of its error output when it ends otherwise than by its last line
 */
export async function runInDeno(deno: string, args: readonly string[]): Promise<WgpuLine[]> {
  mkdirSync(cache, { recursive: true });
  const file = join(cache, `wgpu-${process.pid}.mjs`);
  writeFileSync(file, await bundle('test/engines/wgpu-runner.ts', { target: 'es2022' }));
  const env = { ...process.env, DENO_DIR: join(cache, 'deno'), DENO_NO_UPDATE_CHECK: '1', NO_COLOR: '1' };
  const flags = ['--unstable-webgpu', '--no-prompt', '--allow-env'];
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
    const lines: WgpuLine[] = [];
    for await (const line of createInterface(child.stdout)) lines.push(JSON.parse(line) as WgpuLine);
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
