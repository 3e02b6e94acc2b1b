// What experts take: counts by hand, words cut off at the ends of rows, and every choice of a real router counted once.
import { describe, expect, it } from 'vitest';
import { countTastes, readExpertTastes, wordsOf } from '../../../src/lab/inside/tastes.ts';
import { cpuEngine } from '../../../src/lab/plans/engine.ts';
import { near } from '../../near.ts';
import { tinyRun } from '../training/tiny-runs.ts';

describe('wordsOf', () => {
  it('joins letters, in lower case, and leaves out what a row cuts off', () => {
    expect(wordsOf([...'me Cat␣sat on'])).toEqual([
      ...[undefined, undefined, undefined],
      ...['cat', 'cat', 'cat', undefined],
      ...['sat', 'sat', 'sat', undefined],
      ...[undefined, undefined],
    ]);
  });
});

describe('countTastes', () => {
  it('counts tokens and words by expert, most taken first', () => {
    // Rows of 5 tokens, one expert each: vowels and signs go to expert 1.
    const rows = [[...' cat.'], [...'.cab ']];
    const selected = rows.flat().map((name) => ('ctb'.includes(name) ? 0 : 1));
    const [consonants, rest] = countTastes(rows, { experts: 2, perToken: 1, selected });
    expect(consonants).toEqual({
      ...{ expert: 0, share: near(0.4) },
      tokens: [
        { name: 'c', count: 2, share: 1 },
        { name: 'b', count: 1, share: 1 },
        { name: 't', count: 1, share: 1 },
      ],
      words: [
        { name: 'cab', count: 2, share: near(2 / 3) },
        { name: 'cat', count: 2, share: near(2 / 3) },
      ],
    });
    expect(rest?.tokens.map(({ name }) => name)).toEqual([' ', '.', 'a']);
    expect(rest?.share).toEqual(near(0.6));
  });
});

describe('readExpertTastes', () => {
  it('shares all choices of every layer with experts among its experts', async () => {
    const experts = { experts: 4, expertsPerToken: 2, gated: true, activation: 'silu', hidden: 8 };
    const run = await tinyRun({ model: { ...experts, layers: 3, denseLayers: 1 } });
    const { tokens, layers } = await readExpertTastes(cpuEngine(), run);
    expect(tokens).toBe(2048);
    expect(layers.map(({ layer }) => layer)).toEqual([1, 2]);
    for (const { experts: tastes } of layers) {
      expect(tastes.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 9);
      const shares = tastes.flatMap((taste) => taste.tokens.map(({ share }) => share));
      expect(shares.every((share) => share > 0 && share <= 1)).toBe(true);
    }
  });

  it('has nothing to say of a dense model', async () => {
    const run = await tinyRun();
    expect(await readExpertTastes(cpuEngine(), run)).toEqual({ step: 0, tokens: 0, layers: [] });
  });
});
