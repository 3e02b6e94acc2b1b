// Tests of opening GGUF files: what is there is read, and every lie is refused in one line, in little work, without trusting its sizes.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openGguf, readGguf } from '../../../src/data/gguf/file.ts';
import { parseGgufHeader } from '../../../src/data/gguf/header.ts';
import type { ByteSource } from '../../../src/data/safetensors.ts';
import { near } from '../../near.ts';
import { Bytes, type Typed, writeGguf } from './write-gguf.ts';

const metadata: Readonly<Record<string, Typed>> = {
  'general.architecture': { text: 'llama' },
  'llama.block_count': { u32: 2 },
  'llama.epsilon': { f32: 0.5 },
  'a.bool': { bool: true },
  'a.texts': { texts: ['a', 'ß', ''] },
  'a.numbers': { i32s: [1, -2] },
};
const floats = new Uint8Array(new Float32Array([1, 2, 3, 4, 5, 6]).buffer);
const good = writeGguf(
  metadata,
  new Map([
    ['w', { type: 'F32', shape: [2, 3], bytes: floats }],
    ['q', { type: 'Q8_0', shape: [1, 64], bytes: new Uint8Array(68).fill(1) }],
  ]),
);

/** The source of bytes that counts what is read of it; it is as long as it says. */
function counted(bytes: Uint8Array, claimed = bytes.length): ByteSource & { readonly taken: () => number } {
  let taken = 0;
  return {
    bytes: claimed,
    taken: () => taken,
    read: async (begin, end) => {
      taken += end - begin;
      return bytes.subarray(begin, end);
    },
  };
}

/** The start of a file with these counts. */
const start = (tensors: number | bigint, keys: number | bigint, version = 3) =>
  new Bytes().u32(0x46554747).u32(version).u64(tensors).u64(keys);

test('a header is read, and the numbers of a tensor from any place', async () => {
  const source = counted(good);
  const header = await openGguf(source);
  expect(Object.fromEntries(header.metadata)).toEqual({
    'general.architecture': 'llama',
    'llama.block_count': 2,
    'llama.epsilon': near(0.5),
    'a.bool': true,
    'a.texts': ['a', 'ß', ''],
    'a.numbers': [1, -2],
  });
  const tensor = header.tensors.get('w');
  if (!tensor) throw new Error('w is not there.');
  expect(tensor.shape).toEqual([2, 3]);
  expect([...(await readGguf(source, tensor, 2, 3))]).toEqual([3, 4, 5]);
  const blocks = header.tensors.get('q');
  if (!blocks) throw new Error('q is not there.');
  expect((await readGguf(source, blocks, 30, 4)).length).toBe(4);
});

test('a header longer than the first look is read to its end', async () => {
  const texts = Array.from({ length: 20_000 }, (_, i) => `token ${i}`);
  const { metadata: read } = await openGguf(counted(writeGguf({ ...metadata, 'a.long': { texts } })));
  expect(read.get('a.long')).toEqual(texts);
});

const far = 2n ** 40n;
const tensor = (name: string, sizes: readonly (number | bigint)[], type: number, offset: number | bigint) => {
  const file = start(1, 0).text(name).u32(sizes.length);
  for (const size of sizes) file.u64(size);
  return file.u32(type).u64(offset).padTo(32).add(new Uint8Array(64));
};
const pair = (second: string, offset: number) =>
  start(2, 0)
    .text('a')
    .u32(1)
    .u64(8)
    .u32(0)
    .u64(0)
    .text(second)
    .u32(1)
    .u64(8)
    .u32(0)
    .u64(offset)
    .padTo(32)
    .add(new Uint8Array(64));

