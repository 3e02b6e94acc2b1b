// Tests of the stories as text: grammar that can be checked by rule, agreement, cause and effect, variety.
import { expect, test } from 'vitest';
import { createRandom } from '../../../src/data/random.ts';
import { cast } from '../../../src/data/stories/world.ts';
import { createStoryWriter, plots } from '../../../src/data/stories/writer.ts';

const write = createStoryWriter();
const random = createRandom(1);
const stories = Array.from({ length: 1500 }, () => write(random));

/** The first match with its surroundings in any story, for a message one can read. */
function findAny(pattern: RegExp): string | undefined {
  for (const story of stories) {
    const match = pattern.exec(story);
    if (match) return story.slice(Math.max(0, match.index - 40), match.index + 40);
  }
  return undefined;
}

test.each([
  ['left over template marks', /[[\]{}|~@]/],
  ['characters beyond ASCII', /[^\n\x20-\x7e]/],
  ['two spaces, or a space at the end of a line', / {2}| \n| $/],
  ['a space before a mark', / [.,!?;]/],
  ['two marks', /[.,!?][.,!?]/],
  ['a small letter at the start of a sentence', /(^|\n)"?[a-z]|[.!?] "?[a-z]|\." [a-z]/],
  ['a capital letter after a comma inside a sentence', /, (The|She|He|It|They|But|And)\b/],
  ['speech that ends without a mark', /[a-z]"( |\n|$)/],
  ['"a" before a vowel', /\ba [aeiou]/i],
  ['"an" before a consonant', /\ban [^aeiou]/i],
  ['a repeated word', /\b(?!had\b)(\w+) \1\b/i],
])('no story has %s', (_, pattern) => {
  expect(findAny(pattern)).toBeUndefined();
});

test('every paragraph closes the quotes that it opens', () => {
  for (const story of stories) {
    for (const paragraph of story.split('\n')) expect(paragraph.split('"').length % 2, paragraph).toBe(1);
  }
});

test('where all people share a pronoun, the other one does not occur', () => {
  let checked = 0;
  for (const story of stories) {
    const people = cast.filter(({ name }) => new RegExp(`\\b${name.replace('.', '\\.')}\\b`).test(story));
    const pronouns = new Set(people.map((person) => person.pronoun));
    if (pronouns.size !== 1) continue;
    checked++;
    const other = pronouns.has('she') ? /\b(he|him|his|himself)\b/i : /\b(she|her|hers|herself)\b/i;
    expect(other.exec(story)?.[0], story).toBeUndefined();
  }
  expect(checked).toBeGreaterThan(300);
});

test('whoever is introduced is what the cast says', () => {
  let checked = 0;
  for (const story of stories) {
    for (const [, trait, kind, name] of story.matchAll(
      /\ban? (\w+) (?!friend)(\w+) (?:named|called) (\w+)/gi,
    )) {
      const member = cast.find((candidate) => candidate.name === name);
      expect([member?.trait, member?.kind], story).toEqual([trait, kind]);
      checked++;
    }
  }
  expect(checked).toBeGreaterThan(500);
});

test('every plot can be written many times, with a paragraph each for beginning, middle and end', () => {
  expect(new Set(plots.map((plot) => plot.name)).size).toBe(plots.length);
  expect(plots.length).toBeGreaterThanOrEqual(15);
  for (const story of stories) {
    expect(story.split('\n').length).toBeGreaterThanOrEqual(5);
    expect(story.length).toBeGreaterThan(500);
    expect(story.length).toBeLessThan(2000);
  }
});

test('stories differ: none is repeated, the whole cast appears, and the vocabulary is wide', () => {
  expect(new Set(stories).size).toBe(stories.length);
  const text = stories.join('\n');
  for (const { name } of cast) expect(text).toContain(name);
  expect(new Set(text.toLowerCase().match(/[a-z']+/g)).size).toBeGreaterThan(900);
});
