// Tests of the shared sentences: every alternative can be written and is a sentence.
import { expect, test } from 'vitest';
import { createRandom } from '../../../src/data/random.ts';
import { phrases } from '../../../src/data/stories/phrases.ts';
import { createRenderer } from '../../../src/data/stories/template.ts';
import { cast } from '../../../src/data/stories/world.ts';

const [hero, friend, helper] = cast;
const scene = { people: { hero, friend, helper }, words: { food: 'plums' } };

/** Rules that a template continues after, so that they end without a mark. */
const openRules = ['time', 'later', 'learned'];
/** Rules that stand inside a sentence. */
const innerRules = ['meal', 'flower', 'number'];

test.each(Object.entries(phrases))('every text of the rule %s is written as a sentence', (name, texts) => {
  const random = createRandom(1);
  expect(new Set(texts).size).toBe(texts.length);
  expect(texts.length).toBeGreaterThanOrEqual(4);
  const render = createRenderer(phrases);
  for (const text of texts) {
    for (let i = 0; i < 20; i++) {
      const sentence = render(text, scene, random);
      if (sentence === '') continue; // some rules may add nothing
      expect(sentence).toMatch(innerRules.includes(name) ? /^[a-z]/ : /^"?[A-Z]/);
      expect(sentence).toMatch([...openRules, ...innerRules].includes(name) ? /[a-z]$/ : /[.!?]"?$/);
    }
  }
});