describe('lies', () => {
  test.each<readonly [lie: string, file: Bytes, said: string]>([
    ['nothing at all', new Bytes(), 'the mark of the format needs 4 bytes at 0, and the file has 0'],
    ['another format', new Bytes().text('PK'), 'not with "GGUF"'],
    ['big-endian', start(0, 0, 0x03000000), 'big-endian'],
    ['version 1', start(0, 0, 1), 'version 1'],
    ['a version from the future', start(0, 0, 99), 'version 99'],
    ['a trillion tensors', start(far, 0), 'claims 1099511627776 tensors'],
    ['a trillion keys', start(0, far), 'claims 1099511627776 keys'],
    ['more keys than bytes', start(0, 9999), 'claims 9999 keys, for which the file is too short'],
    ['2^64 − 1 tensors', start(2n ** 64n - 1n, 0), 'beyond any file'],
    [
      'a key of a gigabyte',
      start(0, 1)
        .u64(2 ** 30)
        .add(new Uint8Array(40)),
      '1073741824 bytes long',
    ],
    [
      'a text of a gigabyte',
      start(0, 1)
        .text('k')
        .u32(8)
        .u64(2 ** 30)
        .add(new Uint8Array(40)),
      '"k" is 1073741824 bytes long by its length, the limit is 16777216',
    ],
    [
      'a text that ends behind the file',
      start(0, 1).text('k').u32(8).u64(1000).add(new Uint8Array(40)),
      '"k" needs 1000',
    ],
    [
      'a list of a billion texts',
      start(0, 1)
        .text('k')
        .u32(9)
        .u32(8)
        .u64(2 ** 30)
        .add(new Uint8Array(40)),
      'claims 1073741824 values of "k"',
    ],
    [
      'a list longer than the file',
      start(0, 1).text('k').u32(9).u32(6).u64(1000).add(new Uint8Array(40)),
      'claims 1000 values of "k", for which the file is too short',
    ],
    [
      'lists in lists in lists',
      start(0, 1)
        .text('k')
        .u32(9)
        .u32(9)
        .u64(1)
        .u32(9)
        .u64(1)
        .u32(9)
        .u64(1)
        .u32(9)
        .u64(1)
        .add(new Uint8Array(64)),
      'is a list in lists',
    ],
    [
      'an unknown kind of value',
      start(0, 1).text('k').u32(77).add(new Uint8Array(8)),
      '"k" is of the unknown type 77',
    ],
    ['neither true nor false', start(0, 1).text('kkkk').u32(7).u8(2), '"kkkk" is 2, neither true nor false'],
    ['no UTF-8', start(0, 1).u64(2).u8(0xff).u8(0xfe).add(new Uint8Array(8)), 'is not UTF-8'],
    [
      'a key twice',
      start(0, 2).text('k').u32(4).u32(1).text('k').u32(4).u32(1),
      'the key "k" is there twice',
    ],
    ['a tensor of a hundred sizes', start(1, 0).text('w').u32(100).add(new Uint8Array(64)), 'has 100 sizes'],
    ['sizes whose product overflows', tensor('w', [far, far], 0, 0), 'which no tensor has'],
    ['a tensor of nothing', tensor('w', [0, 4], 0, 0), 'which no tensor has'],
    ['an unknown type', tensor('w', [4], 999, 0), 'of the unknown type 999'],
    ['a row that is no whole block', tensor('w', [33], 8, 0), 'rows of 33, and Q8_0 has blocks of 32'],
    ['a tensor behind the end', tensor('w', [16], 0, 2 ** 40), 'reaches to byte'],
    ['a tensor longer than the file', tensor('w', [far], 0, 0), 'reaches to byte'],
    ['a tensor at an odd place', tensor('w', [4], 0, 3), 'lies at 3, no multiple of 32'],
    ['a tensor over another', pair('b', 0), 'lies over tensor "a"'],
    ['a tensor twice', pair('a', 32), 'tensor "a" is there twice'],
    ['a name of a hundred letters', tensor('n'.repeat(100), [4], 0, 0), 'the limit is 64'],
    [
      'an alignment of 3',
      start(0, 1).text('general.alignment').u32(4).u32(3),
      'general.alignment is "3", no power of two',
    ],
  ])('%s is refused in one line', async (_, file, said) => {
    const attempt = openGguf(counted(file.whole()));
    await expect(attempt).rejects.toThrow(said);
    await attempt.catch((error: Error) => {
      expect(error.name).toBe('InvalidFileError');
      expect(error.message).not.toContain('\n');
      expect(error.message.length).toBeLessThan(300);
    });
  });

  test('a lie in a file of a terabyte is found in its first bytes', async () => {
    const source = counted(
      start(0, 1)
        .text('k')
        .u32(8)
        .u64(2 ** 30)
        .padTo(2 ** 16)
        .whole(),
      2 ** 40,
    );
    await expect(openGguf(source)).rejects.toThrow('the limit is 16777216');
    expect(source.taken()).toBeLessThanOrEqual(2 ** 16);
  });
});

test('whatever byte is changed and wherever it is cut, a file is read or refused by name', () => {
  const change = fc.record({ at: fc.nat(good.length - 1), to: fc.nat(255) });
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), fc.nat(good.length), (changes, cut) => {
      const bytes = good.slice();
      for (const { at, to } of changes) bytes[at] = to;
      for (const file of [bytes, bytes.subarray(0, cut)]) {
        try {
          const header = parseGgufHeader(file, file.length);
          expect(header?.tensors.size).toBeLessThanOrEqual(2);
        } catch (error) {
          expect((error as Error).name).toBe('InvalidFileError');
        }
      }
    }),
    { numRuns: 300, seed: 7 },
  );
});
