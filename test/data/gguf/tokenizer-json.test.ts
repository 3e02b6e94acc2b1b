// Tests of tokenizers in GGUF files: texts become the tokens of the published tokenizer that the keys were made of.
import { describe, expect, it } from 'vitest';
import { parseGgufHeader } from '../../../src/data/gguf/header.ts';
import { ggufTokenizer } from '../../../src/data/gguf/tokenizer-json.ts';
import { useEncoderThreads } from '../../../src/data/tokenizers/asked-thread.ts';
import { chatFormatOf } from '../../../src/data/tokenizers/chat.ts';
import { publishedTokenizer } from '../../../src/data/tokenizers/published.ts';
import { expectedTokens, readTokenFixture } from '../tokenizers/fixtures.ts';
import { inThisThread } from '../tokenizers/in-this-thread.ts';
import { type PublishedBpe, tokenizerKeys } from './tiny-gguf.ts';
import { type Typed, writeGguf } from './write-gguf.ts';

useEncoderThreads(inThisThread);

function readKeys(keys: Readonly<Record<string, Typed>>) {
  const file = writeGguf(keys);
  const found = ggufTokenizer(parseGgufHeader(file, file.length)?.metadata ?? new Map());
  return found && publishedTokenizer(found.json, found.settings);
}

const keysOf = (name: string, kind: Parameters<typeof tokenizerKeys>[1], begin?: number) =>
  tokenizerKeys(readTokenFixture(name) as PublishedBpe, kind, begin);

describe.each([
  ['gpt2', keysOf('gpt2', { pre: 'gpt-2' })],
  ['llama3', keysOf('llama3', { pre: 'llama-bpe' }, 330)],
  ['llama2', keysOf('llama2', 'scores', 1)],
])('the tokenizer %s in a GGUF file', (name, keys) => {
  const expected = expectedTokens.tokenizers[name];
  const tokenizer = readKeys(keys);

  it('encodes as Python does, and decodes', async () => {
    expect(tokenizer?.prefix).toEqual(expected?.prefix);
    for (const { text, tokens, decoded } of expected?.cases ?? []) {
      expect([...((await tokenizer?.encode(text)) ?? [])], JSON.stringify(text)).toEqual(tokens);
      expect(tokenizer?.decode(tokens)).toBe(decoded);
    }
  });
});

it('has the chat template that the file has', () => {
  const keys = keysOf('gpt2', { pre: 'gpt-2' });
  const tokenizer = readKeys({ ...keys, 'tokenizer.chat_template': { text: '{{ messages }}' } });
  expect(tokenizer && chatFormatOf(tokenizer)?.template).toBe('{{ messages }}');
  const without = readKeys(keys);
  expect(without && chatFormatOf(without)).toBeUndefined();
});

it('joins the neighbours whose piece has the highest score, as SentencePiece does', async () => {
  const tokens = ['<unk>', '▁', 'a', 'b', 'c', 'ab', 'bc', '▁a', 'abc'];
  const scores = [0, -9, -9, -9, -9, -3, -1, -2, -4];
  const keys: Record<string, Typed> = {
    'tokenizer.ggml.model': { text: 'llama' },
    'tokenizer.ggml.tokens': { texts: tokens },
    'tokenizer.ggml.scores': { f32s: scores },
  };
  const pieces = [...((await readKeys(keys)?.encode('abc ab')) ?? [])].map((token) => tokens[token]);
  // bc first (−1), then ▁a (−2), after which no two neighbours are a piece: neither ab (−3) nor abc comes about.
  expect(pieces).toEqual(['▁a', 'bc', '▁a', 'b']);
  const plain = await readKeys({ ...keys, 'tokenizer.ggml.add_space_prefix': { bool: false } })?.encode(
    'abc',
  );
  expect([...(plain ?? [])].map((token) => tokens[token])).toEqual(['abc']);
});

it('says what is not known of a tokenizer, and nothing where there is none', () => {
  const gpt2 = keysOf('gpt2', { pre: 'tekken' });
  expect(() => readKeys(gpt2)).toThrow('tokenizer.ggml.pre is "tekken": how it cuts texts is not known here');
  expect(() => readKeys({ ...gpt2, 'tokenizer.ggml.model': { text: 'rwkv' } })).toThrow(
    'tokenizer.ggml.model is "rwkv", which is not computed here',
  );
  const scores = { ...keysOf('llama2', 'scores'), 'tokenizer.ggml.scores': { f32s: [1] } };
  expect(() => readKeys(scores)).toThrow('scores are not one a token');
  // Every way to cut it in two would be looked for.
  const long = {
    'tokenizer.ggml.model': { text: 'llama' },
    'tokenizer.ggml.tokens': { texts: ['<unk>', 'a'.repeat(1_000_000)] },
    'tokenizer.ggml.scores': { f32s: [0, -1] },
  } as const;
  expect(() => readKeys(long)).toThrow('token 1 has 1000000 characters');
  expect(readKeys({ 'general.architecture': { text: 'llama' } })).toBeUndefined();
});
