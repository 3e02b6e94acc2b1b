// The profile command: one line a dispatch, totals, a trace, and refusals before any device is opened.
import { mkdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { profileToJson } from '../../src/cli/profiles.ts';
import { createFolder } from '../folders.ts';
import { describeGpu } from '../gpu-device.ts';
import { near } from '../near.ts';
import { exampleProfile } from './example-profile.ts';
import { gpuExperiment, jsonLines, runMain, spawnCommand, writeJson } from './run-command.ts';

const folder = createFolder();
writeJson(folder, 'tiny.json', { ...gpuExperiment, train: { ...gpuExperiment.train, accumulation: 2 } });
writeJson(folder, 'profile.json', profileToJson(exampleProfile));

interface Total {
  readonly name: string;
  readonly usefulFlops: number;
  readonly measuredSeconds: number;
}

describeGpu('profile', () => {
  it('gives every dispatch a line, a last line with totals, and a trace', async () => {
    const args = ['profile', 'tiny.json', '--profile', 'profile.json', '--trace', 'new/trace.json', '--json'];
    const result = await spawnCommand(args, { folder });
    expect([result.code, result.stderr]).toEqual([
      0,
      expect.stringMatching(/^profile: it was made on example/),
    ]);
    const lines = jsonLines(result);
    const rows = lines.slice(0, -1);
    const last = lines.at(-1) ?? {};
    expect(rows.map(({ index }) => index)).toEqual(rows.map((_, index) => index));
    for (const row of rows) {
      expect(row).toMatchObject({ kernel: expect.any(String), shape: expect.any(String) });
      const [measured, predicted, limit] = [row.measuredSeconds, row.predictedSeconds, row.limitSeconds].map(
        Number,
      );
      expect(measured).toBeGreaterThan(0);
      expect(predicted).toBeGreaterThan(limit);
      expect(row.ratio).toEqual(near(measured / predicted));
      expect(['arithmetic', 'bandwidth', 'launch']).toContain(row.boundBy);
    }
    expect(last).toMatchObject({ done: true, accumulation: 2, device: expect.stringMatching(/./) });
    expect(Number(last.stepSeconds)).toBeGreaterThan(0);
    expect(Number(last.sumOverStep)).toBeCloseTo(Number(last.measuredSeconds) / Number(last.stepSeconds), 9);
    // All but the update run twice.
    const updates = rows.filter(({ phase }) => phase === 'update').length;
    expect(last.dispatches).toBe(2 * (rows.length - updates) + updates);
    const totals = last.totals as { kernel: Total[]; term: Total[] };
    for (const list of Object.values(totals)) {
      expect(list.reduce((sum, { usefulFlops }) => sum + usefulFlops, 0)).toBe(last.usefulFlops);
      const measured = list.reduce((sum, { measuredSeconds }) => sum + measuredSeconds, 0);
      expect(measured).toBeCloseTo(Number(last.measuredSeconds), 9);
    }
    expect(totals.term.map(({ name }) => name)).toEqual(expect.arrayContaining(['qkv', 'ffn', 'optimizer']));

    const trace = JSON.parse(readFileSync(join(folder, 'new/trace.json'), 'utf8'));
    const measured = trace.traceEvents.filter(
      ({ ph, tid }: { ph: string; tid: number }) => ph === 'X' && tid === 1,
    );
    expect(measured.map(({ name }: { name: string }) => name)).toEqual(rows.map(({ label }) => label));
  });

  it('shows people the rows and their sums, without predictions where nothing is known', async () => {
    // Mesa keeps its compiled shaders where they were.
    const usual =
      process.env.MESA_SHADER_CACHE_DIR ?? process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
    const environment = { XDG_CACHE_HOME: join(folder, 'no-cache'), MESA_SHADER_CACHE_DIR: usual };
    const args = ['profile', 'tiny.json', '--no-calibrate'];
    const { code, stdout } = await spawnCommand(args, { folder, environment });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^kernel +shape +flops +bytes .*measured.*\n/);
    expect(stdout.split('\n')[1]).toMatch(/ unknown$/); // what a dispatch is bound by
    expect(stdout).toMatch(/\nterm +dispatches +flops .*\n(.+\n)*ffn +\d+ /);
    expect(stdout).toMatch(/\nwhole step +\d+ .* 100 %\n/);
    expect(stdout).toMatch(/\nrows, summed +[\d.]+ % of it\n/);
    expect(stdout.split('\n').every((line) => line === line.trimEnd())).toBe(true);
  });
});

describe('what profile refuses', () => {
  it.each([
    ['a configuration that is not there', ['none.json'], /none\.json/],
    ['a directory as trace', ['tiny.json', '--trace', 'folder'], /folder: it is a directory\. Give a file\./],
    ['a text that is not there', ['tiny.json', '--data', 'none.txt'], /none\.txt/],
    ['no configuration', [], /missing required argument/],
  ])('%s, in one line', async (_, args, message) => {
    mkdirSync(join(folder, 'folder'), { recursive: true });
    const { code, stdout, stderr } = await runMain(['profile', ...args, '--json'], folder);
    expect([code, stdout, stderr]).toEqual([1, '', expect.stringMatching(/^flopscope: [^\n]+\n$/)]);
    expect(stderr).toMatch(message);
  });

  it('to run where there is no GPU: exit 2, never the processor', async () => {
    if (process.platform !== 'linux') return;
    const environment = { VK_DRIVER_FILES: '/nonexistent/driver.json' };
    const { code, stdout, stderr } = await spawnCommand(['profile', 'tiny.json', '--json'], {
      folder,
      environment,
    });
    expect([code, stdout, stderr]).toEqual([2, '', expect.stringMatching(/^flopscope: device: [^\n]+\n$/)]);
  });
});
