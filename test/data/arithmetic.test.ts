// Tests of the corpus of sums: every line is right, and lengths and operations are mixed.
import { expect, test } from 'vitest';
import { writeCalculation } from '../../src/data/arithmetic.ts';
import { createRandom } from '../../src/data/random.ts';

test('every line is a correct calculation without leading zeros, of all operations and lengths', () => {
  const random = createRandom(1);
  const seen = new Set<string>();
  for (let i = 0; i < 3000; i++) {
    const line = writeCalculation(random);
    const match = /^(0|[1-9]\d*)([-+*])(0|[1-9]\d*)=(-?\d+)$/.exec(line);
    if (!match) return expect.fail(`not a calculation: ${line}`);
    const [, left, operation, right, result] = match;
    const [a, b] = [BigInt(left), BigInt(right)];
    expect(`${operation === '+' ? a + b : operation === '-' ? a - b : a * b}`).toBe(result);
    seen.add(`${left.length}${operation}${right.length}`);
  }
  expect(seen.size).toBe(4 * 4 + 4 * 4 + 2 * 2);
});
