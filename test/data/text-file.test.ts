// Tests of the file readers: both give the same content, report progress, and refuse what is not a text.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ReadProgress, readText, readTokens } from '../../src/data/text-file.ts';
import { anyCharacter } from './any-character.ts';

const utf8 = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(new TextEncoder().encode(text));

/** A source that hands out a text's bytes in pieces of one size. */
function inPieces(bytes: Uint8Array, size: number): () => AsyncGenerator<Uint8Array> {
  return async function* pieces() {
    for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size);
  };
}

test('a blob becomes text with its facts', async () => {
  const file = await readText(new Blob([utf8('\ufeffab\r\ncé\r')]));
  expect(file).toEqual({
    text: 'ab\ncé\n',
    bytes: 11,
    characters: 6,
    distinctCharacters: 5,
    sha256: 'e2817228d8298f899debfcc4d49618356bb1e19d268e3feec297e82ab9251a30',
  });
});

test('tokens read in pieces decode to the text that is read whole', async () => {
  const texts = fc.string({ unit: anyCharacter, minLength: 1, maxLength: 60 }).map((text) => `ab\r\n${text}`);
  await fc.assert(
    fc.asyncProperty(texts, fc.integer({ min: 1, max: 9 }), async (raw, size) => {
      const bytes = utf8(raw.replaceAll('\0', '-'));
      const { text, sha256 } = await readText(new Blob([bytes]));
      for (const kind of ['characters', 'bytes'] as const) {
        const file = await readTokens(inPieces(bytes, size), kind);
        expect(file.tokenizer.decode(file.tokens)).toBe(text);
        expect([...file.tokens]).toEqual([...file.tokenizer.encode(text)]);
        expect([file.sha256, file.bytes]).toEqual([sha256, bytes.length]);
      }
    }),
    { seed: 8, numRuns: 20 },
  );
});

test('the token array is as narrow as the alphabet allows', async () => {
  const many = Array.from({ length: 300 }, (_, i) => String.fromCodePoint(0x4e00 + i)).join('');
  expect((await readTokens(new Blob([utf8('abc')]), 'characters')).tokens).toBeInstanceOf(Uint8Array);
  expect((await readTokens(new Blob([utf8(many)]), 'characters')).tokens).toBeInstanceOf(Uint16Array);
  expect((await readTokens(new Blob([utf8(many)]), 'bytes')).tokens).toBeInstanceOf(Uint8Array);
});

test('progress rises within each pass and ends at the size of the file', async () => {
  const seen: ReadProgress[] = [];
  await readTokens(new Blob([utf8('ab'.repeat(100_000))]), 'bytes', {
    onProgress: (step) => seen.push(step),
  });
  for (const pass of [1, 2]) {
    const sizes = seen.filter((step) => step.pass === pass).map((step) => step.bytes);
    expect(sizes).toEqual([...sizes].sort((a, b) => a - b));
    expect(sizes.at(-1)).toBe(200_000);
  }
  expect(seen[0]).toMatchObject({ passes: 2, totalBytes: 200_000 });
});

test.each([
  ['empty', '', /empty: no text in 0 bytes/],
  ['only a byte order mark', '\ufeff', /empty: no text in 3 bytes/],
  ['one character', 'aaaa', /a single distinct character: 4 times U\+0061/],
  ['only line ends', '\r\n\n\r', /a single distinct character: 3 times U\+000A/],
  ['binary', 'PKx\u0004\0', /binary, not text: a zero byte at position 4/],
])('a file that is %s is refused by both readers', async (_, content, message) => {
  await expect(readText(new Blob([utf8(content)]))).rejects.toThrow(message);
  await expect(readTokens(new Blob([utf8(content)]), 'characters')).rejects.toThrow(message);
});

test('a file over the limit is refused by its size before a byte is read, a stream once it passes the limit', async () => {
  const bytes = utf8('ab'.repeat(50));
  let pieces = 0;
  const onProgress = (): void => void pieces++;
  const options = { limitBytes: 99, onProgress };
  await expect(readText(new Blob([bytes]), options)).rejects.toThrow(
    'too large: 100 bytes or more, the limit is 99',
  );
  expect(pieces).toBe(0);
  await expect(readText(inPieces(bytes, 40), options)).rejects.toThrow('too large: 100 bytes');
  expect(pieces).toBe(2);
  expect((await readText(new Blob([bytes]), { limitBytes: 100 })).bytes).toBe(100);
});

test('a file that changes between the passes is refused', async () => {
  for (const later of ['abcdX', 'abc', 'abcdef']) {
    for (const kind of ['characters', 'bytes'] as const) {
      const contents = ['abcde', later];
      const source = (): AsyncIterable<Uint8Array> => inPieces(utf8(contents.shift() ?? ''), 10)();
      await expect(readTokens(source, kind)).rejects.toThrow('it changed while it was read');
    }
  }
});

test('a stopped read rejects with the reason', async () => {
  const controller = new AbortController();
  const options = {
    signal: controller.signal,
    onProgress: () => controller.abort(new Error('stopped by the user')),
  };
  await expect(readText(inPieces(utf8('abcdef'), 2), options)).rejects.toThrow('stopped by the user');
});

test('a text of one character can be measured, but not learnt', async () => {
  const text = () => new Blob([utf8('aaaa')]);
  await expect(readText(text())).rejects.toThrow('a single distinct character');
  expect((await readText(text(), { takesOneCharacter: true })).text).toBe('aaaa');
});
