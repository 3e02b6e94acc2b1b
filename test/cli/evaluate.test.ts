// The evaluate command on the reference loops: its one line, and what it refuses.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { createFolder } from '../folders.ts';
import { fixturePath } from './fixtures.ts';
import { jsonLines, runMain, tinyExperiment, writeJson } from './run-command.ts';

describe('evaluate', () => {
  let folder = '';
  let model = '';
  beforeAll(async () => {
    folder = createFolder();
    model = join(folder, 'model');
    const config = writeJson(folder, 'tiny.json', tinyExperiment);
    await runMain(['train', config, '--steps', '2', '--out', model, '--runtime', 'cpu', '--json']);
    writeFileSync(join(folder, 'text.txt'), '37+48=85\n12*3=36\n9-12=-3\n');
  });
  const evaluate = (...args: string[]) =>
    runMain(['evaluate', model, '--runtime', 'cpu', '--json', ...args], folder);

  it('ends with loss, perplexity, bits per byte, tokens and characters', async () => {
    const result = await evaluate('--data', 'text.txt');
    expect([result.code, result.stderr]).toEqual([0, '']);
    const [line, ...others] = jsonLines(result);
    expect(others).toEqual([]);
    expect(Object.keys(line)).toEqual(['loss', 'perplexity', 'bitsPerByte', 'tokens', 'characters']);
    expect([line.tokens, line.characters]).toEqual([24, 25]);
    expect(Number(line.perplexity)).toBeCloseTo(Math.exp(Number(line.loss)), 6);
    const overlapping = jsonLines(await evaluate('--data', 'text.txt', '--stride', '4', '--context', '8'));
    expect(overlapping[0].tokens).toBe(24);
  });

  it('compares formats of weights, a line each, with the first', async () => {
    const result = await evaluate('--data', 'text.txt', '--weights', 'f32,f16,int8,int4');
    expect([result.code, result.stderr]).toEqual([0, '']);
    const lines = jsonLines(result);
    expect(lines.map(({ weights }) => weights)).toEqual(['f32', 'f16', 'int8', 'int4']);
    expect(Math.abs(Number(lines[1].loss) - Number(lines[0].loss))).toBeLessThan(1e-3);
    expect(Number(lines[1].weightBytes)).toBeLessThan(Number(lines[0].weightBytes));
    for (const line of lines) {
      expect(Object.keys(line).join()).toBe(
        'weights,cache,weightBytes,loss,perplexity,agreement,tokens,lossByPosition',
      );
      expect(Number(line.perplexity)).toBeCloseTo(Math.exp(Number(line.loss)), 6);
    }
    const [alone] = jsonLines(await evaluate('--data', 'text.txt', '--weights', 'int8'));
    expect(Number(alone.loss)).toBeCloseTo(Number(lines[2].loss), 6);
    const [halves] = jsonLines(await evaluate('--data', 'text.txt', '--weights', 'f16'));
    expect(Number(halves.loss)).toBeCloseTo(Number(lines[1].loss), 6);
    const table = await runMain(
      ['evaluate', model, '--runtime', 'cpu', '--data', 'text.txt', '--weights', 'f32,int4'],
      folder,
    );
    expect(table.stdout).toMatch(/agreement.*\n.*f32.*100 %.*\n.*int4/);
  });

  it('compares caches, decoding beside those that are rounded', async () => {
    const args = ['--data', 'text.txt', '--context', '8', '--cache', 'f32,int8'];
    const lines = jsonLines(await evaluate(...args));
    expect(lines.map(({ weights, cache }) => [weights, cache])).toEqual([
      ['f32', 'f32'],
      ['f32', 'int8'],
    ]);
    const difference = Math.abs(Number(lines[1].loss) - Number(lines[0].loss));
    expect(difference).toBeGreaterThan(0);
    expect(difference).toBeLessThan(0.01);
    const refused = await evaluate('--answers', 'arithmetic', '--cache', 'int8');
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('--cache is for --data')]);
  });

  it('counts right answers, and choices by likelihood', async () => {
    const answers = await evaluate('--answers', 'arithmetic', '--count', '5');
    expect(answers.code).toBe(0);
    expect(jsonLines(answers)[0]).toMatchObject({ questions: 5 });
    const questions = [1, 2].map((gold) => JSON.stringify({ query: '1+1=', choices: ['2', '3', '4'], gold }));
    writeFileSync(join(folder, 'questions.jsonl'), questions.join('\n'));
    const choices = await evaluate('--choices', 'questions.jsonl', '--delimiter', '');
    expect([choices.code, choices.stderr]).toEqual([0, '']);
    expect(jsonLines(choices)[0]).toMatchObject({ questions: 2 });
  });

  it.each([
    ['nothing to measure', [], /give one of --data FILE/],
    ['an empty text', ['--data', 'empty.txt'], /text file: empty/],
    ['letters outside the alphabet', ['--data', 'letters.txt'], /"a" \(U\+0061\) at position 0/],
    [
      'a stride over the context',
      ['--data', 'text.txt', '--context', '4', '--stride', '5'],
      /a stride of 5 skips tokens/,
    ],
    [
      'a context over the model’s',
      ['--data', 'text.txt', '--context', '17'],
      /more than the 16 of the model/,
    ],
    ['a line that is no question', ['--choices', 'text.txt'], /line 1 is no JSON|line 1: /],
    ['a format that is none', ['--data', 'text.txt', '--weights', 'int5'], /Use f32, f16, int8, int4/],
    ['formats for answers', ['--answers', 'arithmetic', '--weights', 'int8'], /--weights is for --data/],
    ['a count for a text', ['--data', 'text.txt', '--count', '3'], /--count is for --answers/],
    ['a stride for answers', ['--answers', 'arithmetic', '--stride', '3'], /--stride is for --data/],
    ['a text without answers', ['--answers', 'letters.txt'], /no lines such as/],
  ])('refuses %s', async (_, args, message) => {
    writeFileSync(join(folder, 'empty.txt'), '');
    writeFileSync(join(folder, 'letters.txt'), 'abc def');
    const { code, stderr } = await evaluate(...args);
    expect([code, stderr]).toEqual([1, expect.stringMatching(message)]);
  });

  it('needs a tokenizer', async () => {
    const { code, stderr } = await runMain([
      'evaluate',
      fixturePath('llama-a'),
      '--data',
      'text.txt',
      '--runtime',
      'cpu',
    ]);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/Evaluate a directory that has one/)]);
  });
});
