// What is kept from one start to the next: made once of the same parts, and not for ever.
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { kept } from '../../bin/kept.js';
import { createFolder } from '../folders.ts';

/** Counts how often something is made. */
function counted(folder: string) {
  let made = 0;
  const get = async (name: string, parts: unknown) =>
    (
      await kept(
        name,
        () => parts,
        async () => `${name} ${++made}`,
        folder,
      )
    ).toString();
  return get;
}

it('makes a thing once of the same parts, and again of others', async () => {
  const get = counted(createFolder());
  expect(await get('bundle', ['a', { text: 'x' }])).toBe('bundle 1');
  expect(await get('bundle', ['a', { text: 'x' }])).toBe('bundle 1');
  expect(await get('bundle', ['a', { text: 'y' }])).toBe('bundle 2');
  expect(await get('kernels', ['a', { text: 'x' }])).toBe('kernels 3');
  expect(await get('bundle', ['a', { text: 'x' }])).toBe('bundle 1');
});

it('removes the oldest of a name, and nothing else', async () => {
  const folder = createFolder();
  writeFileSync(join(folder, 'main-notes.kept'), '');
  const get = counted(folder);
  await get('main-thread', 0);
  for (let state = 0; state < 12; state++) await get('main', state);
  const names = readdirSync(folder);
  expect(names.filter((name) => /^main-[0-9a-f]{16}\.kept$/.test(name))).toHaveLength(8);
  expect(names).toHaveLength(10);
  expect(await get('main', 11)).toBe('main 13'); // the last one made is there
});

it('keeps nothing of what was changed while it was made', async () => {
  const folder = createFolder();
  let text = 'before';
  const made = await kept(
    'x',
    () => text,
    async () => {
      text = 'after';
      return text;
    },
    folder,
  );
  expect(made.toString()).toBe('after');
  expect(readdirSync(folder)).toEqual([]);
});

it('keeps nothing of what could not be made', async () => {
  const folder = createFolder();
  const failing = kept(
    'x',
    () => 1,
    () => Promise.reject(new Error('no compiler')),
    folder,
  );
  await expect(failing).rejects.toThrow('no compiler');
  expect(readdirSync(folder)).toEqual([]);
});
