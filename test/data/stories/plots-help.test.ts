// Tests of the plots of trouble and help: who mends a trouble is able to.
import { expect, test } from 'vitest';
import { createRandom } from '../../../src/data/random.ts';
import { PHRASES } from '../../../src/data/stories/phrases.ts';
import { HELP_PLOTS } from '../../../src/data/stories/plots-help.ts';
import { createRenderer } from '../../../src/data/stories/template.ts';
import { CAST, THINGS } from '../../../src/data/stories/world.ts';

const skillOf = (name: string | undefined): string | undefined =>
  CAST.find((member) => member.name === name)?.skill;

test('what is lost can be lost that way, and the helper has the skill to bring it back', () => {
  const [lost] = HELP_PLOTS;
  const render = createRenderer(PHRASES);
  const random = createRandom(1);
  const kinds = [
    [/strong wind/, 'climb', THINGS.light],
    [/fell into the (river|stream|pond)/, 'swim', THINGS.floating],
    [/fell into a deep, narrow hole/, 'dig', THINGS.rolling],
    [/stopped under a/, 'lift', THINGS.round],
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
  for (let i = 0; i < 50; i++) expect(skillOf(HELP_PLOTS[1].begin(random).people.helper.name)).toBe('lift');
  for (const plot of HELP_PLOTS) {
    for (let i = 0; i < 50; i++) {
      const people = Object.values(plot.begin(random).people);
      expect(new Set(people).size, plot.name).toBe(people.length);
    }
  }
});
