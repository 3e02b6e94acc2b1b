// The bars of the next token: the dials give what the sampling kernel draws from, checked on a few logits by hand.
import { describe, expect, it } from 'vitest';
import { ranked } from '../../../src/text/ranked.ts';
import { drawnProbabilities, isOfAnother } from '../../../src/ui/train/next-token-data.ts';

const logits = Float32Array.of(Math.log(1), Math.log(4), Math.log(2), Math.log(2), Math.log(1));
const order = ranked(logits);
const drawn = (temperature: number, topK = 0, topP = 1) =>
  drawnProbabilities(logits, order, { temperature, topK, topP }, 5);

describe('the next token', () => {
  it('is of the text and the tokens that were asked for, and of no other', () => {
    expect(isOfAnother({ prompt: 'a' }, { prompt: 'a', knownTokens: false })).toBe(false);
    expect(isOfAnother({ prompt: 'a' }, { prompt: 'ab' })).toBe(true);
    expect(isOfAnother({ prompt: 'a' }, { prompt: 'a', knownTokens: true })).toBe(true);
  });

  it('is ranked by logits, equal ones by their ids', () => {
    expect([...order]).toEqual([1, 2, 3, 0, 4]);
  });

  it.each([
    ['all as the model has them', drawn(1), [0.4, 0.2, 0.2, 0.1, 0.1]],
    ['the likeliest alone at temperature 0', drawn(0), [1, 0, 0, 0, 0]],
    [
      'flatter ones when hot',
      drawn(2),
      [2, Math.SQRT2, Math.SQRT2, 1, 1].map((mass) => mass / (4 + 2 * Math.SQRT2)),
    ],
    ['the k likeliest', drawn(1, 1), [1, 0, 0, 0, 0]],
    ['those tied with the last of the k', drawn(1, 2), [0.5, 0.25, 0.25, 0, 0]],
    ['a k beyond the vocabulary', drawn(1, 9), [0.4, 0.2, 0.2, 0.1, 0.1]],
    ['those that reach p', drawn(1, 0, 0.3), [1, 0, 0, 0, 0]],
    ['those that reach p of the k', drawn(1, 3, 0.6), [0.5, 0.25, 0.25, 0, 0]],
    ['at least one at p 0', drawn(1, 0, 0), [1, 0, 0, 0, 0]],
  ])('%s', (_what, probabilities, expected) => {
    for (const [rank, share] of expected.entries()) expect(probabilities[rank]).toBeCloseTo(share, 5);
  });

  it('leaves to others what is not shown', () => {
    expect(drawnProbabilities(logits, order, { temperature: 1, topK: 0, topP: 1 }, 2)).toHaveLength(2);
  });
});
