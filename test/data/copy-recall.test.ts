// Tests of the memory tasks: every answer follows from its line, and lengths vary.
import { expect, test } from 'vitest';
import { writeMemoryTask } from '../../src/data/copy-recall.ts';
import { createRandom } from '../../src/data/random.ts';

test('every answer follows from its line and all lengths occur', () => {
  const random = createRandom(1);
  const lengths = new Set<string>();
  for (let i = 0; i < 3000; i++) {
    const line = writeMemoryTask(random);
    const copy = /^copy ([a-z]+)\|([a-z]+)$/.exec(line);
    const find = /^find ((?:[a-z]\d )+)([a-z])\|(\d)$/.exec(line);
    if (copy) {
      expect(copy[2]).toBe(copy[1]);
      lengths.add(`copy ${copy[1].length}`);
    } else if (find) {
      const pairs = find[1].trim().split(' ');
      expect(pairs.filter((pair) => pair[0] === find[2])).toEqual([find[2] + find[3]]);
      lengths.add(`find ${pairs.length}`);
    } else {
      expect.fail(`neither task: ${line}`);
    }
  }
  expect(lengths.size).toBe(16 + 8);
});
