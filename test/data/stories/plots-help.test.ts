// Tests of the plots of trouble and help: who mends a trouble is able to.
import { expect, test } from 'vitest';
import { createRandom } from '../../../src/data/random.ts';
import { phrases } from '../../../src/data/stories/phrases.ts';
import { helpPlots } from '../../../src/data/stories/plots-help.ts';
import { createRenderer } from '../../../src/data/stories/template.ts';
import { cast, things } from '../../../src/data/stories/world.ts';

const skillOf = (name: string | undefined): string | undefined =>
  cast.find((member) => member.name === name)?.skill;

test('what is lost can be lost that way, and the helper has the skill to bring it back', () => {
  const [lost] = helpPlots;
  const render = createRenderer(phrases);
  const random = createRandom(1);
  const kinds = [
    [/strong wind/, 'climb', things.light],
    [/fell into the (river|stream|pond)/, 'swim', things.floating],
    [/fell into a deep, narrow hole/, 'dig', things.rolling],
    [/stopped under a/, 'lift', things.round],
  ] as const;
  const seen = new Set<string>();
  for (let i = 0; i < 200; i++) {
    const scene = lost.begin(random);
    const event = render('{event}', scene, random);
    const [kind] = kinds.filter(([pattern]) => pattern.test(event));
    expect(kind, event).toBeDefined();
    const [, skill, things] = kind;
    expect(skillOf(scene.people.helper.name)).toBe(skill);
    expect(things.some((thing) => scene.words.thing.endsWith(thing))).toBe(true);
    seen.add(skill);
  }
  expect(seen.size).toBe(4);
});

test('the heavy work after a storm is done by the strong, and nobody plays two parts', () => {
  const random = createRandom(2);
  for (let i = 0; i < 50; i++) expect(skillOf(helpPlots[1].begin(random).people.helper.name)).toBe('lift');
  for (const plot of helpPlots) {
    for (let i = 0; i < 50; i++) {
      const people = Object.values(plot.begin(random).people);
      expect(new Set(people).size, plot.name).toBe(people.length);
    }
  }
});
