// Tests of reading and writing safetensors: round trips, the exact bytes, conversions and refusals.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeSafetensorsHeader, readSafetensors, writeSafetensors } from '../../src/data/safetensors.ts';
import { anyCharacter } from './any-character.ts';

const shapes = fc.array(fc.nat(4), { maxLength: 4 });
const tensor = shapes.chain((shape) => {
  const length = shape.reduce((product, size) => product * size, 1);
  return fc
    .float32Array({ minLength: length, maxLength: length })
    .map((data) => ({ shape, data: Float32Array.from(data) }));
});
const name = fc
  .oneof(
    fc.constantFrom('__proto__', 'constructor', '7', ''),
    fc.string({ unit: anyCharacter, maxLength: 12 }),
  )
  .filter((text) => text !== '__metadata__');

test('tensors and metadata of any name, shape and value survive a round trip', () => {
  const files = fc.record({
    tensors: fc.uniqueArray(fc.tuple(name, tensor), { selector: ([key]) => key, maxLength: 6 }),
    metadata: fc.uniqueArray(fc.tuple(name, fc.string({ unit: anyCharacter })), {
      selector: ([key]) => key,
      maxLength: 3,
    }),
    offset: fc.nat(7), // also at addresses that are not aligned
  });
  fc.assert(
    fc.property(files, ({ tensors, metadata, offset }) => {
      const written = writeSafetensors(tensors, metadata);
      const moved = new Uint8Array(written.length + offset).subarray(offset);
      moved.set(written);
      const file = readSafetensors(moved);
      expect([...file.metadata].sort()).toEqual([...new Map(metadata)].sort());
      expect(file.tensors.size).toBe(tensors.length);
      for (const [key, { shape, data }] of tensors) {
        const read = file.tensors.get(key);
        expect(read?.shape).toEqual(shape);
        const bits = (values: Float32Array | undefined): Uint32Array =>
          new Uint32Array(values?.slice().buffer ?? []);
        expect(bits(read?.data())).toEqual(bits(data));
      }
    }),
    { seed: 11, numRuns: 150 },
  );
});

test('the bytes are those of the format: length, padded header, tensors by name', () => {
  const file = writeSafetensors([
    ['b', { shape: [2], data: Float32Array.of(2, 3) }],
    ['a', { shape: [], data: Float32Array.of(1) }],
  ]);
  const header =
    '{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}';
  const padded = header.padEnd(Math.ceil(header.length / 8) * 8);
  expect(new DataView(file.buffer).getBigUint64(0, true)).toBe(BigInt(padded.length));
  expect(new TextDecoder().decode(file.subarray(8, 8 + padded.length))).toBe(padded);
  expect([...new Float32Array(file.buffer, 8 + padded.length)]).toEqual([1, 2, 3]);
});

test('a header written for parts starts the same file', () => {
  const data = Float32Array.of(1, 2, 3, 4);
  const whole = writeSafetensors([['w', { shape: [2, 2], data }]], [['format', 'pt']]);
  const header = encodeSafetensorsHeader([['w', [2, 2]]], [['format', 'pt']]);
  expect(header.length % 8).toBe(0);
  expect([...header, ...new Uint8Array(data.buffer)]).toEqual([...whole]);
});

test.each([
  ['F16', [0x00, 0x3c, 0x00, 0xc0], [1, -2]],
  ['BF16', [0x80, 0x3f, 0x40, 0xc0], [1, -3]],
  ['F32', [0, 0, 0x80, 0x3f, 0, 0, 0xc0, 0x7f], [1, Number.NaN]],
  ['F64', [0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0xc0], [1, -2]],
])('%s is converted to 32-bit floats at any address', (dtype, data, values) => {
  for (let spaces = 0; spaces < 8; spaces++) {
    const header = { w: { dtype, shape: [2], data_offsets: [0, data.length] } };
    const text = new TextEncoder().encode(JSON.stringify(header) + ' '.repeat(spaces));
    const file = Uint8Array.from([text.length, 0, 0, 0, 0, 0, 0, 0, ...text, ...data]);
    expect([...(readSafetensors(file).tensors.get('w')?.data() ?? [])]).toEqual(values);
  }
});

test('an integer tensor is listed but not converted', () => {
  const text = '{"mask":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}';
  const file = Uint8Array.from([
    text.length,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    ...new TextEncoder().encode(text),
    ...new Uint8Array(8),
  ]);
  const mask = readSafetensors(file).tensors.get('mask');
  expect(mask?.shape).toEqual([1]);
  expect(() => mask?.data()).toThrow(
    'safetensors: tensor "mask" is I64, which is not supported here. Convert it',
  );
});

test('what cannot be written is refused by name', () => {
  const data = new Float32Array(4);
  expect(() => writeSafetensors([['w', { shape: [3], data }]])).toThrow(
    '"w" does not fit its shape: [3] for 4 elements',
  );
  expect(() => writeSafetensors([['w', { shape: [-2, -2], data }]])).toThrow('does not fit its shape');
  expect(() => writeSafetensors([['__metadata__', { shape: [4], data }]])).toThrow('is reserved');
  const twice = ['w', { shape: [4], data }] as const;
  expect(() => writeSafetensors([twice, ['v', { shape: [4], data }], twice])).toThrow(
    'two tensors have the name "w"',
  );
  expect(() => encodeSafetensorsHeader([['w', [2 ** 30, 2 ** 30]]])).toThrow('no countable size');
  const many = Array.from({ length: 32_769 }, (_, i) => [`${i}`, [0]] as const);
  expect(() => encodeSafetensorsHeader(many)).toThrow('too much for one file: 32769 tensors');
});

test('numbers are rounded to 16 bits, and one that does not fit is named', () => {
  const data = Float32Array.of(1, -0.1, 65_504);
  for (const dtype of ['F16', 'BF16'] as const) {
    const file = readSafetensors(writeSafetensors([['w', { shape: [3], data }]], [], dtype)).tensors.get('w');
    expect(file).toMatchObject({ dtype, shape: [3] });
    expect(file?.data()[1]).toBeCloseTo(-0.1, 3);
  }
  const large = { shape: [2], data: Float32Array.of(0, 70_000) };
  expect(() => writeSafetensors([['w', large]], [], 'F16')).toThrow(
    'safetensors: number 1 of tensor "w" is 70000, beyond what F16 holds. Write F32.',
  );
  const infinite = { shape: [1], data: Float32Array.of(Number.POSITIVE_INFINITY) };
  expect(() => writeSafetensors([['w', infinite]], [], 'F16')).not.toThrow();
});
