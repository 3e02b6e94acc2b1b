// Byte pairs against Python's library and Hugging Face's in JavaScript: the same tokens for any text.
import { Tokenizer as LibraryTokenizer } from '@huggingface/tokenizers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nameOfBytes } from '../../../src/data/tokenizers/byte-alphabet.ts';
import { trainBytePairs } from '../../../src/data/tokenizers/byte-pair-training.ts';
import { bytePairTokenizer, byteVocabulary } from '../../../src/data/tokenizers/byte-pairs.ts';
import { tokenizerFromJSON } from '../../../src/data/tokenizers/file.ts';
import { huggingFaceTokenizer } from '../../../src/data/tokenizers/hugging-face-file.ts';
import { anyCharacter } from '../any-character.ts';
import { expectedTokens } from './fixtures.ts';

const merges = await trainBytePairs(expectedTokens.text, 512);
const tokenizer = bytePairTokenizer(merges);

/** Text of any script, and of what the merges know, spaces and the kinds of white space that engines disagree on. */
const anyText = fc
  .array(
    fc.oneof(
      fc.string({ unit: anyCharacter, maxLength: 6 }),
      fc.constantFrom('Lily', ' the', " didn't", ' 100,000', ' café', 'aaaa', ' the the'),
      fc.constantFrom(' ', '  ', '\n', '\n\n', '\t', '\u0085', '\u00a0', '\ufeff', '\u200b', '\u3000', '\r'),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''));

describe('merges of a text', () => {
  it('are those that Python learns from it, ties included', () => {
    const { tokens } = byteVocabulary(merges);
    const name = (id: number) => nameOfBytes(Array.from(tokens[id], (unit) => unit.charCodeAt(0)));
    expect(merges.map(([left, right]) => [name(left), name(right)])).toEqual(expectedTokens.merges);
  });
});

describe('a tokenizer of byte pairs', () => {
  it('encodes and decodes as Python does with its file', () => {
    for (const { text, tokens, decoded } of expectedTokens.tokenizers.ours?.cases ?? []) {
      expect([...tokenizer.encode(text)], JSON.stringify(text)).toEqual(tokens);
      expect(tokenizer.decode(tokens)).toBe(decoded);
    }
  });

  it('makes the same tokens as @huggingface/tokenizers with its file, of any text, and gives the text back', () => {
    const library = new LibraryTokenizer(huggingFaceTokenizer(tokenizer.toJSON()), {});
    const again = tokenizerFromJSON(JSON.parse(JSON.stringify(tokenizer)));
    fc.assert(
      fc.property(anyText, (text) => {
        const tokens = [...tokenizer.encode(text)];
        expect(library.encode(text).ids).toEqual(tokens);
        expect([...(again.encode(text) as Uint32Array)]).toEqual(tokens);
        expect(tokenizer.decode(tokens)).toBe(text);
        const bytes = tokens.reduce((sum, token) => sum + tokenizer.byteLength(token), 0);
        expect(bytes).toBe(new TextEncoder().encode(text).length);
      }),
      { seed: 14, numRuns: 300 },
    );
  });

  it('holds a character back until its bytes are there', () => {
    const decoder = tokenizer.createStreamDecoder();
    const bytes = [...tokenizer.encode('☃')];
    expect(bytes.map((token) => decoder.push([token])).join('|')).toBe('||☃');
    expect(decoder.push(bytes.slice(0, 2)) + decoder.end()).toBe('\ufffd');
    expect(tokenizer.decode([...bytes.slice(0, 1), 60_000])).toBe('\ufffd\ufffd');
  });

  it('joins long words as short ones', () => {
    const word = 'garden'.repeat(2000);
    const tokens = tokenizer.encode(` ${word}`);
    expect(tokenizer.decode(tokens)).toBe(` ${word}`);
    expect(tokens.length).toBeLessThan(word.length / 2);
  });

  it('makes one token of bytes that two merges make', () => {
    const [a, b, c] = [...bytePairTokenizer([]).encode('abc')];
    const twice = bytePairTokenizer([
      [a, b],
      [b, c],
      [256, c],
      [a, 257],
    ]);
    expect(twice.vocabularySize).toBe(259);
    expect([...twice.encode('abc')]).toEqual([258]);
  });

  it.each([
    ['a token that is not there yet', [[300, 1]]],
    [
      'a pair twice',
      [
        [1, 2],
        [1, 2],
      ],
    ],
  ])('refuses a file whose merges join %s', (_, wrong) => {
    const file = { format: 'flopscope-tokenizer', version: 2, kind: 'bpe', merges: wrong };
    expect(() => tokenizerFromJSON(file)).toThrow(/merge \d of the tokens \d+ and \d is none/);
  });

  it('refuses half of a surrogate pair', () => {
    expect(() => tokenizer.encode('a\ud800')).toThrow('U+D800 at position 1');
  });
});
