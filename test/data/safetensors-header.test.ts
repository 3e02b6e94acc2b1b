// Tests of the strict header: every hostile file is refused in one line, in little work, and without trusting its sizes.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseSafetensorsHeader, tensorLimit } from '../../src/data/safetensors-header.ts';
import { countWork } from './counted-work.ts';

/** A file from the text (or bytes) of its header, its data bytes, and a claimed header length. */
function makeFile(header: string | Uint8Array, dataBytes: number, claimed?: bigint): Uint8Array {
  const text = typeof header === 'string' ? new TextEncoder().encode(header) : header;
  const file = new Uint8Array(8 + text.length + dataBytes);
  new DataView(file.buffer).setBigUint64(0, claimed ?? BigInt(text.length), true);
  file.set(text, 8);
  return file;
}

const entry = (begin: number, end: number, shape = `[${(end - begin) / 4}]`): string =>
  `{"dtype":"F32","shape":${shape},"data_offsets":[${begin},${end}]}`;
const one = (value: string): string => `{"w":${value}}`;

test('a header is read with its metadata and offsets from the start of the file', () => {
  const text = `{"__metadata__":{"format":"pt"},"b":${entry(8, 8)},"a":${entry(0, 8, '[1,2]')}}   `;
  const header = parseSafetensorsHeader(makeFile(text, 8));
  const start = 8 + text.length;
  expect(header.dataStart).toBe(start);
  expect([...header.metadata]).toEqual([['format', 'pt']]);
  expect([...header.tensors]).toEqual([
    ['b', { dtype: 'F32', shape: [0], begin: start + 8, end: start + 8 }],
    ['a', { dtype: 'F32', shape: [1, 2], begin: start, end: start + 8 }],
  ]);
});

test('the start of a file suffices when its size is given', () => {
  const file = makeFile(one(entry(0, 400)), 400);
  const header = parseSafetensorsHeader(file.subarray(0, file.length - 400), file.length);
  expect(header.tensors.get('w')?.end).toBe(file.length);
  expect(() => parseSafetensorsHeader(file.subarray(0, 20), file.length)).toThrow(
    'the header is cut off: 20 of',
  );
});

// safetensors 0.8 reads all of these.
test.each([
  ['white space before the object', ` \n${one(entry(0, 4))}`],
  ['metadata of null', `{"__metadata__":null,"w":${entry(0, 4)}}`],
  ['a further key of a tensor', one(`${entry(0, 4).slice(0, -1)},"x":1}`)],
])('%s is read as the reference reader does', (_, text) => {
  const { metadata, tensors, dataStart } = parseSafetensorsHeader(makeFile(text, 4));
  expect([...metadata]).toEqual([]);
  expect([...tensors]).toEqual([['w', { dtype: 'F32', shape: [1], begin: dataStart, end: dataStart + 4 }]]);
});

test('a tensor may be named __proto__, once', () => {
  const { tensors } = parseSafetensorsHeader(makeFile(`{"__proto__":${entry(0, 4)}}`, 4));
  expect([...tensors.keys()]).toEqual(['__proto__']);
  expect(({} as { dtype?: string }).dtype).toBeUndefined();
  const twice = makeFile(`{"__proto__":${entry(0, 4)},"__proto__":${entry(0, 4)}}`, 4);
  expect(() => parseSafetensorsHeader(twice)).toThrow('a key occurs twice: "__proto__"');
});

const million = `{${Array.from({ length: 300_000 }, (_, i) => `"t${i}":${entry(0, 0)}`).join()}}`;
const claims = '{"dtype":"F32","shape":[1000000000],"data_offsets":[0,4000000000]}';

