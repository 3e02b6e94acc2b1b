// Special tokens: one token each wherever they stand, the same here and in @huggingface/tokenizers with the file that is written.
import { Tokenizer } from '@huggingface/tokenizers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytePairTokenizer } from '../../../src/data/tokenizers/byte-pairs.ts';
import { byteTokenizer } from '../../../src/data/tokenizers/bytes.ts';
import { trainCharacterTokenizer } from '../../../src/data/tokenizers/characters.ts';
import { tokenizerFromJSON } from '../../../src/data/tokenizers/file.ts';
import { huggingFaceTokenizer } from '../../../src/data/tokenizers/hugging-face-file.ts';
import { withSpecialTokens } from '../../../src/data/tokenizers/special-tokens.ts';

const special = ['<|end|>', '<|', '<|end|>!'];
const kinds = {
  characters: trainCharacterTokenizer('<|end>! abcé🙂'),
  bytes: byteTokenizer(),
  bpe: bytePairTokenizer([
    [68, 69],
    [256, 70],
  ]),
};
const texts = fc
  .array(fc.constantFrom('<|end|>', '<|', '<', '|', 'end', '>', '!', ' ', 'a', 'b', 'abc', 'é', '🙂'), {
    maxLength: 12,
  })
  .map((parts) => parts.join(''));

describe.each(Object.entries(kinds))('%s with special tokens', (_, base) => {
  const tokenizer = withSpecialTokens(base, special);
  const first = base.vocabularySize;

  it('have ids behind all others, and the longest stands where several begin', () => {
    expect(tokenizer.vocabularySize).toBe(first + 3);
    expect([...tokenizer.encode('<|end|>!<|end|><|')]).toEqual([first + 2, first, first + 1]);
    expect(tokenizer.byteLength(first)).toBe(7);
    expect(() => withSpecialTokens(base, ['a', 'a'])).toThrow(/special tokens are none, empty or twice/);
  });

  it('make the same tokens of every text as the published form, come back, and stream', () => {
    const published = new Tokenizer(huggingFaceTokenizer(tokenizer.toJSON()), {});
    const again = tokenizerFromJSON(JSON.parse(JSON.stringify(tokenizer.toJSON())));
    fc.assert(
      fc.property(texts, (text) => {
        const tokens = [...tokenizer.encode(text)];
        expect(tokens).toEqual(published.encode(text, { add_special_tokens: false }).ids);
        expect(tokens).toEqual([...(again.encode(text) as Uint32Array)]);
        expect(tokenizer.decode(tokens)).toBe(text);
        const decoder = tokenizer.createStreamDecoder();
        const pieces = tokens.map((token) => decoder.push([token])).join('');
        expect(pieces + decoder.end()).toBe(text);
      }),
    );
  });

  it('end a character that was cut off', () => {
    if (base.kind === 'characters') return;
    const [half] = tokenizer.encode('é');
    expect(tokenizer.decode([half, first])).toBe('\uFFFD<|end|>');
  });
});

it('are refused where a file has them wrong', () => {
  const file = { format: 'flopscope-tokenizer', version: 3, kind: 'bytes' };
  expect(() => tokenizerFromJSON({ ...file, special: ['a', 'a'] })).toThrow(
    /twice: a a\. The file is damaged/,
  );
  expect(() => tokenizerFromJSON({ ...file, special: [7] })).toThrow(/special\.0 should be string/);
});
