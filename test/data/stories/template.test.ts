// Tests of the template language: choices, forms, rules inside words, and faults that are named.
import { expect, test } from 'vitest';
import { createRandom } from '../../../src/data/random.ts';
import { createRenderer, type Person, withArticle } from '../../../src/data/stories/template.ts';

const person = (name: string, pronoun: 'she' | 'he', trait: string): Person => ({
  ...{ name, pronoun, trait },
  ...{ kind: 'mouse', home: 'in a barn', loves: 'eating cheese' },
});
const scene = {
  people: { hero: person('Mina', 'she', 'tiny'), friend: person('Hugo', 'he', 'odd') },
  words: { thing: '[old|orange] kite', event: 'The wind took {hero.his} {thing}.' },
};
const render = createRenderer({ cry: ['{hero} cried.', '{hero} wept.'] });
const renderMany = (template: string): string[] => {
  const random = createRandom(1);
  return [...new Set(Array.from({ length: 200 }, () => render(template, scene, random)))].sort();
};

test('forms of a person agree with the pronoun', () => {
  expect(renderMany('{hero} {hero.he} {hero.him} {hero.his} {hero.He} {hero.His} {hero.himself}')).toEqual([
    'Mina she her her She Her herself',
  ]);
  expect(
    renderMany('{friend} {friend.he} {friend.him} {friend.his} {friend.He} {friend.His} {friend.himself}'),
  ).toEqual(['Hugo he him his He His himself']);
  expect(
    renderMany('{hero.a}, {friend.a}, {hero.A}, {friend.A}, {hero.kind}, {hero.home}, {hero.loves}'),
  ).toEqual(['a tiny mouse, an odd mouse, A tiny mouse, An odd mouse, mouse, in a barn, eating cheese']);
});

test('choices nest, may be empty, and every one is reached', () => {
  expect(renderMany('x[a|b[1|2]|]y')).toEqual(['xay', 'xb1y', 'xb2y', 'xy']);
});

test('words and rules are templates themselves, and an article fits what was chosen', () => {
  expect(renderMany('{thing.a}')).toEqual(['an old kite', 'an orange kite']);
  expect(renderMany('{event} {@cry}')).toEqual([
    'The wind took her old kite. Mina cried.',
    'The wind took her old kite. Mina wept.',
    'The wind took her orange kite. Mina cried.',
    'The wind took her orange kite. Mina wept.',
  ]);
});

test('curly quotes become plain ones', () => {
  expect(renderMany("“I can't,” said {hero}.")).toEqual(['"I can\'t," said Mina.']);
});

test.each([
  ['[a|b', /a choice is not closed: \[a\|b/],
  ['a]', /"\]" is out of place/],
  ['a|b', /"\|" is out of place/],
  ['{hero he}', /"\{hero he\}" is out of place/],
  ['{hero', /"\{" is out of place/],
  ['{nobody}', /not defined: the word nobody/],
  ['{@nothing}', /not defined: the rule nothing/],
  ['{hero.shoes}', /no such form of a person: shoes/],
])('the template %s is refused', (template, message) => {
  expect(() => render(template, scene, createRandom(1))).toThrow(message);
});

test('articles follow the first letter', () => {
  expect(['egg', 'red egg', 'Ice'].map(withArticle)).toEqual(['an egg', 'a red egg', 'an Ice']);
});
