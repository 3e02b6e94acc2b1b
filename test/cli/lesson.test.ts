// The lesson command on the reference loops: the list, one lesson in both forms of output, and refusals.
import { describe, expect, it } from 'vitest';
import { exitCodes } from '../../src/cli/failure.ts';
import { allLessons } from '../../src/lab/lessons/catalogue.ts';
import { near } from '../near.ts';
import { jsonLines, runMain } from './run-command.ts';

const onCpu = ['--runtime', 'cpu'];

describe('lesson', () => {
  it('lists the lessons with their questions', async () => {
    const lines = jsonLines(await runMain(['lesson', '--json']));
    expect(lines.map(({ id }) => id)).toEqual(allLessons.map(({ info }) => info.id));
    const { stdout } = await runMain(['lesson']);
    expect(stdout).toMatch(/heads\n {4}Heads are free.*\n.*\(more, somewhat, same, fewer\)/);
  });

  it('runs one and prints its outcome as one line of JSON', async () => {
    const args = ['lesson', 'deepseek', '--small', '--guess', '3', '--json', ...onCpu];
    const [outcome, ...others] = jsonLines(await runMain(args));
    expect(others).toEqual([]);
    expect(outcome).toMatchObject({
      ...{ lesson: 'deepseek', size: 'small', guess: 3, guessVerdict: 'right' },
      measured: { value: near(2.788) },
    });
  });

  it('prints guess, theory, measurement and table for people', async () => {
    const { code, stdout } = await runMain(['lesson', 'deepseek', '--guess', '1', ...onCpu]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/You guessed 1: off\.\nTheory says: 2\.70 million GPU-hours\./);
    expect(stdout).toMatch(/It was: 2\.79 million GPU-hours reported/);
    expect(stdout).toMatch(/holds {2}GPU-hours within 15 %/);
    expect(stdout).toMatch(/active parameters +12·L·d² +37\.6\sG +37\.0\sG/);
  });

  it.each([
    [['lesson', 'magic'], /there is no "magic"\. Use one of first-words, causal/],
    [['lesson', 'deepseek', '--guess', 'much'], /the guess "much" is no number\.$/m],
    [['lesson', 'deepseek', '--guess', ''], /the guess "" is no number/],
    [['lesson', 'deepseek', '--guess', '2,7'], /the guess "2,7" is no number, with a point: 2\.7/],
    [['lesson', 'heads', '--small', '--guess', 'all'], /the guess all is none of more/],
  ])('refuses %o', async (args, message) => {
    const { code, stderr } = await runMain([...args, ...onCpu]);
    expect(code).toBe(exitCodes.badInput);
    expect(stderr).toMatch(message);
  });
});
