// Tests of `flopscope fit`: the stable last line, folders of shards, and tables that nobody can fit.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RunPoint } from '../../src/laws/run-point.ts';
import { createFolder } from '../folders.ts';
import { epoch245, syntheticStudy, tinyRuns } from '../laws/public-points.ts';
import { jsonLines, runMain } from './run-command.ts';

function writeTable(folder: string, name: string, points: readonly RunPoint[]): string {
  const columns = [
    'parameters',
    'tokens',
    'loss',
    'ratio',
    'mlpToAttention',
    'part',
    'learningRate',
  ] as const;
  const lines = points.map((point) => columns.map((column) => point[column] ?? '').join(','));
  const path = join(folder, name);
  writeFileSync(path, [columns.join(','), ...lines, ''].join('\n'));
  return path;
}

describe('flopscope fit', () => {
  it("fits Epoch's points and lists what was left out", async () => {
    const file = writeTable(createFolder(), 'epoch.csv', epoch245);
    const result = await runMain([
      'fit',
      file,
      '--law',
      'chinchilla',
      '--method',
      'huber',
      '--leave-out-highest',
      '5',
      '--json',
    ]);
    expect(result.code, result.stderr).toBe(0);
    const lines = jsonLines(result);
    expect(lines).toHaveLength(6);
    expect(lines[0]).toMatchObject({ leftOut: { reason: 'among the highest losses' } });
    const last = lines[5] as { objective: number; parameters: Record<string, number> };
    expect(last).toMatchObject({ law: 'chinchilla', method: 'huber', points: 240, leftOut: 5 });
    expect(last.objective / 1.018274e-3).toBeCloseTo(1, 5);
    expect(last.parameters.alpha).toBeCloseTo(0.3473, 3);
  });

  it('reads the best learning rate off a sweep, with one of its runs left out by its number', async () => {
    const losses = [2.3, 2.11, 2.04, 2.05, 2.12, 2.8];
    const sweep = losses.map((loss, index) => ({
      ...{ parameters: 1000, tokens: 1e6, loss },
      learningRate: 0.002 * 2 ** index,
    }));
    const file = writeTable(createFolder(), 'rates.csv', sweep);
    const command = ['fit', file, '--law', 'learning-rate', '--leave-out', '6'];
    const result = await runMain([...command, '--json']);
    expect(result.code, result.stderr).toBe(0);
    const [leftOut, report] = jsonLines(result);
    expect(leftOut).toMatchObject({ leftOut: { run: '6', reason: 'by choice' } });
    const { parameters, rates } = report as { parameters: { rate: number }; rates: unknown[] };
    expect(parameters.rate).toBeGreaterThan(0.008);
    expect(parameters.rate).toBeLessThan(0.016);
    expect(rates).toMatchObject([
      { parameters: 1000, best: { interval: [expect.any(Number), expect.any(Number)] } },
    ]);
    const { stdout } = await runMain(command);
    expect(stdout).toMatch(
      /best rate +95 % +usual, by N of the blocks\n1,000 +1.00e6 +0.01\d+ +0.0\d+ to 0.0\d+ +0.008/,
    );
    const unknown = await runMain([...command.slice(0, -1), '7']);
    expect(unknown.stderr).toMatch(/no run "7" to leave out/);
  });

  it('scores the conditional law on another file', async () => {
    const folder = createFolder();
    const study = syntheticStudy('multiplicative', 2);
    const file = writeTable(
      folder,
      'runs.csv',
      study.filter(({ part }) => part !== 's4'),
    );
    const test = writeTable(
      folder,
      'test.csv',
      study.filter(({ part }) => part === 's4'),
    );
    const result = await runMain([
      'fit',
      file,
      '--law',
      'conditional',
      '--form',
      'multiplicative',
      '--test',
      test,
      '--json',
    ]);
    const last = jsonLines(result).at(-1) as { test: { points: number; spearman: number } };
    expect(last).toMatchObject({ law: 'conditional', form: 'multiplicative', points: 42, leftOut: 18 });
    expect(last.test.points).toBe(14);
    expect(last.test.spearman).toBeGreaterThan(0.75);
  });

  it('tells people whether the runs follow the law', async () => {
    const file = writeTable(createFolder(), 'stories.csv', tinyRuns('stories'));
    const { stdout } = await runMain([
      'fit',
      file,
      '--law',
      'chinchilla',
      '--method',
      'variable-projection',
      '--bootstrap',
      '10',
      '--seed',
      '2',
    ]);
    expect(stdout).toMatch(/alpha +0\.516\d* +95 %: /);
    expect(stdout).toMatch(/follows the law +no/);
    expect(stdout).toMatch(/! These runs do not follow the law/);
  });

  it('reads a folder of shards, and refuses those of two studies', async () => {
    const folder = createFolder();
    const runs = tinyRuns('shakespeare');
    writeTable(folder, 'shard-1.csv', runs.slice(0, 20));
    writeTable(folder, 'shard-2.csv', runs.slice(20));
    const args = ['fit', folder, '--law', 'chinchilla', '--method', 'variable-projection', '--json'];
    expect(jsonLines(await runMain(args)).at(-1)).toMatchObject({ points: runs.length });
    for (const study of ['a', 'b'])
      writeFileSync(join(folder, `${study}.csv`), `study,parameters,tokens,loss\n${study},1,2,3\n`);
    const { code, stderr } = await runMain(args);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^flopscope: shards of 2 different studies [^\n]+\n$/);
  });
});

describe('a table that nobody can fit', () => {
  const rows = (lines: readonly string[]) => ['parameters,tokens,loss', ...lines, ''].join('\n');
  it.each([
    ['few runs', rows(['1e5,1e6,3', '2e5,2e6,2.9']), /2 runs cannot fix 5 parameters/],
    ['one size', rows(['1', '2', '3', '4', '5'].map((d) => `1e5,${d}e6,3`)), /all 5 runs have N = 100000/],
    ['NaN', rows(['1e5,1e6,NaN']), /line 2: loss is "NaN"/],
    ['decimal commas', rows(['1e5,1e6,2,51']), /line 2: 4 fields where the header names 3/],
    ['no header', '1,2,3\n4,5,6\n', /no column parameters/],
  ])('with %s gives one line', async (_name, text, message) => {
    const folder = createFolder();
    const file = join(folder, 'runs.csv');
    writeFileSync(file, text);
    const { code, stdout, stderr } = await runMain(['fit', file, '--law', 'chinchilla', '--json']);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^flopscope: [^\n]+\n$/);
    expect(stderr).toMatch(message);
  });

  it('is an empty folder, a missing file, or no law', async () => {
    const folder = createFolder();
    mkdirSync(join(folder, 'empty'));
    expect((await runMain(['fit', 'empty', '--law', 'isoflop'], folder)).stderr).toMatch(
      /no .csv file in it/,
    );
    expect((await runMain(['fit', 'none.csv', '--law', 'isoflop'], folder)).code).toBe(1);
    expect((await runMain(['fit', 'none.csv'], folder)).stderr).toMatch(/--law/);
  });
});
