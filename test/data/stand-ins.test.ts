// Tests of what stands where a file was meant to be: told from weights and from texts that only look alike.
import { expect, test } from 'vitest';
import { lfsPointerSize, lfsPointerText, standInText } from '../../src/data/stand-ins.ts';
import { readText } from '../../src/data/text-file.ts';

const pointer = `version https://git-lfs.github.com/spec/v1
oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393
size 538090408
`;
const bytes = (text: string) => new TextEncoder().encode(text);

test('a pointer says the size of what it stands for', () => {
  expect(lfsPointerSize(bytes(pointer))).toBe(538_090_408);
  expect(lfsPointerSize(bytes(pointer.replace('size', 'length')))).toBe(0);
  expect(lfsPointerText('model.safetensors', 538_090_408)).toMatch(
    /^model\.safetensors: it is a Git LFS pointer to a file of 538090408 bytes.*git lfs pull/,
  );
});

test.each(['', 'version 1', `A story. ${pointer}`, pointer + 'x'.repeat(2000)])('%j is none', (text) => {
  expect(lfsPointerSize(bytes(text))).toBeUndefined();
});

test('a web page is named, as is a pointer', () => {
  const page = bytes('\n<!DOCTYPE html>\n<html class="">');
  expect(standInText('config.json', page, 9000)).toMatch(/^config\.json: it is a web page .*\/resolve\//);
  expect(standInText('model.safetensors', page)).toContain('not a safetensors file');
  expect(standInText('config.json', bytes(pointer))).toContain('Git LFS pointer');
  expect(standInText('config.json', bytes('{"html": "<html>"}'))).toBeUndefined();
});

test('a pointer of git-annex is named', () => {
  for (const path of ['/annex/objects/SHA256E-s12--ab.safetensors\n', '../.git/annex/objects/x/y'])
    expect(standInText('a.safetensors', bytes(path))).toMatch(/git-annex.*"git annex get"/);
});

test('a pointer is no text to learn', async () => {
  await expect(readText(new Blob([pointer]))).rejects.toThrow('text file: it is a Git LFS pointer');
});