const hostile: readonly (readonly [string, Uint8Array, RegExp])[] = [
  ['nothing', new Uint8Array(0), /the file is empty/],
  ['seven bytes', new Uint8Array(7), /shorter than the 8 bytes/],
  ['a header of no length', makeFile('', 0), /too short: 0 bytes/],
  ['a header longer than the file', makeFile('{}', 0, 3n), /longer than the file: 3 of 10 bytes/],
  ['a header over the limit', makeFile('{}', 0, 25_000_001n), /too long: 25000001, the limit is 25000000/],
  ['a header of 2^64 - 1 bytes', makeFile('{}', 0, 2n ** 64n - 1n), /too long: 18446744073709551615/],
  ['a header that starts with a byte order mark', makeFile('\ufeff{}', 0), /does not start with "{"/],
  ['a header of spaces', makeFile('    ', 0), /does not start with "{": its first byte is 32/],
  ['a list', makeFile('[]', 0), /does not start with "{"/],
  ['bad UTF-8', makeFile(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d), 0), /not valid UTF-8/],
  ['a cut off object', makeFile('{"w":', 0), /not JSON/],
  ['text after the object', makeFile('{} x', 0), /not JSON/],
  [
    'a repeated tensor',
    makeFile(`{"w":${entry(0, 4)},"w":${entry(0, 4)}}`, 4),
    /a key occurs twice: "w".*readers differ/,
  ],
  ['a repeated key', makeFile(one('{"dtype":"F32","dtype":"F32"}'), 4), /a key occurs twice: "dtype"/],
  ['an overlap', makeFile(`{"a":${entry(0, 8)},"b":${entry(4, 12)}}`, 12), /"b" overlaps another/],
  ['the same bytes twice', makeFile(`{"a":${entry(0, 8)},"b":${entry(0, 8)}}`, 8), /overlaps another/],
  [
    'a hole',
    makeFile(`{"a":${entry(0, 4)},"b":${entry(8, 12)}}`, 12),
    /belong to no tensor.*before tensor "b"/,
  ],
  ['a hole at the start', makeFile(one(entry(4, 8)), 8), /belong to no tensor/],
  ['bytes at the end', makeFile(one(entry(0, 4)), 5), /belong to no tensor.*at the end/],
  ['bytes without any tensor', makeFile('{}', 4), /belong to no tensor/],
  [
    'a tensor beyond the file',
    makeFile(one(entry(0, 8)), 4),
    /the file is cut: .*tensor "w" reaches beyond\. Fetch it again/,
  ],
  [
    'a billion elements',
    makeFile(one(claims), 4),
    /the file is cut: .*tensor "w" reaches beyond\. Fetch it again/,
  ],
  [
    'a span that is not the shape',
    makeFile(one(entry(0, 8, '[3]')), 8),
    /12 bytes by its shape \[3\], 8 by its/,
  ],
  ['offsets that run backwards', makeFile(one(entry(8, 4, '[1]')), 8), /by its offsets/],
  ['a size of 2^53', makeFile(one(entry(0, 4, '[9007199254740992]')), 4), /no valid shape/],
  ['a product beyond 2^53', makeFile(one(entry(0, 4, '[94906267,94906267]')), 4), /no valid shape/],
  ['a product that wraps to fit 32 bits', makeFile(one(entry(0, 4, '[65537,65536,3]')), 4), /by its shape/],
  ['a negative size', makeFile(one(entry(0, 4, '[-1,-1]')), 4), /no valid shape/],
  ['a fractional size', makeFile(one(entry(0, 4, '[0.5,2]')), 4), /no valid shape/],
  ['a size 1e309', makeFile(one(entry(0, 4, '[1e309]')), 4), /no valid shape/],
  ['a shape that is a text', makeFile(one(entry(0, 4, '"1"')), 4), /no valid shape/],
  [
    'three offsets',
    makeFile(one('{"dtype":"F32","shape":[1],"data_offsets":[0,4,4]}'), 4),
    /no valid offsets/,
  ],
  [
    'negative offsets',
    makeFile(one('{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}'), 4),
    /no valid offsets/,
  ],
  [
    'an unknown dtype',
    makeFile(one('{"dtype":"F5","shape":[1],"data_offsets":[0,4]}'), 4),
    /unknown dtype: "F5"/,
  ],
  [
    'the dtype toString',
    makeFile(one('{"dtype":"toString","shape":[1],"data_offsets":[0,4]}'), 4),
    /unknown dtype/,
  ],
  ['a missing key', makeFile(one('{"dtype":"F32","shape":[1]}'), 4), /needs the keys/],
  ['a tensor that is null', makeFile(one('null'), 4), /"w" is not an object/],
  [
    'metadata that is a number',
    makeFile('{"__metadata__":{"a":1}}', 0),
    /metadata is not a text: "a" is number/,
  ],
  ['metadata that is a list', makeFile('{"__metadata__":[]}', 0), /__metadata__ is not an object/],
  ['deep nesting', makeFile(`{"w":${'['.repeat(1_000_000)}`, 0), /nested too deeply/],
  ['300 000 tensors', makeFile(million, 0), /too many keys: more than 32769/],
];

