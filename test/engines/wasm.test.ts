// The WebAssembly runtime in Deno, whose multiply-adds round once: every kernel, and a page's threads that train.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { bundle } from '../../bin/bundle.js';
import { compileKernels } from '../../bin/wasm-kernels.js';
import { createFolder } from '../folders.ts';
import { runInDeno } from './deno.ts';
import type { WasmLine } from './wasm-runner.ts';

const { FLOPSCOPE_DENO: deno } = process.env;

describe.skipIf(deno === undefined)('WebAssembly in Deno', () => {
  let lines: readonly WasmLine[] = [];
  const linesOf = <K extends WasmLine['kind']>(kind: K) =>
    lines.filter((line): line is Extract<WasmLine, { kind: K }> => line.kind === kind);

  beforeAll(async () => {
    // Compiled here, where the compiler can be loaded: Deno finds it in the cache.
    await compileKernels('relaxed');
    const thread = join(createFolder(), 'thread.mjs');
    writeFileSync(thread, await bundle('src/worker/threads/wasm-entry.ts', { target: 'es2022' }));
    lines = await runInDeno<WasmLine>(deno ?? '', 'test/engines/wasm-runner.ts', [
      pathToFileURL(thread).href,
    ]);
  });

  it('has multiply-adds in one rounding', () => {
    expect(linesOf('machine')).toEqual([{ kind: 'machine', isRelaxed: true }]);
  });

  it('agrees with the references in every family', () => {
    expect(linesOf('kernel').length).toBeGreaterThan(60);
    expect(linesOf('kernel').filter(({ passed }) => !passed)).toEqual([]);
  });

  it('trains on two workers as the reference loops do', () => {
    const [{ wasm = [], references = [] } = {}] = linesOf('steps');
    expect(wasm).toHaveLength(4);
    for (const [step, loss] of references.entries())
      expect(Math.abs((wasm[step] ?? 0) - loss)).toBeLessThan(1e-3);
    expect(wasm[3]).toBeLessThan(wasm[0] ?? 0);
  });
});
