// The press and deepseek commands: the shape that other programs rely on, and what people see.
import { describe, expect, it } from 'vitest';
import { pressCaseUnits } from '../../../src/theory/press-cases.ts';
import { near } from '../../near.ts';
import { jsonLines, runMain } from '../run-command.ts';

interface PressLine {
  readonly convention: string;
  readonly assumptions: Record<string, number>;
  readonly cases: Record<string, Record<string, number | { readonly low: number; readonly high: number }>>;
  readonly printed: readonly Record<string, string | number>[];
}

async function press(...options: string[]): Promise<PressLine> {
  const result = await runMain(['theory', 'press', ...options, '--json']);
  expect([result.code, result.stderr]).toEqual([0, '']);
  const lines = jsonLines(result);
  expect(lines).toHaveLength(1);
  return lines[0] as unknown as PressLine;
}

describe('theory press', () => {
  it('prints one line with convention, assumptions, cases, and what the paper prints otherwise', async () => {
    const line = await press();
    expect(Object.keys(line)).toEqual(['convention', 'assumptions', 'cases', 'printed']);
    expect(line.convention).toMatch(/multiply-add counts as one/);
    expect(line.assumptions).toMatchObject({ multiplyAddsPerSecond: 300e12, tokensPerParameter: 20 });
    expect(Object.keys(line.cases)).toEqual(['A', 'B', 'C', 'D']);
    const rows = 'parameters activations inferenceCache flopsForward flopsIncremental optimalTokens';
    const names = [...rows.split(' '), 'trainingFlops', 'gpuYears', 'dollars'];
    expect(Object.keys(pressCaseUnits)).toEqual(names);
    for (const costs of Object.values(line.cases)) expect(Object.keys(costs)).toEqual(names);
  });

  it('gives every row of D as a range, and of the others as a number', async () => {
    const { A, D } = (await press()).cases;
    expect(A).toMatchObject({
      parameters: 12 * 32 * 4096 ** 2 + 4 * 32 * 4096 + 2 * 32_000 * 4096,
      flopsIncremental: 32 * (12 * 4096 ** 2 + 2 * 2048 * 4096),
    });
    for (const range of Object.values(D)) {
      expect(range).toEqual({ low: expect.any(Number), high: expect.any(Number) });
    }
  });

  it('filters cases', async () => {
    expect(Object.keys((await press('--case', 'C')).cases)).toEqual(['C']);
    expect(await press('--case', 'B')).toMatchObject({ cases: { B: (await press()).cases.B } });
  });

  it('puts the paper’s own figures beside those that differ, with the reason', async () => {
    expect((await press('--case', 'A')).printed).toEqual([]);
    const [tokens] = (await press('--case', 'B')).printed;
    expect(tokens).toMatchObject({ row: 'optimalTokens', printed: 5.4e11, difference: /40V·d/ });
    const { stdout } = await runMain(['theory', 'press']);
    expect(stdout).toMatch(/^B, optimalTokens +5\.40e11 +5\.59e11 +the vocabulary’s/m);
    expect(stdout).toMatch(/^D low, gpuYears +2,000 +1,758 +rounded to one digit$/m);
  });

  it('takes assumptions, and states those it used', async () => {
    const [once, twice] = [await press(), await press('--peak', '600e12', '--price', '2e-18')];
    expect(twice.cases.A.gpuYears).toEqual(near(Number(once.cases.A.gpuYears) / 2));
    expect(twice.cases.A.dollars).toBe(Number(once.cases.A.dollars) * 2);
    expect(twice.assumptions).toMatchObject({
      multiplyAddsPerSecond: 600e12,
      dollarsPerMultiplyAdd: near(2e-18),
    });
  });

  it.each([
    [['--peak', '0'], /peak is impossible: 0 multiply-adds per second/],
    [['--gpu-year', '-1'], /price of a GPU-year is impossible: -1 dollars/],
    [['--kilowatt-hour', '-0.1'], /price of energy is impossible/],
    [['--tokens-per-parameter', '0'], /tokens per parameter is impossible/],
    [['--case', 'E'], /argument 'E' is invalid/],
    [['--peak', 'fast'], /Use a number/],
  ])('refuses %j in one line', async (options, message) => {
    const { code, stdout, stderr } = await runMain(['theory', 'press', ...options, '--json']);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd()).not.toMatch(/\n/);
  });

  it('shows Table 3 to people, and the terms of one case', async () => {
    const { stdout } = await runMain(['theory', 'press']);
    expect(stdout).toMatch(
      /^trainingFlops +2\.70e21 +4\.92e22 +2\.02e24 +1\.66e25 to 9\.44e25 +multiply-adds$/m,
    );
    const terms = (await runMain(['theory', 'press', '--case', 'A'])).stdout;
    expect(terms).toMatch(/^attention +each layer +3\.44e10 +8\.39e6 +0$/m);
  });
});

describe('theory deepseek', () => {
  it('puts what is recomputed beside what was reported', async () => {
    const [line] = jsonLines(await runMain(['theory', 'deepseek', '--json']));
    expect(Object.keys(line)).toEqual([
      'convention',
      'units',
      'assumptions',
      'model',
      'recomputed',
      'reported',
    ]);
    expect(line).toMatchObject({
      recomputed: { optimal: { tokens: 13.42e12 }, reportedTokens: { tokens: 14.8e12 } },
      reported: { activeParameters: 37e9, dollars: 5.576e6 },
    });
    const { stdout } = await runMain(['theory', 'deepseek']);
    expect(stdout).toMatch(
      /^decoding a token after 128000 +1\.50e11 multiply-adds, 0\.150 dollars a million$/m,
    );
    expect(stdout).toMatch(/^GPU-hours of it +2\.70e6 +reported 2\.79e6$/m);
  });
});
