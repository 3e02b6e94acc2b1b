// Tokenizers that are damaged, hostile or beyond us: one sentence each, and nothing made of what they claim.
import { describe, expect, it } from 'vitest';
import { publishedTokenizer } from '../../../src/data/tokenizers/published.ts';
import { readPublishedFile } from '../../../src/data/tokenizers/published-file.ts';
import { readTokenFixture } from './fixtures.ts';

const model = { type: 'BPE', vocab: { a: 0, b: 1, ab: 2 }, merges: ['a b'] };
const file = {
  added_tokens: [],
  normalizer: null,
  pre_tokenizer: null,
  decoder: { type: 'ByteLevel' },
  model,
};
const added = (id: number, content: string) => ({ added_tokens: [{ id, content }] });
const cut = (pre_tokenizer: object) => ({ ...file, pre_tokenizer });

describe('a tokenizer.json', () => {
  it.each<[string, unknown, RegExp]>([
    ['null', null, /the content should be Object, found null/],
    ['a list', [], /model is missing|should be/],
    ['nothing', {}, /model is missing/],
    ['no vocabulary', { model: { type: 'BPE' } }, /model\.vocab should be \{ token: id \}/],
    ['an empty vocabulary', { model: { ...model, vocab: {} } }, /model\.vocab is empty/],
    ['merges of null', { model: { ...model, merges: null } }, /model\.merges should be an array, found null/],
    ['a merge of three', { model: { ...model, merges: ['a b c'] } }, /model\.merges\.0 is no pair/],
    ['a merge of what is no token', { model: { ...model, merges: [['a', 'x']] } }, /merges\.0 needs "x"/],
    ['a merge into no token', { model: { ...model, merges: ['b a'] } }, /merges\.0 needs "ba"/],
    [
      'two tokens of one id',
      { model: { ...model, vocab: { a: 0, b: 0, ab: 2 } } },
      /the id 0 is that of "a" and of "b"/,
    ],
    [
      'an id beyond any vocabulary',
      { model: { ...model, vocab: { a: 0, b: 2 ** 31, ab: 2 } } },
      /the id of "b" is no id: "2147483648"/,
    ],
    ['an id of −1', { model: { ...model, vocab: { a: 0, b: -1, ab: 2 } } }, /"b" is no id/],
    ['an added token over another', { ...file, ...added(1, '<s>') }, /the id 1 is that of "b" and of "<s>"/],
    ['an added token far away', { ...file, ...added(1e9, '<s>') }, /added_tokens\.0\.id should be/],
    ['an added token of nothing', { ...file, ...added(3, '') }, /added_tokens\.0\.content/],
    ['chance in its merges', { model: { ...model, dropout: 0.1 } }, /dropout is 0\.1/],
    [
      'another model',
      { model: { ...model, type: 'WordLevel' } },
      /model is of the type "WordLevel", which is not computed/,
    ],
    ['a cut of its own', cut({ type: '<img onerror>' }), /pre_tokenizer is of the type "<img onerror>"/],
    [
      'a cut that the library gets wrong',
      cut({ type: 'Split', pattern: { String: 'a' }, behavior: 'MergedWithNext' }),
      /Split with MergedWithNext/,
    ],
    ['a sequence of nothing', cut({ type: 'Sequence' }), /a Sequence has no parts/],
    [
      'Unigram with a word for a probability',
      { model: { type: 'Unigram', vocab: [['a', 'x']] } },
      /model\.vocab\.0 is no \[token/,
    ],
    [
      'Unigram whose unknown token is none',
      { model: { type: 'Unigram', vocab: [['a', -1]], unk_id: 7 } },
      /unk_id is "7"/,
    ],
    [
      'a template of a strange form',
      { ...file, post_processor: { type: 'TemplateProcessing', single: 3 } },
      /post_processor\.single should be Array/,
    ],
  ])('with %s is refused in one sentence', (_, json, message) => {
    expect(() => readPublishedFile(json)).toThrow(message);
    expect(() => readPublishedFile(json)).toThrow(/^tokenizer\.json: [^\n]+\.$/);
  });

  it.each<[string, object, RegExp]>([
    [
      'looks at patterns',
      { type: 'Replace', pattern: { Regex: '(a+)+$' }, content: '' },
      /Replace with a pattern/,
    ],
    [
      'looks at the end of a text',
      { type: 'Sequence', decoders: [{ type: 'Fuse' }, { type: 'Strip', content: ' ', start: 0, stop: 1 }] },
      /Strip at the end/,
    ],
    ['is unknown', { type: 'CTC' }, /the decoder has a CTC/],
    ['strips a billion', { type: 'Strip', content: ' ', start: 1e9 }, /no counts of characters/],
  ])('whose decoder %s is refused', (_, decoder, message) => {
    expect(() => publishedTokenizer({ ...file, decoder }, undefined)).toThrow(message);
  });

  it('may have keys like __proto__ and holes among its ids', () => {
    const vocab = JSON.parse('{"__proto__": 0, "b": 5}');
    const { tokens } = readPublishedFile({ model: { type: 'WordPiece', vocab } });
    expect([tokens[0], tokens[1], tokens[5], tokens.length]).toEqual(['__proto__', undefined, 'b', 6]);
    expect(({} as Record<string, unknown>).b).toBeUndefined();
  });

  it('of Gemma may cut at spaces that its normalizer took away', () => {
    const pattern = { String: ' ' };
    const normalizer = { type: 'Replace', pattern, content: '▁' };
    const pre_tokenizer = { type: 'Split', pattern, behavior: 'MergedWithPrevious', invert: false };
    expect(() => readPublishedFile({ ...file, normalizer, pre_tokenizer })).not.toThrow();
  });

  it('of older years names no type', () => {
    const { type, ...untyped } = model;
    expect(readPublishedFile({ ...file, model: untyped }).json.model).toMatchObject({ type });
    expect(() => readPublishedFile(readTokenFixture('gpt2'))).not.toThrow();
  });
});
