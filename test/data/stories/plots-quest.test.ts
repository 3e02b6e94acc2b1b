// Tests of the plots of goals: a cast without doubles, riddles that keep their answers.
import { expect, test } from 'vitest';
import { createRandom } from '../../../src/data/random.ts';
import { questPlots } from '../../../src/data/stories/plots-quest.ts';

test('nobody plays two parts', () => {
  const random = createRandom(1);
  for (const plot of questPlots) {
    for (let i = 0; i < 50; i++) {
      const people = Object.values(plot.begin(random).people);
      expect(new Set(people).size, plot.name).toBe(people.length);
    }
  }
});

test('a riddle asks for one thing, which neither it nor the hint names', () => {
  const bridge = questPlots.find((plot) => plot.name.includes('riddle'));
  const random = createRandom(2);
  const answers = new Map<string, string>();
  for (let i = 0; i < 200; i++) {
    const { riddle, answer, hint } = bridge?.begin(random).words ?? {};
    expect(riddle).toMatch(/^[A-Z].* What am I\?$/);
    for (const word of answer.split(' ').filter((part) => part.length > 2)) {
      expect(`${riddle} ${hint}`.toLowerCase()).not.toContain(word);
    }
    expect(answers.get(riddle) ?? answer).toBe(answer);
    answers.set(riddle, answer);
  }
  expect(answers.size).toBeGreaterThanOrEqual(10);
});
