// From a data configuration to tokens: generated and own text, with the tokenizer of the text or of a model.
import { describe, expect, it } from 'vitest';
import { corpusNames } from '../../../src/data/corpora.ts';
import { useEncoderThreads } from '../../../src/data/tokenizers/asked-thread.ts';
import { byteTokenizer } from '../../../src/data/tokenizers/bytes.ts';
import { trainCharacterTokenizer } from '../../../src/data/tokenizers/characters.ts';
import { publishedTokenizer } from '../../../src/data/tokenizers/published.ts';
import { ignoredTarget } from '../../../src/lab/plans/batches.ts';
import {
  bytesPerToken,
  evaluationBatches,
  floorsOf,
  loadCorpus,
  promptTokens,
  splitCorpus,
  startTokens,
  targetsOf,
  textFigures,
  textPieces,
} from '../../../src/lab/plans/corpus.ts';
import type { DataConfig } from '../../../src/model/config.ts';
import { readTokenFixture } from '../../data/tokenizers/fixtures.ts';
import { inThisThread } from '../../data/tokenizers/in-this-thread.ts';
import { near } from '../../near.ts';

const data: DataConfig = {
  ...{ source: 'stories', tokenizer: 'characters', tokenizerVocabulary: 300, characters: 3000, seed: 4 },
  validationFraction: 0.1,
};
const own: DataConfig = { ...data, source: 'file' };
const words = 'nine mice met ten men. '.repeat(20);

describe('a generated corpus', () => {
  it.each(corpusNames)('of %s is the same for the same seed', async (source) => {
    const [first, second] = [await loadCorpus({ ...data, source }), await loadCorpus({ ...data, source })];
    expect(second.tokens).toEqual(first.tokens);
    expect(second.sha256).toBe(first.sha256);
    expect(first.tokens.length).toBeGreaterThanOrEqual(source === 'instructions' ? 1000 : 3000);
    expect((await loadCorpus({ ...data, source, seed: 5 })).sha256).not.toBe(first.sha256);
  });

  it('in bytes has 256 tokens and the text of its characters', async () => {
    const [characters, bytes] = [await loadCorpus(data), await loadCorpus({ ...data, tokenizer: 'bytes' })];
    expect(bytes.tokenizer.vocabularySize).toBe(256);
    expect(bytes.tokenizer.decode(bytes.tokens)).toBe(characters.tokenizer.decode(characters.tokens));
    expect(bytes.sha256).toBe(characters.sha256);
  });
});

describe('own text', () => {
  it('becomes tokens, with progress', async () => {
    const fractions: number[] = [];
    const corpus = await loadCorpus(own, new Blob([words]), ({ pass, bytes }) =>
      fractions.push(pass * bytes),
    );
    expect(corpus.tokenizer.decode(corpus.tokens)).toBe(words);
    expect(fractions.length).toBeGreaterThan(0);
  });

  it('is asked for when there is none', async () => {
    await expect(loadCorpus(own)).rejects.toThrow('no text was given');
    await expect(loadCorpus(own, undefined, undefined, byteTokenizer())).rejects.toThrow('no text was given');
  });

  it('in the tokens of a model that knows more characters keeps their ids and its hash', async () => {
    const wider = trainCharacterTokenizer(`${words} ABC xyz`);
    const plain = await loadCorpus(own, new Blob([words]));
    const corpus = await loadCorpus(own, new Blob([words]), undefined, wider);
    expect([...corpus.tokens]).toEqual([...wider.encode(words)]);
    expect([...corpus.tokens]).not.toEqual([...plain.tokens]);
    expect(corpus.sha256).toBe(plain.sha256);
    const marked = await loadCorpus(own, new Blob(['\ufeff', words]), undefined, wider);
    expect(marked.sha256).toBe((await loadCorpus(own, new Blob(['\ufeff', words]))).sha256);
  });

  it('with a character that the model lacks is refused', async () => {
    const narrow = trainCharacterTokenizer('nice');
    await expect(loadCorpus(own, new Blob([words]), undefined, narrow)).rejects.toThrow(/not in the/);
  });

  it('in the bytes of a model is read as bytes whatever the configuration says', async () => {
    const corpus = await loadCorpus(own, new Blob([words]), undefined, byteTokenizer());
    expect(corpus.tokens).toHaveLength(words.length);
    expect(corpus.tokenizer.kind).toBe('bytes');
  });
});