test.each(hostile)('%s is refused in one line', (_, file, message) => {
  expect(() => parseSafetensorsHeader(file)).toThrow(message);
  expect(() => parseSafetensorsHeader(file)).toThrow(/^safetensors: [^\n]{1,300}$/);
});

test.each(hostile)('%s is refused in linear work', (_, file) => {
  const { looked, parsed } = countWork(() => parseSafetensorsHeader(file));
  expect(looked).toBeLessThanOrEqual(2 * file.length);
  expect(parsed).toBeLessThanOrEqual(2 * file.length);
});

test('what is refused for its depth, keys or length is never parsed, and read no further than there', () => {
  const workOn = (file: Uint8Array, fileBytes?: number) =>
    countWork(() => parseSafetensorsHeader(file, fileBytes));
  const deep = workOn(makeFile(`{"w":${'['.repeat(1_000_000)}`, 0));
  expect([deep.looked < 30, deep.parsed]).toEqual([true, 0]);
  const many = workOn(makeFile(million, 0));
  expect([many.looked < million.length / 4, many.parsed]).toEqual([true, 0]);
  expect(workOn(makeFile('{', 0, 60_000_000n), 70_000_000)).toEqual({ looked: 0, parsed: 0 });
});

test('a million tensors are refused by the length of the header', () => {
  const file = makeFile('{', 0, 60_000_000n);
  expect(() => parseSafetensorsHeader(file, 70_000_000)).toThrow('too long: 60000000');
});

test('as many tensors as the limit allows are read, each character a few times', () => {
  const text = Array.from({ length: tensorLimit }, (_, i) => `"t${i}":${entry(4 * i, 4 * i + 4)}`).join();
  const file = makeFile(`{${text}}`, 4 * tensorLimit);
  expect(parseSafetensorsHeader(file).tensors.size).toBe(tensorLimit);
  const { looked, parsed } = countWork(() => parseSafetensorsHeader(file));
  expect(looked).toBeGreaterThan(text.length / 2);
  expect(looked).toBeLessThan(2 * text.length);
  expect(parsed).toBe(text.length + 2);
});

test('no damaged byte of a valid file makes it fail in another way, or read beyond its end', () => {
  const valid = makeFile(`{"__metadata__":{"k":"v"},"a":${entry(0, 8)},"b":${entry(8, 12)}}`, 12);
  fc.assert(
    fc.property(fc.nat(valid.length - 13), fc.nat(255), (place, byte) => {
      const file = valid.slice();
      file[place] = byte;
      try {
        const { tensors } = parseSafetensorsHeader(file);
        for (const tensor of tensors.values()) expect(tensor.end).toBeLessThanOrEqual(file.length);
      } catch (error) {
        expect(String(error)).toMatch(/^Error: safetensors: /);
      }
    }),
    { seed: 10, numRuns: 2000 },
  );
});
