// Archives in and out, and what a file's name says it is for.
import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { filesToImport, isModelFile, packFiles, unpackFiles } from '../../../src/ui/state/files.ts';

const files = [
  { name: 'config.json', bytes: new TextEncoder().encode('{}') },
  { name: 'model.safetensors', bytes: Uint8Array.from({ length: 5000 }, (_, index) => index % 251) },
];

describe('files', () => {
  it('packs and unpacks without loss', () => {
    expect(unpackFiles(packFiles(files))).toEqual(files);
  });

  it('drops folders from the names', () => {
    const archive = zipSync({
      'nano/config.json': new Uint8Array([1]),
      '../../evil.json': new Uint8Array([2]),
    });
    expect(unpackFiles(archive).map(({ name }) => name)).toEqual(['config.json', 'evil.json']);
  });

  it('refuses an archive with too many files before unpacking it', () => {
    const many = Object.fromEntries(
      Array.from({ length: 65 }, (_, index) => [`${index}`, new Uint8Array(1)]),
    );
    expect(() => unpackFiles(zipSync(many))).toThrow(/too much inside/);
  });

  it('refuses an archive that declares more than a gibibyte', () => {
    const archive = zipSync({ a: new Uint8Array(8) }, { level: 0 });
    const view = new DataView(archive.buffer, archive.byteOffset, archive.byteLength);
    for (let at = 0; at + 46 <= archive.byteLength; at += 1) {
      if (view.getUint32(at, true) === 0x02014b50) view.setUint32(at + 24, 2 ** 31, true); // Size in the directory.
    }
    expect(() => unpackFiles(archive)).toThrow(/too much inside/);
  });

  it('opens archives and passes other files on', async () => {
    const zip = new File([packFiles(files)], 'nano.zip');
    const plain = new File(['{}'], 'tokenizer.json');
    const list = await filesToImport([zip, plain]);
    expect(list.map(({ name }) => name)).toEqual(['config.json', 'model.safetensors', 'tokenizer.json']);
  });

  it.each([
    ['model.safetensors', true],
    ['SmolLM2-135M.Q4_K_M.GGUF', true],
    ['nano-checkpoint.zip', true],
    ['config.json', true],
    ['tokenizer.json', true],
    ['poems.txt', false],
    ['dialogues.json', false],
  ])('takes %s for a model file: %s', (name, isModel) => {
    expect(isModelFile(name)).toBe(isModel);
  });
});
