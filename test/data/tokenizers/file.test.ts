// Tests of the tokenizers: ids, round trips, streaming, the file format and every refusal.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkTokens, createTokenArray } from '../../../src/data/tokenizer.ts';
import { byteTokenizer } from '../../../src/data/tokenizers/bytes.ts';
import { trainCharacterTokenizer } from '../../../src/data/tokenizers/characters.ts';
import { tokenizerFromJSON } from '../../../src/data/tokenizers/file.ts';
import { anyCharacter } from '../any-character.ts';
import { countWork } from '../counted-work.ts';

const wellFormed = fc.string({ unit: anyCharacter, minLength: 1, maxLength: 60 });

test('character ids are the order of code points', () => {
  const tokenizer = trainCharacterTokenizer('hello\n');
  expect(tokenizer.vocabularySize).toBe(5);
  expect([...tokenizer.encode('\nehlo')]).toEqual([0, 1, 2, 3, 4]);
  expect(tokenizer.decode([2, 1, 3, 3, 4])).toBe('hello');
});

test('a character beyond the basic plane is one token, ordered by code point and not by its units', () => {
  const tokenizer = trainCharacterTokenizer('a\u{1f600}\uffee');
  expect([...tokenizer.encode('\u{1f600}a\uffee')]).toEqual([2, 0, 1]);
  expect(tokenizer.decode([2, 2])).toBe('\u{1f600}\u{1f600}');
});

test('every text survives encode and decode by characters and by bytes, and through the file', () => {
  fc.assert(
    fc.property(wellFormed, (text) => {
      for (const tokenizer of [trainCharacterTokenizer(`ab${text}`), byteTokenizer()]) {
        const again = tokenizerFromJSON(JSON.parse(JSON.stringify(tokenizer)));
        const tokens = tokenizer.encode(text);
        expect(tokenizer.decode(tokens)).toBe(text);
        expect(again.encode(text)).toEqual(tokens);
        expect(again.vocabularySize).toBe(tokenizer.vocabularySize);
      }
    }),
    { seed: 2 },
  );
});

test('a streamed decode equals the whole one for any bytes and any cuts, valid UTF-8 or not', () => {
  const tokenizer = byteTokenizer();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.integer({ min: 1, max: 5 }), (bytes, step) => {
      const decoder = tokenizer.createStreamDecoder();
      let text = '';
      for (let i = 0; i < bytes.length; i += step) text += decoder.push(bytes.subarray(i, i + step));
      expect(text + decoder.end()).toBe(tokenizer.decode(bytes));
    }),
    { seed: 3 },
  );
});

test('a streamed decode holds back a partial character and marks one that never ends', () => {
  const decoder = byteTokenizer().createStreamDecoder();
  expect([0xe2, 0x82, 0xac].map((byte) => decoder.push([byte]))).toEqual(['', '', '€']);
  expect(decoder.push([0x41, 0xe2, 0x82])).toBe('A');
  expect(decoder.end()).toBe('\ufffd');
  expect(decoder.push([0x42])).toBe('B');
});

test('a character stream decoder decodes each token at once', () => {
  const decoder = trainCharacterTokenizer('ab').createStreamDecoder();
  expect(decoder.push([1, 0]) + decoder.end()).toBe('ba');
});

test('an unknown character is named with its code point and its position in characters', () => {
  const tokenizer = trainCharacterTokenizer('ab\u{1f600}');
  expect(() => tokenizer.encode('a\u{1f600}é')).toThrow(/"é" \(U\+00E9\) at position 2\. Remove it/);
  expect(() => tokenizer.encode('a\u202eb')).toThrow(/: U\+202E at position 1/); // not shown raw
  expect(() => tokenizer.encode('c')).toThrow(/"c" \(U\+0063\) at position 0/);
});

test.each([-1, 1.5, Number.NaN, 2 ** 32])('decode refuses %s, which is no id', (id) => {
  for (const tokenizer of [trainCharacterTokenizer('ab'), byteTokenizer()]) {
    expect(() => tokenizer.decode([0, id])).toThrow(`${id} at position 1`);
    expect(() => tokenizer.createStreamDecoder().push([id])).toThrow(`${id} at position 0`);
  }
});

