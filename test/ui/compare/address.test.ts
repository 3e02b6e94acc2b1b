// Links to comparisons: there and back, and nothing of a stranger's that is not ours.
import { expect, it } from 'vitest';
import { comparisonOf, comparisonPlace } from '../../../src/ui/compare/address.ts';

const known = ['nano', 'llama3-mini', 'pico'];
const most = { models: 2, steps: 1000, seeds: 5 };

it('a comparison comes back from its address', () => {
  const link = { chosen: ['nano', 'llama3-mini'], steps: 500, seeds: 3 };
  expect(comparisonOf(`#${comparisonPlace(link)}`, known, most)).toEqual(link);
});

it('what is not known, said twice or too much is left out', () => {
  expect(comparisonOf('#compare/nano+evil+nano+pico+llama3-mini/999999/9', known, most)).toEqual({
    chosen: ['nano', 'pico'],
    steps: 1000,
    seeds: 5,
  });
  expect(comparisonOf('#compare/nano/0/0', known, most)).toEqual({ chosen: ['nano'], steps: 1, seeds: 1 });
});

it.each(['#compare', '#compare/evil/5/1', '#compare/nano/-1/1', '#compare/<img>/5/1', '#costs/nano/5/1'])(
  '%s names none',
  (hash) => {
    expect(comparisonOf(hash, known, most)).toBeUndefined();
  },
);

it('nothing chosen is the room alone', () => {
  expect(comparisonPlace({ chosen: [], steps: 5, seeds: 1 })).toBe('compare');
});
