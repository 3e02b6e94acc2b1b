// What `flopscope validate` refuses before it asks for a GPU, and how it fails without one.
import { expect, it } from 'vitest';
import { createFolder } from '../folders.ts';
import { runMain, spawnCommand } from './run-command.ts';

it('refuses a grid that there is not', async () => {
  const { code, stderr, stdout } = await runMain(['validate', '--grid', 'huge']);
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(/^flopscope: .*huge.*small, full/);
});

it('exits with 2 where there is no GPU', async () => {
  const folder = createFolder();
  const { code, stderr, stdout } = await spawnCommand(['validate', '--json'], {
    folder,
    environment: { VK_DRIVER_FILES: `${folder}/none.json` },
  });
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr.trim().split('\n')).toHaveLength(1);
});