test('tokens that only the model has become U+FFFD, whole and streamed', () => {
  const characters = trainCharacterTokenizer('abc');
  expect(characters.decode([0, 1, 7, 2])).toBe('ab\ufffdc');
  const stream = characters.createStreamDecoder();
  expect(stream.push([0]) + stream.push([50_256]) + stream.push([2]) + stream.end()).toBe('a\ufffdc');
});

test('tokens past the bytes become U+FFFD and end the character before them, wherever the stream is cut', () => {
  const tokens = [0x6e, 0xc3, 300, 0xc3, 0xa9, 256, 0x2e];
  const text = 'n\ufffd\ufffdé\ufffd.';
  expect(byteTokenizer().decode(tokens)).toBe(text);
  for (let size = 1; size <= tokens.length; size++) {
    const stream = byteTokenizer().createStreamDecoder();
    let found = '';
    for (let i = 0; i < tokens.length; i += size) found += stream.push(tokens.slice(i, i + size));
    expect(found + stream.end()).toBe(text);
  }
});

test('half of a surrogate pair is refused by both', () => {
  expect(() => trainCharacterTokenizer('ab\ud800')).toThrow('U+D800 at position 2');
  expect(() => byteTokenizer().encode('a\udc00b')).toThrow('U+DC00 at position 1');
});

test('a text with fewer than two distinct characters is refused', () => {
  expect(() => trainCharacterTokenizer('')).toThrow('the text is empty');
  expect(() => trainCharacterTokenizer('aaaa')).toThrow('the only one is "a" (U+0061)');
});

const file = { format: 'flopscope-tokenizer', version: 1, kind: 'characters', characters: 'ab' };

test.each([
  ['null', null, /should be Object, found null/],
  ['a string', 'x', /found "x"/],
  ['another format', { ...file, format: 'other' }, /format should be "flopscope-tokenizer", found "other"/],
  ['no version', { ...file, version: undefined }, /version should be number, found undefined/],
  ['a newer version', { ...file, version: 4, kind: 'words' }, /newer version: it is 4, this program reads 3/],
  ['an unknown kind', { ...file, kind: 'words' }, /kind should be .*found "words"/],
  ['an unknown key', { ...file, merges: [] }, /merges is not known/],
  [
    'characters of the wrong type',
    { ...file, characters: ['a', 'b'] },
    /characters should be string, found Array/,
  ],
  ['a repeated character', { ...file, characters: 'aba' }, /occurs twice: "a" \(U\+0061\) at 0 and 2/],
  ['an unpaired surrogate', { ...file, characters: 'a\ud800' }, /U\+D800/],
  ['one character', { ...file, characters: 'a' }, /fewer than two distinct characters/],
])('a tokenizer file with %s is refused in one line', (_, json, message) => {
  expect(() => tokenizerFromJSON(json)).toThrow(message);
  expect(() => tokenizerFromJSON(json)).not.toThrow(/\n/);
});

test('a file keeps the ids of its own order', async () => {
  const tokens = await tokenizerFromJSON({ ...file, characters: 'ba' }).encode('ab');
  expect([...tokens]).toEqual([1, 0]);
});

test('tokens are checked up to the last one and the narrowest array is chosen', () => {
  expect(() => checkTokens(new Uint16Array([0, 4, 5]), 5)).toThrow('5 at position 2, ids run from 0 to 4');
  expect(() => checkTokens([0, 4], 5)).not.toThrow();
  const widths = [256, 257, 65_536, 65_537].map((size) => createTokenArray(size, 1).BYTES_PER_ELEMENT);
  expect(widths).toEqual([1, 2, 2, 4]);
});

test('a long text is looked at twice in all, not once for each of its characters', () => {
  const text = 'the quick brown fox jumps over the lazy dog\n'.repeat(2000);
  const { looked } = countWork(() => trainCharacterTokenizer(text).encode(text));
  expect(looked / text.length).toBeCloseTo(2, 1);
});