describe('a generated corpus for a model of another text', () => {
  it('leaves out the characters that the model lacks', async () => {
    const alphabet = trainCharacterTokenizer(' abcdefghijklmnopqrstuvwxyz.');
    const corpus = await loadCorpus(data, undefined, undefined, alphabet);
    const text = alphabet.decode(corpus.tokens);
    expect(text).toMatch(/^[ a-z.]+$/);
    expect(text.length).toBeGreaterThan(2400);
  });

  it('is refused when the model lacks half of it', async () => {
    const digits = trainCharacterTokenizer('0123456789 ');
    await expect(loadCorpus(data, undefined, undefined, digits)).rejects.toThrow(
      /only [\d.]+\s% of the generated text/,
    );
  });
});

describe('the splits', () => {
  it('are 90 and 10 per cent, and evaluation batches come from the last', async () => {
    const corpus = await loadCorpus(data);
    const dataset = splitCorpus(corpus, data, 16);
    expect(dataset.training.length).toEqual(near(Math.floor(0.9 * corpus.tokens.length)));
    const batches = evaluationBatches(dataset, 2, 3);
    expect(batches).toHaveLength(3);
    expect(evaluationBatches(dataset, 2, 3)).toEqual(batches);
    expect([...(batches[0]?.tokens.subarray(0, 17) ?? [])]).toEqual([...dataset.validation.subarray(0, 17)]);
    const last = batches[2]?.tokens.subarray(17) ?? [];
    expect([...last]).toEqual([...dataset.validation.subarray(-17)]);
  });

  it('shorter than the context are refused', async () => {
    const corpus = await loadCorpus(own, new Blob([words]));
    expect(() => splitCorpus(corpus, own, 64)).toThrow(/validation split is shorter/);
  });

  it('have floors that more knowledge lowers', async () => {
    const floors = floorsOf(splitCorpus(await loadCorpus(data), data, 16));
    expect(floors.unigram).toBeLessThan(floors.uniform);
    expect(floors.bigram).toBeLessThan(floors.unigram);
  });

  it('are counted once for all runs on a text, and anew where it is split elsewhere', async () => {
    const corpus = await loadCorpus(data);
    const figures = textFigures(corpus, splitCorpus(corpus, data, 16));
    expect(textFigures(corpus, splitCorpus(corpus, data, 8))).toBe(figures);
    expect(figures.floors.bigram).toEqual(near(floorsOf(splitCorpus(corpus, data, 16)).bigram));
    const elsewhere = textFigures(corpus, splitCorpus(corpus, { ...data, validationFraction: 0.5 }, 16));
    expect(elsewhere).not.toBe(figures);
    expect(textFigures({ ...corpus }, splitCorpus(corpus, data, 16))).not.toBe(figures);
  });
});

describe('a published tokenizer', () => {
  useEncoderThreads(inThisThread);
  const tokenizer = publishedTokenizer(readTokenFixture('llama2'), undefined);

  it('reads a generated text and a file to the end', async () => {
    const model: DataConfig = { ...data, tokenizer: 'model' };
    const generated = await loadCorpus(model, undefined, undefined, tokenizer);
    const characters = await loadCorpus(data);
    expect(generated.sha256).toBe(characters.sha256);
    const text = characters.tokenizer.decode(characters.tokens);
    expect(generated.tokenizer.decode(generated.tokens)).toBe(text);
    const file = await loadCorpus({ ...model, source: 'file' }, new Blob([text]), undefined, tokenizer);
    expect(file.tokens).toEqual(generated.tokens);
  });

  it('comes with a model only', async () => {
    await expect(loadCorpus({ ...data, tokenizer: 'model' })).rejects.toThrow(/"model" is that of an opened/);
  });

  it('puts its first token before a prompt', async () => {
    const ids = [...(await tokenizer.encode('a'))];
    expect(await promptTokens(tokenizer, 'a')).toEqual([1, ...ids]);
    expect(await startTokens({ tokenizer })).toEqual([1]);
  });
});

it('sampling starts at a line end where the alphabet has one, and else at its first token', async () => {
  expect(await startTokens({ tokenizer: trainCharacterTokenizer('b\na') })).toEqual([0]);
  expect(await startTokens({ tokenizer: byteTokenizer() })).toEqual([10]);
  expect(await startTokens({ tokenizer: trainCharacterTokenizer('ab') })).toEqual([0]);
});

