// The serve-bench command on the reference loops: its lines, its table, and what it refuses.
import { beforeAll, describe, expect, it } from 'vitest';
import { createFolder } from '../../folders.ts';
import { fixturePath } from '../fixtures.ts';
import { jsonLines, runMain, tinyExperiment, writeJson } from '../run-command.ts';

describe('serve-bench', () => {
  let config = '';
  beforeAll(() => {
    const model = { ...tinyExperiment.model, vocabulary: 30 };
    config = writeJson(createFolder(), 'tiny.json', { ...tinyExperiment, model });
  });
  const serve = (...args: string[]) =>
    runMain(['serve-bench', ...args, '--runtime', 'cpu', '--prompt', '4', '--output', '5', '--repeats', '2']);

  it('prints a line a batch with every figure, null where nothing is predicted', async () => {
    const result = await serve(config, '--batch', '1,3', '--json');
    const lines = jsonLines(result);
    expect([result.code, result.stderr]).toEqual([0, '']);
    expect(lines.map(({ batch }) => batch)).toEqual([1, 3]);
    for (const line of lines) {
      expect(line).toMatchObject({ weights: 'f32', cache: 'f32', runtime: 'cpu', prompt: 4, output: 5 });
      expect(line).toMatchObject({ predictedTokensPerSecond: null, bound: null });
      for (const name of ['tokensPerSecond', 'firstTokenSeconds', 'betweenTokensSeconds', 'weightBytes'])
        expect(Number(line[name])).toBeGreaterThan(0);
      expect(line.spread).toEqual(expect.any(Number));
    }
    // Keys and values of 9 tokens in one layer of 16 channels.
    expect(lines.map(({ cacheBytes }) => cacheBytes)).toEqual([4 * 9 * 32, 3 * 4 * 9 * 32]);
    expect(lines[0]?.weightBytes).toBe(lines[1]?.weightBytes);
  });

  it('prints a table for people, of a directory too', async () => {
    const { code, stdout } = await serve(fixturePath('llama-a'), '--batch', '2');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ *batch +tokens\/s +predicted/);
    expect(stdout).toMatch(/\n +2 /);
    expect(stdout).toContain('MBU: useful flops and the bytes');
  });

  it('keeps keys and values in int8 where it is asked to', async () => {
    const [line] = jsonLines(await serve(config, '--batch', '3', '--cache', 'int8', '--json'));
    // Keys and values of 9 tokens in one layer: a byte for each of 32 numbers, and four scales.
    expect(line).toMatchObject({ cache: 'int8', cacheBytes: 3 * 9 * (32 + 4 * 4) });
    expect(Number(line?.tokensPerSecond)).toBeGreaterThan(0);
  });

  it('says what memory a batch needs without running it', async () => {
    const [line] = jsonLines(await serve(config, '--batch', '64', '--dry-run', '--json'));
    expect(line).toMatchObject({ tokensPerSecond: null, cacheBytes: 64 * 4 * 9 * 32 });
  });

  it('serves one text with drafts and without, and says what came of them', async () => {
    const [line] = jsonLines(await serve(config, '--draft', 'ngram', '--draft-tokens', '2', '--json'));
    expect(line).toMatchObject({
      batch: 1,
      draft: 'ngram',
      draftTokens: 2,
      isSame: true,
      predictedSpeedUp: null,
    });
    expect(Number(line?.speedUp)).toBeGreaterThan(0);
    const llama = fixturePath('llama-a');
    const [own] = jsonLines(await serve(llama, '--draft', llama, '--json'));
    // Its own double is always right.
    expect(own).toMatchObject({ draft: 'model', isSame: true, acceptance: 1, spread: expect.any(Number) });
    expect(Number(own?.draftBytes)).toBeGreaterThan(0);
  });

  it.each([
    [['--draft', 'ngram', '--batch', '1,2'], 'Use --batch 1'],
    [['--draft', 'ngram', '--draft-tokens', '16'], 'Use a whole number from 1 to 15'],
    [['--draft-tokens', '4'], 'serve-bench: --draft-tokens: nobody drafts'],
    [['--draft', fixturePath('llama-a')], 'draft: its vocabulary has'],
    [['--batch', '0'], 'Use whole numbers from 1'],
    [['--batch', '1,x'], 'Use whole numbers from 1'],
    [['--weights', 'int3'], 'Allowed choices are f32'],
    [['--cache', 'f64'], 'Allowed choices are f32'],
  ])('refuses %j', async (args, message) => {
    const { code, stderr } = await serve(config, ...args);
    expect(code).toBe(1);
    expect(stderr).toContain(message);
  });

  it('refuses texts that outgrow the context, and a configuration that does not say its vocabulary', async () => {
    const long = await runMain([
      'serve-bench',
      config,
      '--runtime',
      'cpu',
      '--prompt',
      '10',
      '--output',
      '7',
    ]);
    expect([long.code, long.stderr]).toEqual([
      1,
      expect.stringContaining('are 17, more than the context of 16'),
    ]);
    const open = writeJson(createFolder(), 'open.json', tinyExperiment);
    expect((await serve(open)).stderr).toContain('model.vocabulary is not given');
  });

  it('refuses a batch whose cache is larger than what a device binds, by its name', async () => {
    const sizes = ['--prompt', '8', '--output', '8', '--batch', '99999', '--runtime', 'cpu'];
    const { code, stderr } = await runMain(['serve-bench', config, ...sizes, '--dry-run']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^flopscope: .*cache 0.*binds at once/);
  });
});
