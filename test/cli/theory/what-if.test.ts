// The what-if command: one line of JSON, the options, and what is refused.
import { expect, it } from 'vitest';
import { whatIfUnits } from '../../../src/theory/what-if.ts';
import { jsonLines, runMain } from '../run-command.ts';

interface Line {
  readonly years: number;
  readonly cases: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

async function whatIf(...options: string[]): Promise<Line> {
  const result = await runMain(['theory', 'what-if', ...options, '--json']);
  expect([result.code, result.stderr]).toEqual([0, '']);
  return jsonLines(result)[0] as unknown as Line;
}

it('answers for every case of Table 2, D by its ends', async () => {
  const { cases } = await whatIf();
  expect(Object.keys(cases)).toEqual(['A', 'B', 'C', 'D-low', 'D-high']);
  for (const one of Object.values(cases)) expect(Object.keys(one)).toEqual(Object.keys(whatIfUnits));
  expect(cases.A.trainingDollarsWithoutN / 1e6).toBeCloseTo(5.5, 1);
});

it('turns the year and the conversation', async () => {
  const [now, later] = [await whatIf('--years', '0'), await whatIf('--years', '10', '--turns', '2')];
  expect(now.cases.A.trainingDollarsLater).toBe(now.cases.A.trainingDollars);
  expect(later.cases.A.trainingDollarsLater * 32).toBeCloseTo(now.cases.A.trainingDollars, 6);
  expect(later.cases.A.rereadDollarsPerMillionTokens).toBeLessThan(now.cases.A.rereadDollarsPerMillionTokens);
});

it.each([
  [['--years', 'soon'], /Use a number from -50 to 50/],
  [['--turns', '0'], /Use a whole number from 1 to 100000/],
  [['--peak', '0'], /peak is impossible/],
])('refuses %j in one line', async (options, message) => {
  const { code, stdout, stderr } = await runMain(['theory', 'what-if', ...options, '--json']);
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(message);
});

it('shows people the rows with their units', async () => {
  const { stdout } = await runMain(['theory', 'what-if']);
  expect(stdout).toMatch(/^trainingDollarsWithoutN .* US dollars$/m);
  expect(stdout).toMatch(/10 turns of 1000 tokens/);
});
