// Tests of the plots of feelings: a cast without doubles, and what is feared is what happens.
import { expect, test } from 'vitest';
import { createRandom } from '../../../src/data/random.ts';
import { phrases } from '../../../src/data/stories/phrases.ts';
import { heartPlots } from '../../../src/data/stories/plots-heart.ts';
import { createRenderer } from '../../../src/data/stories/template.ts';

test('nobody plays two parts', () => {
  const random = createRandom(1);
  for (const plot of heartPlots) {
    for (let i = 0; i < 50; i++) {
      const people = Object.values(plot.begin(random).people);
      expect(new Set(people).size, plot.name).toBe(people.length);
    }
  }
});

test('the danger is of the kind that is feared', () => {
  const signs: Readonly<Record<string, RegExp>> = {
    'the dark': /dark woods.*lantern/s,
    'high places': /climbed the steep rocks.*step by step/s,
    thunder: /storm came.*into the storm/s,
    'deep water': /floating log.*rowed/s,
  };
  const random = createRandom(2);
  const render = createRenderer(phrases);
  const seen = new Set<string>();
  for (let i = 0; i < 60; i++) {
    const scene = heartPlots[0].begin(random);
    expect(render('{danger} {deed}', scene, random)).toMatch(signs[scene.words.fear]);
    seen.add(scene.words.fear);
  }
  expect([...seen].sort()).toEqual(Object.keys(signs).sort());
});
