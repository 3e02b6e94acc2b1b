// The compare command on the reference loops: what it matches, what it trains and writes, and what it refuses.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { flopsTolerance } from '../../src/lab/cost/equal-flops.ts';
import { readRunRecord } from '../../src/lab/records/run-record.ts';
import { createFolder } from '../folders.ts';
import { jsonLines, runMain, tinyExperiment, writeJson } from './run-command.ts';

const onCpu = ['--runtime', 'cpu'];

/** A folder with two tiny families. */
function createFamilies(): string {
  const folder = createFolder();
  const model = { layers: 1, width: 32, heads: 2, context: 16 };
  const llama = { norm: 'rmsNorm', position: 'rope', activation: 'silu', gated: true };
  writeJson(folder, 'gpt.json', { ...tinyExperiment, model });
  writeJson(folder, 'llama.json', { ...tinyExperiment, model: { ...model, width: 48, ...llama } });
  return folder;
}

it('matches presets without training them', async () => {
  const lines = jsonLines(
    await runMain(['compare', 'nano', 'mixtral-mini', 'smollm2-mini', '--no-train', '--json', ...onCpu]),
  );
  expect(lines.map(({ match }) => match)).toEqual(['nano', 'mixtral-mini', 'smollm2-mini']);
  for (const { ratio, parameters, activeParameters } of lines) {
    expect(Math.abs(Number(ratio) - 1)).toBeLessThanOrEqual(flopsTolerance);
    expect(Number(activeParameters)).toBeLessThanOrEqual(Number(parameters));
  }
  const { stdout } = await runMain(['compare', 'nano', 'mixtral-mini', '--no-train', ...onCpu]);
  expect(stdout).toMatch(/model +parameters +per token +train flops\/token +off by +predicted step\nNano +/);
  expect(stdout).toMatch(/Mixtral, a miniature: .*width 96 → \d+/);
});

it('trains each in turn, says whose every line is, and writes records that a report overlays', async () => {
  const folder = createFamilies();
  const args = ['compare', 'gpt.json', 'llama.json', '--steps', '3', '--out', 'out', '--json', ...onCpu];
  const result = await runMain(args, folder);
  expect([result.code, result.stderr]).toEqual([0, '']);
  const lines = jsonLines(result);
  const steps = lines.filter(({ step }) => step !== undefined);
  expect(steps.map(({ run, step }) => `${run} ${step}`)).toEqual(
    [1, 2, 3].map((i) => `gpt ${i}`).concat([1, 2, 3].map((i) => `llama ${i}`)),
  );
  expect(lines.at(-1)).toMatchObject({
    done: true,
    runs: [
      { run: 'gpt', state: 'finished', steps: 3, loss: steps[2].loss },
      { run: 'llama', state: 'finished', steps: 3, loss: steps[5].loss },
    ],
  });
  for (const name of ['gpt', 'llama']) {
    const file = join(folder, 'out', name, 'record.json');
    const record = readRunRecord(readFileSync(file), file);
    expect(record).toMatchObject({ title: name, state: 'finished', totalSteps: 3 });
    expect(record.experiment.train.steps).toBe(3);
  }
  const report = await runMain(['report', 'out/gpt', 'out/llama', '--out', 'both.html'], folder);
  expect(report.stdout).toMatch(/on 2 runs/);
  expect(existsSync(join(folder, 'both.html'))).toBe(true);
});

it('ends with a table for people', async () => {
  const folder = createFamilies();
  const { stdout } = await runMain(['compare', 'gpt.json', 'llama.json', '--steps', '2', ...onCpu], folder);
  expect(stdout).toMatch(/\nllama\nstep 1 {2}loss \d/);
  expect(stdout).toMatch(/model +steps +loss +validation +step +time\ngpt +2 +\d\.\d{4} +\d\.\d{4}/);
  expect(stdout).toMatch(/Nothing was kept, because there is no --out\.\n$/);
});

it.each([
  [['nano'], /compare: 1 model was given\. Choose 2 to 4\./],
  [['nano', 'nano'], /compare: nano is named twice/],
  [['nano', 'nonsense'], /compare: there is none named "nonsense"\. Known: nano, /],
  [['nano', 'absent.json'], /absent\.json/],
  [['nano', 'llama3-mini', '--steps', '0'], /Use a whole number from 1/],
])('refuses %j in one line', async (args, expected) => {
  const { code, stdout, stderr } = await runMain(['compare', ...args, ...onCpu], createFolder());
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(expected);
  expect(stderr.trim()).not.toContain('\n');
});
