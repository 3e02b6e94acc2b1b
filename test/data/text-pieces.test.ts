// Tests of the piecewise decoder: any cut gives the same text, and every refusal names its place.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  createPieceDecoder,
  createTextCounter,
  normaliseText,
  readChunks,
} from '../../src/data/text-pieces.ts';
import { anyCharacter } from './any-character.ts';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

function decodeInPieces(bytes: Uint8Array, size: number): string {
  const decode = createPieceDecoder();
  let text = '';
  for (let i = 0; i < bytes.length; i += size) text += decode(bytes.subarray(i, i + size));
  return text + decode();
}

const unit = fc.constantFrom('a', '\r', '\n', '\r\n', 'é', '€', '\u{1f600}', '\ufeff');

test('the text does not depend on where it is cut, and line ends become one', () => {
  fc.assert(
    fc.property(fc.array(unit, { maxLength: 30 }), fc.integer({ min: 1, max: 7 }), (units, size) => {
      const text = units.join('');
      const normal = text.replace(/^\ufeff/, '').replace(/\r\n|\r/g, '\n');
      expect(decodeInPieces(utf8(text), size)).toBe(normal);
      expect(normaliseText(text)).toBe(normal);
    }),
    { seed: 6, numRuns: 500 },
  );
});

test.each([
  ['a little-endian UTF-16 mark', [0xff, 0xfe, 0x41, 0], /UTF-16.*Save it as UTF-8/],
  ['a big-endian UTF-16 mark', [0xfe, 0xff, 0, 0x41], /UTF-16/],
  ['a little-endian UTF-32 mark', [0xff, 0xfe, 0, 0, 0x41, 0, 0, 0], /UTF-(32|16).*Save it as UTF-8/],
  ['a zero byte', [0x41, 0x42, 0x43, 0], /binary, not text: a zero byte at position 3/],
  ['a stray continuation byte', [0x41, 0x80], /not valid UTF-8: between the bytes/],
  ['an overlong form', [0xc0, 0xaf], /not valid UTF-8/],
  ['an encoded surrogate', [0xed, 0xa0, 0x80], /not valid UTF-8/],
  ['a cut last character', [0x41, 0xe2, 0x82], /not valid UTF-8: at its end/],
])('%s is refused, whole and in pieces', (_, bytes, message) => {
  expect(() => decodeInPieces(Uint8Array.from(bytes), 100)).toThrow(message);
  expect(() => decodeInPieces(Uint8Array.from(bytes), 2)).toThrow(message);
});

test('the counter agrees with code points and the encoder', () => {
  fc.assert(
    fc.property(fc.string({ unit: anyCharacter, maxLength: 80 }), (text) => {
      const counter = createTextCounter();
      counter.add(text);
      const characters = [...text];
      const codePoints = [...new Set(characters.map((character) => character.codePointAt(0) ?? 0))];
      expect(counter.result()).toEqual({
        characters: characters.length,
        codePoints: codePoints.sort((a, b) => a - b),
        utf8Bytes: utf8(text).length,
      });
    }),
    { seed: 7, numRuns: 20 },
  );
});

test('a blob is read in order and its reader is released when the loop is left early', async () => {
  const blob = new Blob(['x'.repeat(300_000), 'y']);
  let bytes = 0;
  let last = 0;
  for await (const chunk of readChunks(blob)) {
    bytes += chunk.length;
    last = chunk[chunk.length - 1];
  }
  expect([bytes, last]).toEqual([300_001, 'y'.charCodeAt(0)]);
  for await (const chunk of readChunks(blob)) {
    expect(chunk.length).toBeGreaterThan(0);
    break;
  }
});
