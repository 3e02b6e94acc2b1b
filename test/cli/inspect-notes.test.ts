// What inspect says beside its result: that a loss is no number, which JSON cannot say.
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createFolder } from '../folders.ts';
import { fixturePath } from './fixtures.ts';
import { jsonLines, runMain } from './run-command.ts';

it('notes on stderr that the loss is no number when a weight is none', async () => {
  const folder = createFolder();
  cpSync(fixturePath('llama-c'), folder, { recursive: true });
  const path = join(folder, 'model.safetensors');
  const bytes = readFileSync(path);
  bytes.writeFloatLE(Number.NaN, bytes.length - 4);
  writeFileSync(path, bytes);
  const args = ['inspect', folder, '--tokens', join(folder, 'tokens.json'), '--runtime', 'cpu', '--json'];
  const said = await runMain(args);
  expect(said.stderr).toMatch(/^inspect: the loss is NaN: some weights are not finite[^\n]*\n$/);
  expect(jsonLines(said)[0].loss).toBeNull();
});
