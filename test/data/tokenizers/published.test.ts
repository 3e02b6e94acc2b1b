// Published tokenizers against Python's library: the same tokens, the same text, whole and streamed.
import { describe, expect, it } from 'vitest';
import { useEncoderThreads } from '../../../src/data/tokenizers/asked-thread.ts';
import { tokenizerFromJSON } from '../../../src/data/tokenizers/file.ts';
import { publishedTokenizer } from '../../../src/data/tokenizers/published.ts';
import { expectedTokens, publishedKinds, readTokenFixture } from './fixtures.ts';
import { inThisThread } from './in-this-thread.ts';

useEncoderThreads(inThisThread);

describe.each(publishedKinds)('a published tokenizer: %s', (kind) => {
  const tokenizer = publishedTokenizer(readTokenFixture(kind), undefined);
  const expected = expectedTokens.tokenizers[kind];

  it('encodes as Python does', async () => {
    for (const { text, tokens } of expected?.cases ?? []) {
      expect([...(await tokenizer.encode(text))], JSON.stringify(text)).toEqual(tokens);
    }
  });

  it('decodes as Python does, at once and token by token', () => {
    for (const { tokens, decoded } of expected?.cases ?? []) {
      expect(tokenizer.decode(tokens)).toBe(decoded);
      const stream = tokenizer.createStreamDecoder();
      expect(tokens.map((token) => stream.push([token])).join('') + stream.end()).toBe(decoded);
    }
  });

  it('puts the same before a text', () => {
    expect(tokenizer.prefix).toEqual(expected?.prefix);
  });

  it('is kept in the tokenizer file', async () => {
    const again = tokenizerFromJSON(JSON.parse(JSON.stringify(tokenizer)));
    const [first] = expected?.cases ?? [];
    expect([...(await again.encode(first?.text ?? ''))]).toEqual(first?.tokens);
    expect(again.decode(first?.tokens ?? [])).toBe(first?.decoded);
  });
});

describe('text that goes on', () => {
  it('keeps the space before its first word, and characters wait for all of their bytes', async () => {
    const tokenizer = publishedTokenizer(readTokenFixture('llama2'), undefined);
    const words = await tokenizer.encode('found a red ball');
    expect([tokenizer.decode(words), tokenizer.decode(words, true)]).toEqual([
      'found a red ball',
      ' found a red ball',
    ]);
    const unseen = await tokenizer.encode('☃');
    const stream = tokenizer.createStreamDecoder(true);
    expect([...unseen].map((token) => stream.push([token]))).toEqual([' ', '', '', '☃']);
    expect(stream.push(unseen.slice(1, 3)) + stream.end()).toBe('\ufffd');
  });

  it('shows an id that the tokenizer does not have as U+FFFD', () => {
    const tokenizer = publishedTokenizer(readTokenFixture('gpt2'), undefined);
    const [first = 0] = expectedTokens.tokenizers.gpt2?.cases[0]?.tokens ?? [];
    expect(tokenizer.decode([first, 50_000, first])).toBe('L\ufffdL');
  });

  it('counts the bytes of its tokens', async () => {
    const tokenizer = publishedTokenizer(readTokenFixture('gpt2'), undefined);
    const text = 'naïve café 🙂';
    const bytes = [...(await tokenizer.encode(text))].reduce((sum, id) => sum + tokenizer.byteLength(id), 0);
    expect(bytes).toBe(new TextEncoder().encode(text).length);
  });
});
