// Tests of `flopscope search`: by a table that is there already, and refusals.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readyStudies } from '../../../src/lab/studies/ready.ts';
import { createFolder } from '../../folders.ts';
import { exampleStudy } from '../../lab/studies/example-study.ts';
import { jsonLines, runMain, writeJson } from '../run-command.ts';
import { prepareSearch, wish } from './search-files.ts';

describe('flopscope search', () => {
  it('names Panda, Surefire and the baseline by prediction', async () => {
    const result = await runMain(['search', ...prepareSearch({ ...wish, parameters: 300_000 })]);
    expect(result.code, result.stderr).toBe(0);
    const lines = jsonLines(result);
    expect(lines).toHaveLength(5);
    expect(lines[0]).toMatchObject({ experiment: { model: { layers: 3 } } });
    const last = lines[4] as Record<'panda' | 'surefire' | 'baseline', Record<string, number>> & {
      lossLimit: number;
    };
    expect(last.panda.predictedLoss).toBeLessThanOrEqual(last.surefire.predictedLoss);
    expect(last.surefire.predictedLoss).toBeLessThanOrEqual(last.lossLimit);
    expect(last.surefire.predictedTokensPerSecond).toBeGreaterThanOrEqual(
      last.baseline.predictedTokensPerSecond,
    );
  });

  it('trains and measures the best, the baseline and fewer groups of keys and values', async () => {
    const one = { ...wish, ratio: 0.2, mlpToAttention: 2, lossSlack: 1, output: 4, prompt: 2 };
    const result = await runMain(['search', ...prepareSearch(one), '--train', '1']);
    expect(result.code, result.stderr).toBe(0);
    const last = jsonLines(result).at(-1) as Record<
      'panda' | 'surefire' | 'baseline',
      Record<string, number>
    > & {
      trained: number;
    };
    for (const name of ['panda', 'surefire', 'baseline'] as const) {
      expect(last[name].loss).toBeGreaterThan(0.5);
      expect(last[name].measuredTokensPerSecond).toBeGreaterThan(0);
    }
    expect(last.trained).toBeGreaterThanOrEqual(2);
    expect(last.panda.loss).toBeLessThanOrEqual(last.baseline.loss);
  });

  it('keeps the runs of its study though no law fits them, and goes on with them', async () => {
    const folder = createFolder();
    const file = writeJson(folder, 'study.json', { ...exampleStudy, search: wish });
    const out = join(folder, 'out');
    const args = ['search', file, '--out', out, '--runtime', 'cpu', '--json', '--no-calibrate'];
    for (const kept of [0, 4]) {
      const { code, stderr } = await runMain(args);
      expect(code).toBe(1);
      expect(stderr).toContain(`which has ${kept} of 4`);
      expect(stderr).toMatch(/cannot be fitted: no five runs of one shape/);
      expect(readFileSync(join(out, 'runs.csv'), 'utf8').trim().split('\n')).toHaveLength(5);
    }
  });

  it('needs a study that says what is searched', async () => {
    const folder = createFolder();
    const { search: _, ...rest } = readyStudies.shapes as { search: object };
    const args = prepareSearch(wish);
    const file = writeJson(folder, 'study.json', rest);
    const { code, stderr } = await runMain(['search', file, ...args.slice(1)]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/has no "search" in it/);
  });
});
