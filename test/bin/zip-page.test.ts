// The built page as one zip: every file under the name that the page asks for, and no source map.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { strFromU8, unzipSync } from 'fflate';
import { expect, it } from 'vitest';
import { zipFolder } from '../../bin/zip-page.js';
import { createFolder } from '../folders.ts';

it('packs a folder with its subfolders', () => {
  const folder = createFolder();
  mkdirSync(join(folder, 'assets'));
  writeFileSync(join(folder, 'index.html'), '<!doctype html>');
  writeFileSync(join(folder, 'assets', 'lab.js'), 'export {};');
  writeFileSync(join(folder, 'assets', 'lab.js.map'), '{}');
  const files = Object.entries(unzipSync(zipFolder(folder))).map(([name, bytes]) => [name, strFromU8(bytes)]);
  expect(Object.fromEntries(files)).toEqual({
    'index.html': '<!doctype html>',
    'assets/lab.js': 'export {};',
  });
});
