// Which layers are drawn together: repeats of a unit, runs of alike layers in it.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findSections } from '../../../src/lab/diagram/sections.ts';

const sectionsOf = (pattern: string) => findSections([...pattern]);

/** The pattern that sections stand for, given where each layer came from. */
function spelled(pattern: string): string {
  return sectionsOf(pattern)
    .map(({ first, times, runs }) => {
      let layer = first;
      const unit = runs.map((count) => {
        const letter = pattern[layer] ?? '';
        layer += count;
        return letter.repeat(count);
      });
      return unit.join('').repeat(times);
    })
    .join('');
}

describe('findSections', () => {
  it.each([
    ['A', [{ first: 0, times: 1, runs: [1] }]],
    ['AAAA', [{ first: 0, times: 4, runs: [1] }]],
    ['LLLLLGLLLLLG', [{ first: 0, times: 2, runs: [5, 1] }]],
    [
      'DEEEE',
      [
        { first: 0, times: 1, runs: [1] },
        { first: 1, times: 4, runs: [1] },
      ],
    ],
    ['DEDEDE', [{ first: 0, times: 3, runs: [1, 1] }]],
    [
      'LLGLLGLL',
      [
        { first: 0, times: 2, runs: [2, 1] },
        { first: 6, times: 2, runs: [1] },
      ],
    ],
    ['', []],
  ])('cuts %s', (pattern, sections) => {
    expect(sectionsOf(pattern)).toEqual(sections);
  });

  it('stands for the very layers that were given', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 24 }), (pattern) => {
        expect(spelled(pattern)).toBe(pattern);
      }),
    );
  });
});