describe('byte pairs', () => {
  const bpe: DataConfig = { ...data, tokenizer: 'bpe', tokenizerVocabulary: 400 };

  it('are learned from a generated text and from a file, the same for the same text', async () => {
    const generated = await loadCorpus(bpe);
    const characters = await loadCorpus(data);
    const text = characters.tokenizer.decode(characters.tokens);
    expect(generated.tokenizer.kind).toBe('bpe');
    expect(generated.tokenizer.vocabularySize).toBeLessThanOrEqual(400);
    expect(generated.tokenizer.decode(generated.tokens)).toBe(text);
    expect(generated.tokens).toBeInstanceOf(Uint16Array);
    const file = await loadCorpus({ ...bpe, source: 'file' }, new Blob([text]));
    expect(file.tokens).toEqual(generated.tokens);
  });

  it('are told apart in a text, a character of several tokens with its last', async () => {
    const { tokenizer } = await loadCorpus(bpe);
    const text = 'the cat ☃.';
    const pieces = textPieces(tokenizer, [...(await tokenizer.encode(text))]) ?? [];
    expect(pieces.join('')).toBe(text);
    expect(pieces.length).toBeLessThan(text.length);
    expect(pieces).not.toContain('');
    expect(textPieces(byteTokenizer(), [97])).toBeUndefined();
  });

  it('stand for more bytes than characters do', async () => {
    const lengths = async (wanted: DataConfig) => {
      const corpus = await loadCorpus(wanted);
      return bytesPerToken(splitCorpus(corpus, wanted, 16), corpus.tokenizer);
    };
    const [pairs, characters] = [await lengths(bpe), await lengths(data)];
    expect(characters).toEqual({ training: near(1), validation: near(1) });
    expect(pairs.training).toBeGreaterThan(1.5);
    expect(pairs.validation).toBeGreaterThan(1.5);
  });
});

describe('conversations', () => {
  const lines = [
    {
      messages: [
        { role: 'user', content: 'Hi ' },
        { role: 'assistant', content: 'No.' },
      ],
    },
    {
      messages: [
        { role: 'user', content: 'Hi?' },
        { role: 'assistant', content: 'Yes' },
      ],
    },
  ];
  const text = (times: number) =>
    new Blob([`${lines.map((line) => JSON.stringify(line)).join('\n')}\n`.repeat(times)]);

  it.each([
    ['characters', 5 + 11],
    ['bytes', 5 + 256],
  ] as const)('in %s have special tokens, and marks on what is answered', async (tokenizer, vocabulary) => {
    const corpus = await loadCorpus({ ...own, tokenizer }, text(2));
    const said = (marked: number) =>
      corpus.tokenizer.decode([...corpus.tokens].filter((_, at) => corpus.marks?.[at] === marked));
    expect(said(1)).toBe('No.<|end|>Yes<|end|>'.repeat(2));
    expect(said(0)).toMatch(/^(<\|begin\|><\|user\|>Hi.<\|end\|><\|assistant\|>){4}$/);
    expect(corpus.tokenizer.vocabularySize).toBe(vocabulary);
    expect(corpus.conversations).toHaveLength(4);
  });

  it('are learned from as a whole, or in their answers alone', async () => {
    const corpus = await loadCorpus({ ...own, tokenizer: 'bytes' }, text(20));
    const dataset = splitCorpus(corpus, own, 16);
    expect(targetsOf(dataset, { lossPositions: 'all' }).marks).toBeUndefined();
    const answers = targetsOf(dataset, { lossPositions: 'answers' });
    const [batch] = evaluationBatches(answers, 2, 1);
    const decoded = [...(batch?.targets ?? [])].filter((id) => id !== ignoredTarget);
    expect(corpus.tokenizer.decode(decoded)).toMatch(/^[No.Yes]*(<\|end\|>)?/);
    expect(decoded.length).toBeLessThan(2 * 16);
    expect(evaluationBatches(dataset, 2, 1)[0]?.tokens).toEqual(batch?.tokens);
    // An answer's tokens have a byte each but for its end, of seven.
    const { validation } = bytesPerToken(answers, corpus.tokenizer);
    expect(validation).toEqual(near((3 + 7) / 4));
    const all = targetsOf(dataset, { lossPositions: 'all' });
    expect(textFigures(corpus, answers)).not.toBe(textFigures(corpus, all));
    const plain = splitCorpus(await loadCorpus(data), data, 16);
    expect(() => targetsOf(plain, { lossPositions: 'answers' })).toThrow(/"answers" is for conversations/);
  });

  it('are refused with a model that knows none, and with the number of a wrong line', async () => {
    await expect(loadCorpus(own, text(1), undefined, byteTokenizer())).rejects.toThrow(
      /has no chat template/,
    );
    const wrong = new Blob([`${JSON.stringify(lines[0])}\n{"messages": 7}\n`]);
    await expect(loadCorpus(own, wrong)).rejects.toThrow(/^conversations: line 2: messages should be/);
  });
});
