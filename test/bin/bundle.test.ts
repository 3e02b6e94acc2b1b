// Running TypeScript without a build step: modules, shaders as text, no file of a process left behind.
import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { importSource } from '../../bin/bundle.js';

it('imports a TypeScript module with its shaders, and leaves no file of its own behind', async () => {
  const { softmaxForward } = await importSource('src/kernels/softmax.ts');
  expect(softmaxForward.source).toContain('fn forward(');
  const left = readdirSync('node_modules/.cache/flopscope').filter((name) =>
    name.includes(`-${process.pid}`),
  );
  expect(left).toEqual([]);
});

it('names the file that it cannot find', async () => {
  await expect(importSource('src/nothing.ts')).rejects.toThrow(/src\/nothing\.ts/);
});
