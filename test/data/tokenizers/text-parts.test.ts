// Cutting long texts: nothing is lost, nothing is too long, and cuts fall between lines where they can.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { textParts } from '../../../src/data/tokenizers/text-parts.ts';
import { anyCharacter } from '../any-character.ts';

test('parts together are the text, none is too long, and no character is halved', () => {
  const text = fc.string({ unit: fc.oneof(anyCharacter, fc.constantFrom(' ', '\n', 'a')), maxLength: 80 });
  fc.assert(
    fc.property(text, fc.integer({ min: 2, max: 20 }), (whole, longest) => {
      const parts = textParts(whole, longest);
      expect(parts.join('')).toBe(whole);
      for (const part of parts) expect(part.length).toBeLessThanOrEqual(longest);
      const isHalved = (part: string) => /\p{Surrogate}/u.test(part);
      expect(parts.some(isHalved)).toBe(isHalved(whole));
    }),
    { seed: 5, numRuns: 200 },
  );
});

test('a cut is best at a line end between two words, then at any, then before a space', () => {
  expect(textParts('one two\nthree \n\n four', 18)).toEqual(['one two\nthree \n\n', ' four']);
  expect(textParts('one two\nthree four five', 14)).toEqual(['one two\n', 'three four', ' five']);
  expect(textParts('abcdef', 4)).toEqual(['abcd', 'ef']);
  expect(textParts('', 4)).toEqual(['']);
});
