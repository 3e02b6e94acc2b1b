// Files: where paths count from, errors in one sentence, and writes that keep what was there.
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  callersDirectory,
  createDirectory,
  readBytes,
  readJsonFile,
  readModel,
  resolvePath,
  writeFileInParts,
  writeFiles,
} from '../../src/cli/files.ts';
import { createFolder } from '../folders.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const kindOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'nothing',
    (error) => `${error.problem?.kind}: ${error.message}`,
  );

it('takes no empty path for the folder that one stands in', () => {
  expect(() => resolvePath('')).toThrow(/an empty path was given.*Name a file or a folder/);
});

describe('where the user called from', () => {
  const own = { npm_package_name: 'flopscope', npm_package_json: '/home/flopscope/package.json' };

  it('is where npm was called when npm runs this package’s script', () => {
    const env = { ...own, INIT_CWD: '/somewhere/else' };
    expect(callersDirectory(env, '/home/flopscope')).toBe('/somewhere/else');
  });

  it.each([
    ['without npm', {}, '/tmp'],
    ['with the INIT_CWD of an outer shell', { INIT_CWD: '/' }, '/tmp'],
    [
      'in a script of another package',
      { INIT_CWD: '/', npm_package_name: 'app', npm_package_json: '/app/package.json' },
      '/app',
    ],
    ['in a script that went elsewhere', { ...own, INIT_CWD: '/' }, '/tmp'],
    ['where npm does not say', own, '/home/flopscope'],
  ])('is the directory one stands in %s', (_, env, cwd) => {
    expect(callersDirectory(env, cwd)).toBe(cwd);
  });

  it('is what relative paths count from', () => {
    expect(resolvePath('/a/b.json')).toBe('/a/b.json');
    expect(resolvePath('a.json')).toBe(join(callersDirectory(process.env, process.cwd()), 'a.json'));
  });
});

const ignore = () => {};

describe('reading', () => {
  it('says in one sentence what is wrong with a path', async () => {
    const folder = createFolder();
    const absent = join(folder, 'absent.json');
    expect(await kindOf(readBytes(absent))).toMatch(
      /^invalidFile: .*absent\.json: cannot read it: there is no such file/,
    );
    expect(await kindOf(readBytes(folder))).toMatch(/^invalidFile: .*it is a directory/);
    expect(await kindOf(readModel(absent, ignore))).toMatch(/^invalidFile: .*no such directory/);
    writeFileSync(join(folder, 'file.json'), '{}');
    expect(await kindOf(readModel(join(folder, 'file.json'), ignore))).toMatch(
      /^invalidFile: .*file\.json: it is no directory and no \.gguf file\. Give a model directory/,
    );
    expect(await kindOf(readModel(folder, ignore))).toMatch(/^invalidFile: model: there is no config\.json/);
  });

  it('never reads a device', async () => {
    if (!existsSync('/dev/zero')) return;
    expect(await kindOf(readBytes('/dev/zero'))).toMatch(/^invalidFile: \/dev\/zero: it is no file/);
  });

  it.each(['', '{"a": 1', '[1,]', 'nothing'])('names a file that holds %j instead of JSON', async (text) => {
    const path = join(createFolder(), 'bad.json');
    writeFileSync(path, text);
    expect(await kindOf(readJsonFile(path))).toMatch(/^invalidFile: .*bad\.json: no JSON/);
  });
});

describe('writing', () => {
  it('replaces files whole and leaves nothing beside them', async () => {
    const folder = createFolder();
    await writeFiles(folder, [{ name: 'a', bytes: bytes('old') }]);
    await writeFiles(folder, [
      { name: 'a', bytes: bytes('new') },
      { name: 'b', bytes: bytes('') },
    ]);
    expect(readdirSync(folder).sort()).toEqual(['a', 'b']);
    expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('new');
  });

  it('writes in parts, in order', async () => {
    const path = join(createFolder(), 'parts');
    await writeFileInParts(path, async (append) => {
      await append(bytes('one '));
      await append(bytes('two'));
    });
    expect(readFileSync(path, 'utf8')).toBe('one two');
  });

  it('keeps every old file when the disk is full', async () => {
    if (!existsSync('/dev/full')) return;
    const folder = createFolder();
    await writeFiles(folder, [{ name: 'a', bytes: bytes('old') }]);
    symlinkSync('/dev/full', join(folder, 'b'));
    const both = [
      { name: 'a', bytes: bytes('new') },
      { name: 'b', bytes: bytes('new') },
    ];
    expect(await kindOf(writeFiles(folder, both))).toMatch(/^storageFull: .*the disk is full/);
    expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('old');
    expect(readdirSync(folder).sort()).toEqual(['a', 'b']);
  });

  it('keeps the old file when what is to be written fails half way', async () => {
    const folder = createFolder();
    const path = join(folder, 'a');
    writeFileSync(path, 'old');
    const failing = writeFileInParts(path, async (append) => {
      await append(bytes('half'));
      throw new Error('stopped');
    });
    await expect(failing).rejects.toThrow('stopped');
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(readdirSync(folder)).toEqual(['a']);
  });

  it('makes a directory with those above it, and takes one that is there', async () => {
    const path = join(createFolder(), 'a/b/c');
    await createDirectory(path);
    await createDirectory(path);
    expect(existsSync(path)).toBe(true);
  });

  it('refuses a directory that cannot be', async () => {
    const folder = createFolder();
    writeFileSync(join(folder, 'file'), '');
    expect(await kindOf(createDirectory(join(folder, 'file', 'out')))).toMatch(
      /^invalidFile: .*no directory/,
    );
    if (existsSync('/proc'))
      expect(await kindOf(createDirectory('/proc/out'))).toMatch(
        /^invalidFile: \/proc\/out: cannot write to it/,
      );
    mkdirSync(join(folder, 'out'));
    expect(await kindOf(writeFileInParts(join(folder, 'out'), async () => {}))).toMatch(
      /^invalidFile: .*a directory/,
    );
  });
});
