// The tokenizer files of a model's folder: which one counts, what is refused unread, and what is written.
import { describe, expect, it } from 'vitest';
import { byteTokenizer } from '../../../src/data/tokenizers/bytes.ts';
import { chatFormatOf } from '../../../src/data/tokenizers/chat.ts';
import { publishedTokenizer } from '../../../src/data/tokenizers/published.ts';
import { readTokenizer, tokenizerFiles, tokenizerOf } from '../../../src/lab/training/tokenizer-files.ts';
import { inMemory, type OpenFile } from '../../../src/lab/training/weight-files.ts';
import { readTokenFixture } from '../../data/tokenizers/fixtures.ts';

const published = JSON.stringify(readTokenFixture('gpt2'));

/** A folder of texts by name. */
function folder(files: Readonly<Record<string, string>>): OpenFile {
  return async (name) => {
    const text = files[name];
    return text === undefined ? undefined : inMemory(new TextEncoder().encode(text));
  };
}

describe('a folder', () => {
  it('says which tokenizer there is that is not read', async () => {
    const { tokenizerProblem } = await readTokenizer(folder({ 'tokenizer.model': 'x', 'vocab.json': '{}' }));
    expect(tokenizerProblem).toMatch(
      /no tokenizer\.json, but tokenizer\.model, which is not read\. Convert it/,
    );
  });

  it('has our own tokenizer, or else the published one with its settings, or none', async () => {
    const own = JSON.stringify(byteTokenizer());
    const both = await readTokenizer(
      folder({ 'flopscope-tokenizer.json': own, 'tokenizer.json': published }),
    );
    expect(both.tokenizer?.kind).toBe('bytes');
    const settings = '{"model_max_length": 9}';
    const { tokenizer } = await readTokenizer(
      folder({ 'tokenizer.json': published, 'tokenizer_config.json': settings }),
    );
    expect(tokenizer?.toJSON()).toMatchObject({ kind: 'published', settings: { model_max_length: 9 } });
    const none = await readTokenizer(folder({}));
    expect(() => tokenizerOf(none, 'Give tokens.')).toThrow(
      /no tokenizer\.json, so text is unknown\. Give tokens\./,
    );
  });

  it('has a chat template, of its own file before that of the settings', async () => {
    const settings = '{"chat_template": "old", "eos_token": "</s>"}';
    const files = { 'tokenizer.json': published, 'tokenizer_config.json': settings };
    const templateOf = async (more: Readonly<Record<string, string>>) => {
      const { tokenizer } = await readTokenizer(folder({ ...files, ...more }));
      return tokenizer && chatFormatOf(tokenizer)?.template;
    };
    expect(await templateOf({})).toBe('old');
    expect(await templateOf({ 'chat_template.jinja': 'new' })).toBe('new');
    const { tokenizerProblem } = await readTokenizer(
      folder({ ...files, 'chat_template.jinja': 'a'.repeat(2 ** 20 + 1) }),
    );
    expect(tokenizerProblem).toMatch(/chat_template\.jinja: too large: 1048577 bytes/);
  });

  it('of 200 MB is refused unread, and a pointer named as one', async () => {
    const huge: OpenFile = async (name) =>
      name === 'tokenizer.json'
        ? { bytes: 2e8, read: () => Promise.reject(new Error('it was read')) }
        : undefined;
    expect((await readTokenizer(huge)).tokenizerProblem).toMatch(/too large: 200000000 bytes/);
    const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'a'.repeat(64)}\nsize 12\n`;
    const found = await readTokenizer(folder({ 'tokenizer.json': pointer }));
    expect(found.tokenizer).toBeUndefined();
    expect(() => tokenizerOf(found, '')).toThrow(/tokenizer\.json.*Git LFS/i);
  });
});

describe('the files of a tokenizer', () => {
  const contentOf = (files: ReturnType<typeof tokenizerFiles>) =>
    Object.fromEntries(files.map(({ name, bytes }) => [name, JSON.parse(new TextDecoder().decode(bytes))]));

  it('are those of a published one as they were read', () => {
    const settings = { model_max_length: 9 };
    const tokenizer = publishedTokenizer(readTokenFixture('gpt2'), settings);
    expect(contentOf(tokenizerFiles(tokenizer, 16))).toEqual({
      'tokenizer.json': readTokenFixture('gpt2'),
      'tokenizer_config.json': settings,
    });
  });

  it('of ours are for us and for Transformers, and read the same', async () => {
    const files = tokenizerFiles(byteTokenizer(), 16);
    const content = contentOf(files);
    expect(content['tokenizer_config.json']).toMatchObject({ model_max_length: 16 });
    const texts = Object.entries(content).map(([name, json]) => [name, JSON.stringify(json)]);
    expect((await readTokenizer(folder(Object.fromEntries(texts)))).tokenizer?.kind).toBe('bytes');
  });
});
