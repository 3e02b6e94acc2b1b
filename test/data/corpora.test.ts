// Tests of the generated corpora as a whole: size, alphabet, and one text per seed.
import { expect, test } from 'vitest';
import { corpora, generateCorpus, isCorpusName } from '../../src/data/corpora.ts';

const names = Object.keys(corpora).filter(isCorpusName);

test.each(names)('%s has its size and few distinct characters', (name) => {
  const { defaultCharacters } = corpora[name];
  const text = generateCorpus(name, 1);
  expect(text.length).toBeGreaterThanOrEqual(defaultCharacters);
  expect(text.length).toBeLessThan(defaultCharacters + 3000);
  expect(text).toMatch(/^[\n\x20-\x7e]+\n$/);
  expect(new Set(text).size).toBeLessThan(80);
});

test('the stories have a megabyte', () => {
  expect(generateCorpus('stories', 7).length).toBeGreaterThanOrEqual(1_000_000);
});

test.each(names)(
  '%s depends on the seed and on nothing else, and a shorter text begins a longer one',
  (name) => {
    const text = generateCorpus(name, 3, 5000);
    expect(generateCorpus(name, 3, 5000)).toBe(text);
    expect(generateCorpus(name, 4, 5000)).not.toBe(text);
    expect(generateCorpus(name, 3, 20_000).startsWith(text)).toBe(true);
  },
);

test.each([0, -1, 1.5, Number.NaN, 200_000_001])('%s characters are refused', (characters) => {
  expect(() => generateCorpus('stories', 1, characters)).toThrow('corpus: the number of characters');
});

test('names are told from other texts', () => {
  expect(['stories', 'toString', '__proto__', ''].map(isCorpusName)).toEqual([true, false, false, false]);
  expect(() => generateCorpus('stories', -1)).toThrow('random: the seed');
});

test('only the language made for it is said to be fit for laws', () => {
  expect(names.filter((name) => corpora[name].scaling.isFit)).toEqual(['zipf']);
});
