// Tests of what stands where a file was meant to be: told from weights and from texts that only look alike.
import { expect, test } from 'vitest';
import {
  fileFormat,
  lfsPointerSize,
  lfsPointerText,
  standInText,
  textBeginning,
} from '../../src/data/stand-ins.ts';
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

test.each([
  ['gzip', [0x1f, 0x8b, 8, 0], /packed by gzip, not text\. Unpack it/],
  ['a document', [...bytes('PK\x03\x04\x14\0')], /a zip archive, as \.docx.* plain text/],
  ['a PDF', [...bytes('%PDF-1.7\n%')], /a PDF, not text/],
  ['RTF', [...bytes('{\\rtf1\\ansi Hello, hello')], /word processor/],
  ['a picture', [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a], /a picture/],
])('%s is told from a text by its first bytes', async (_, head, message) => {
  await expect(readText(new Blob([Uint8Array.from(head)]))).rejects.toThrow(message);
});

test('what begins like a format, and texts for people, are told apart', () => {
  for (const text of ['%PDF', 'PK is a short name', '{rtf', 'SQLite format 3 is a file'])
    expect(fileFormat(bytes(text))).toBeUndefined();
  expect(textBeginning(bytes('{"error":\n "Invalid credentials"}'))).toBe('{"error": "Invalid credentials"}');
  expect(textBeginning(bytes('Größe').subarray(0, 3))).toBe('Gr');
  for (const none of [[], [0x41, 0], [0xff, 0x41], [0x20, 0x0a]])
    expect(textBeginning(Uint8Array.from(none))).toBeUndefined();
});
