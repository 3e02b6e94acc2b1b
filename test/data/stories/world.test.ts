// Tests of the cast and the things: one name, one person; nothing that the templates would render wrongly.
import { expect, test } from 'vitest';
import { createRandom } from '../../../src/data/random.ts';
import { CAST, drawMember, FOODS, LOOKS, PLACES, THINGS } from '../../../src/data/stories/world.ts';

test('the cast is large, and names are unique', () => {
  expect(CAST.length).toBeGreaterThanOrEqual(40);
  expect(new Set(CAST.map((member) => member.name)).size).toBe(CAST.length);
  const animals = CAST.filter((member) => member.age === 'animal');
  expect(new Set(animals.map((member) => member.kind)).size).toBe(animals.length);
});

test('no word is spoken with another article than its first letter says', () => {
  const words = [
    ...CAST.flatMap(({ trait, kind }) => [trait, kind]),
    ...Object.values(THINGS).flat(),
    ...LOOKS,
  ];
  for (const word of words) expect(word).not.toMatch(/^(hour|honest|heir|one|uni|use|eu)/);
});

test('homes and places carry their preposition, loves are gerunds, foods are plural', () => {
  const preposition = /^(in|near|on|by|at|beside|above|behind|across|among|under|next|deep|opposite) /;
  for (const place of [...PLACES, ...CAST.map((member) => member.home)]) expect(place).toMatch(preposition);
  for (const { loves } of CAST) expect(loves).toMatch(/^[a-z]+ing /);
  for (const food of FOODS) expect(food).toMatch(/s$/);
});

test('each skill has several members to choose a helper from', () => {
  for (const skill of ['climb', 'swim', 'dig', 'lift'] as const) {
    expect(CAST.filter((member) => member.skill === skill).length).toBeGreaterThanOrEqual(4);
  }
});

test('a drawn member fits and is not taken, and all who fit are drawn', () => {
  const random = createRandom(1);
  const [first] = CAST;
  const drawn = Array.from({ length: 500 }, () =>
    drawMember(random, [first], (member) => member.age === 'child'),
  );
  expect(drawn).not.toContain(first);
  expect(new Set(drawn).size).toBe(19);
  expect(() => drawMember(random, CAST, () => true)).toThrow('story cast: nobody fits');
});
