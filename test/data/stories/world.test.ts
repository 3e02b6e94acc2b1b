// Tests of the cast and the things: one name, one person; nothing that the templates would render wrongly.
import { expect, test } from 'vitest';
import { createRandom } from '../../../src/data/random.ts';
import { cast, drawMember, foods, looks, places, things } from '../../../src/data/stories/world.ts';

test('the cast is large, and names are unique', () => {
  expect(cast.length).toBeGreaterThanOrEqual(40);
  expect(new Set(cast.map((member) => member.name)).size).toBe(cast.length);
  const animals = cast.filter((member) => member.age === 'animal');
  expect(new Set(animals.map((member) => member.kind)).size).toBe(animals.length);
});

test('no word is spoken with another article than its first letter says', () => {
  const words = [
    ...cast.flatMap(({ trait, kind }) => [trait, kind]),
    ...Object.values(things).flat(),
    ...looks,
  ];
  for (const word of words) expect(word).not.toMatch(/^(hour|honest|heir|one|uni|use|eu)/);
});

test('homes and places carry their preposition, loves are gerunds, foods are plural', () => {
  const preposition = /^(in|near|on|by|at|beside|above|behind|across|among|under|next|deep|opposite) /;
  for (const place of [...places, ...cast.map((member) => member.home)]) expect(place).toMatch(preposition);
  for (const { loves } of cast) expect(loves).toMatch(/^[a-z]+ing /);
  for (const food of foods) expect(food).toMatch(/s$/);
});

test('each skill has several members to choose a helper from', () => {
  for (const skill of ['climb', 'swim', 'dig', 'lift'] as const) {
    expect(cast.filter((member) => member.skill === skill).length).toBeGreaterThanOrEqual(4);
  }
});

test('a drawn member fits and is not taken, and all who fit are drawn', () => {
  const random = createRandom(1);
  const [first] = cast;
  const drawn = Array.from({ length: 500 }, () =>
    drawMember(random, [first], (member) => member.age === 'child'),
  );
  expect(drawn).not.toContain(first);
  expect(new Set(drawn).size).toBe(19);
  expect(() => drawMember(random, cast, () => true)).toThrow('story cast: nobody fits');
});
