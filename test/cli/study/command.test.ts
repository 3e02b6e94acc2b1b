// Tests of `flopscope study`: dry runs, tables that fit reads, going on, shards, scripts, and studies that are refused.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createFolder } from '../../folders.ts';
import { exampleStudy, studyWith } from '../../lab/studies/example-study.ts';
import { jsonLines, runMain, writeJson } from '../run-command.ts';

const cpu = ['--runtime', 'cpu', '--json'];

describe('flopscope study', () => {
  it('says what every run would cost, and runs none', async () => {
    const file = writeJson(createFolder(), 'study.json', exampleStudy);
    const result = await runMain(['study', file, '--dry-run', ...cpu]);
    expect(result.code, result.stderr).toBe(0);
    const lines = jsonLines(result);
    expect(lines).toHaveLength(5);
    expect(lines[0]).toMatchObject({ parameters: 768, tokens: 256, experiment: { model: { width: 8 } } });
    expect(lines[0].predictedBytes).toBeGreaterThan(0);
    expect(lines[4]).toMatchObject({ runs: 4 });
  });

  it('writes a table, goes on where it stopped, and cuts into shards', async () => {
    const folder = createFolder();
    const file = writeJson(folder, 'study.json', exampleStudy);
    const out = join(folder, 'out');
    const first = await runMain(['study', file, '--out', out, '--shard', '1/2', ...cpu]);
    expect(first.code, first.stderr).toBe(0);
    expect(jsonLines(first).at(-1)).toMatchObject({ runs: 2, finished: 2, failed: 0, skipped: 0 });
    expect(jsonLines(first)[0].loss).toBeGreaterThan(1);
    const again = await runMain(['study', file, '--out', out, ...cpu]);
    expect(jsonLines(again).at(-1)).toMatchObject({ runs: 4, finished: 2, skipped: 2 });
    expect(readdirSync(out).sort()).toEqual(['runs.csv', 'shard-1-of-2.csv', 'study.json']);
    const fit = await runMain(['fit', out, '--law', 'chinchilla', '--json']);
    expect(fit.stderr).toMatch(/4 runs cannot fix 5 parameters/);
    const other = writeJson(folder, 'other.json', studyWith({ grid: { 'model.width': [8] } }));
    const mixed = await runMain(['study', other, '--out', out, ...cpu]);
    expect([mixed.code, mixed.stderr]).toEqual([
      1,
      expect.stringMatching(/has runs of study [0-9a-f]{10}, and this is/),
    ]);
    expect(readFileSync(join(out, 'runs.csv'), 'utf8').trim().split('\n')).toHaveLength(3);
  });

  it('writes scripts for other machines', async () => {
    const file = writeJson(createFolder(), 'study.json', exampleStudy);
    const { stdout } = await runMain(['study', file, '--emit', 'parallel', '--runtime', 'cpu']);
    expect(stdout).toMatch(/--shard 1\/2 --runtime cpu --json\n.*--shard 2\/2 --runtime cpu --json\n$/);
  });

  it('lists the ready studies', async () => {
    const { stdout } = await runMain(['study']);
    expect(stdout).toMatch(/^software-minute: .*\nminute: .*\nclass: .*\nnight: .*\nrates: .*\nshapes: /);
  });
});

describe('a study that cannot be', () => {
  it.each([
    ['no JSON', '{', [], /study.json/],
    ['a budget of zero', JSON.stringify(exampleStudy), ['--budget', '0m'], /a budget of 0 leaves no run/],
    ['a field of a typing error', JSON.stringify(studyWith({ gird: {} })), [], /gird/],
    [
      'a shard beyond the last',
      JSON.stringify(exampleStudy),
      ['--shard', '3/2'],
      /Use I\/N with I from 1 to N/,
    ],
    ['too long a time', JSON.stringify(exampleStudy), ['--budget', '5x'], /Use a time/],
  ])('for %s is refused in one line', async (_name, text, args, message) => {
    const folder = createFolder();
    const file = join(folder, 'study.json');
    writeFileSync(file, text);
    const { code, stdout, stderr } = await runMain(['study', file, ...args, ...cpu]);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^flopscope: [^\n]+\n$/);
    expect(stderr).toMatch(message);
  });
});
