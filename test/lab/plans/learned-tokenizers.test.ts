// Learned tokenizers are kept: a second run on the same text does not learn again.
import { expect, it } from 'vitest';
import { learnedTokenizer } from '../../../src/lab/plans/learned-tokenizers.ts';

const text = 'the cat sat on the mat with the hat. '.repeat(30);

it('a text is learned once for each size', async () => {
  const first = await learnedTokenizer(text, 300);
  expect(first.vocabularySize).toBeGreaterThan(256);
  expect(await learnedTokenizer(text, 300)).toBe(first);
  expect(await learnedTokenizer(text, 301)).not.toBe(first);
  expect(await learnedTokenizer(`${text}!`, 300)).not.toBe(first);
});

it('what was stopped is not kept', async () => {
  const long = Array.from({ length: 60_000 }, (_, index) => `w${index}`).join(' ');
  await expect(learnedTokenizer(long, 400, { signal: AbortSignal.abort(new Error('no')) })).rejects.toThrow(
    'no',
  );
});
