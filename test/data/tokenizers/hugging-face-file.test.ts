// Tokenizers of ours as tokenizer.json, read by Hugging Face's library; byte pairs are held against it in byte-pairs.test.ts.
import { Tokenizer as LibraryTokenizer } from '@huggingface/tokenizers';
import { describe, expect, it } from 'vitest';
import { byteTokenizer } from '../../../src/data/tokenizers/bytes.ts';
import { trainCharacterTokenizer } from '../../../src/data/tokenizers/characters.ts';
import { huggingFaceTokenizer } from '../../../src/data/tokenizers/hugging-face-file.ts';
import { publishedTokenizer } from '../../../src/data/tokenizers/published.ts';
import { readTokenFixture } from './fixtures.ts';

describe('tokenizers of characters and bytes as tokenizer.json', () => {
  it('read as ours', () => {
    const text = 'Zoë’s 🙂\n\n  café';
    for (const own of [trainCharacterTokenizer(text), byteTokenizer()]) {
      const library = new LibraryTokenizer(huggingFaceTokenizer(own.toJSON()), {});
      expect(library.encode(text).ids).toEqual([...own.encode(text)]);
      expect(library.decode([...own.encode(text)], { clean_up_tokenization_spaces: false })).toBe(text);
    }
  });
});

it('published ones stay as they were read', () => {
  const published = publishedTokenizer(readTokenFixture('unigram'), undefined);
  expect(huggingFaceTokenizer(published.toJSON())).toEqual(readTokenFixture('unigram'));
});
