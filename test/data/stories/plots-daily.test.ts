// Tests of the everyday plots: a cast without doubles, and what is named once is named again.
import { expect, test } from 'vitest';
import { createRandom } from '../../../src/data/random.ts';
import { phrases } from '../../../src/data/stories/phrases.ts';
import { dailyPlots } from '../../../src/data/stories/plots-daily.ts';
import { createRenderer } from '../../../src/data/stories/template.ts';

test('nobody plays two parts', () => {
  const random = createRandom(1);
  for (const plot of dailyPlots) {
    for (let i = 0; i < 50; i++) {
      const people = Object.values(plot.begin(random).people);
      expect(new Set(people).size, plot.name).toBe(people.length);
    }
  }
});

test('each word of a scene is used by its plot at least twice, so that stories refer back', () => {
  const random = createRandom(2);
  const render = createRenderer(phrases);
  for (const plot of dailyPlots) {
    const { people, words } = plot.begin(random);
    const scene = { people, words: { place: 'by the river', food: 'plums', ...words } };
    const templates = plot.paragraphs.flat();
    const story = templates.map((template) => render(template, scene, random)).join(' ');
    for (const name of ['thing', 'tool', 'monster', 'prize', 'from'].filter((key) => key in words)) {
      expect(story.split(words[name]).length - 1, `${plot.name}: ${name}`).toBeGreaterThanOrEqual(2);
    }
  }
});
