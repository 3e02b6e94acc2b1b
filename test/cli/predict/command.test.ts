// The predict command with a profile: no device is needed.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { profileToJson } from '../../../src/cli/profiles.ts';
import type { TermReport } from '../../../src/contract/terms.ts';
import { createFolder } from '../../folders.ts';
import { near } from '../../near.ts';
import { exampleProfile } from '../example-profile.ts';
import { fixtureNames, fixturePath } from '../fixtures.ts';
import { jsonLines, runMain, spawnCommand, tinyExperiment, writeJson } from '../run-command.ts';

const folder = createFolder();
const profile = writeJson(folder, 'profile.json', profileToJson(exampleProfile));
const config = writeJson(folder, 'tiny.json', tinyExperiment);

async function predict(...args: string[]): Promise<Record<string, unknown>> {
  const result = await runMain(['predict', ...args, '--profile', profile, '--json']);
  expect([result.code, result.stderr]).toEqual([0, '']);
  const lines = jsonLines(result);
  expect(lines).toHaveLength(1);
  return lines[0];
}

describe('predict', () => {
  it('refuses another runtime, or other threads, than the profile was made on', async () => {
    const threads = { threads: 2, simd: 'plain' } as const;
    const onThreads = { ...exampleProfile, profile: { ...exampleProfile.profile, processor: threads } };
    const processor = writeJson(folder, 'processor.json', profileToJson(onThreads));
    const ask = (file: string, ...args: string[]) => runMain(['predict', config, '--profile', file, ...args]);
    for (const args of [['--runtime', 'wasm'], ['--runtime', 'wasm', '--threads', '2'], []])
      expect((await ask(processor, ...args)).code).toBe(0);
    expect((await ask(profile, '--runtime', 'gpu')).code).toBe(0);
    for (const [file, made, ...args] of [
      [processor, 'wasm --threads 2', '--runtime', 'wasm', '--threads', '3'],
      [processor, 'wasm --threads 2', '--runtime', 'gpu'],
      [profile, 'gpu', '--runtime', 'wasm'],
      [profile, 'gpu', '--runtime', 'cpu'],
    ] as const) {
      const { code, stderr } = await ask(file, ...args);
      expect([code, stderr]).toEqual([
        1,
        `flopscope: predict: ${args.join(' ')} is not what ${file} was made on, --runtime ${made}. Leave it out, or give another profile.\n`,
      ]);
    }
  });

  it('says parameters, memory, flops and speed', async () => {
    const found = await predict(config);
    // 15 tokens and 16 positions of 16 channels; per layer 12·16² in matrices and 2·16 in norms (no biases); a last norm.
    expect(found.parameters).toBe(15 * 16 + 16 * 16 + 12 * 256 + 2 * 16 + 16);
    const { total, ...classes } = found.memoryBytes as Record<string, number>;
    expect(Object.keys(classes)).toEqual(['weights', 'gradients', 'moments', 'activations', 'other']);
    expect(Object.values(classes).reduce((a, b) => a + b)).toBe(total);
    expect(classes.moments).toBe(2 * classes.weights);
    expect((found.flopsPerToken as { convention: string }[]).map(({ convention }) => convention)).toContain(
      'plan',
    );
    expect(found).toMatchObject({
      tokensPerStep: 32,
      batch: 2,
      context: 16,
      vocabulary: 15,
      device: 'example',
    });
    const seconds = Number(found.secondsPerStep);
    expect(seconds).toBeGreaterThan(Number(found.dispatchesPerStep) * 10e-6);
    expect(Number(found.tokensPerSecond)).toBeCloseTo(32 / seconds, 6);
    expect(Number(found.totalSeconds)).toBeCloseTo(8 * seconds, 9);
  });

  it('says what sampling takes with weights and cache as they are asked for', async () => {
    const inferenceOf = async (...args: string[]) =>
      (await predict(config, ...args)).inference as Record<
        'weightBytes' | 'cacheBytes' | 'totalBytes',
        number
      >;
    const [exact, rounded] = [await inferenceOf(), await inferenceOf('--weights', 'int8', '--cache', 'int8')];
    // Keys and values of 16 tokens in one layer of 16 channels, and of two heads.
    expect([exact, rounded]).toMatchObject([
      { weights: 'f32', cache: 'f32', cacheBytes: 4 * 16 * 32 },
      { weights: 'int8', cache: 'int8', cacheBytes: 16 * (32 + 4 * 4) },
    ]);
    expect(rounded.weightBytes).toBeLessThan(exact.weightBytes);
    expect(rounded.totalBytes).toBeLessThan(exact.totalBytes);
  });

  it('puts closed form and plan side by side for every term', async () => {
    const { terms, flopsPerToken, tokensPerStep } = await predict(config);
    const { tables } = terms as TermReport;
    expect(tables.map(({ work }) => work)).toEqual(['training', 'evaluation', 'prefill', 'decode']);
    for (const { rows, total } of tables) {
      const named = rows.flatMap(({ differences }) => differences).reduce((sum, { flops }) => sum + flops, 0);
      expect(total.closedFlops + named).toBe(total.usefulFlops);
    }
    const plan = (flopsPerToken as { convention: string; flops: number }[]).at(-1);
    const seconds = tables[0].rows.reduce((sum, { predictedSeconds = 0 }) => sum + predictedSeconds, 0);
    expect(seconds).toBeGreaterThan(0);
    expect(tables[0].total.predictedSeconds).toBeCloseTo(seconds, 9);
    expect(plan).toEqual({
      ...plan,
      convention: 'plan',
      flops: near(tables[0].total.usefulFlops / Number(tokensPerStep)),
    });
  });

  it('shows people the terms, the reasons, and that nothing is unexplained', async () => {
    const { stdout } = await runMain(['predict', config, '--profile', profile]);
    expect(stdout).toMatch(/^one training step: 2 × 16 tokens +closed form +\+ named +=/m);
    expect(stdout).toMatch(/^qkv +\d/m);
    expect(stdout).toMatch(/^causal half +-\d/m);
    expect(stdout).toMatch(/^unexplained +0 FLOP$/m);
    expect(stdout).toMatch(/^one decoded token with 15 in the cache +\d/m);
  });

  it('takes another batch and context', async () => {
    const [small, large] = [await predict(config), await predict(config, '--batch', '4', '--context', '32')];
    expect(large.tokensPerStep).toBe(128);
    expect(Number(large.parameters) - Number(small.parameters)).toBe(16 * 16);
  });

  it('refuses a batch and context at which an expert takes less than a token', async () => {
    const experts = { experts: 8, expertsPerToken: 1, capacityFactor: 1 };
    const model = { ...tinyExperiment.model, ...experts };
    const path = writeJson(folder, 'experts.json', { ...tinyExperiment, model });
    const args = ['predict', path, '--batch', '1', '--context', '4', '--profile', profile, '--json'];
    const { code, stdout, stderr } = await runMain(args);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(
      /^flopscope: \S+experts\.json: model\.capacityFactor: 1 gives an expert 0\.5 [^\n]+\n$/,
    );
    expect((await predict(path)).tokensPerStep).toBe(32);
  });

  it.each(fixtureNames)('counts the parameters of the directory %s as PyTorch does', async (name) => {
    const { parameters } = JSON.parse(readFileSync(fixturePath(name, 'expected.json'), 'utf8'));
    expect((await predict(fixturePath(name))).parameters).toBe(parameters);
  });

  it('takes batch and steps from the experiment beside a trained model', async () => {
    const out = join(folder, 'out');
    await runMain(['train', config, '--steps', '1', '--out', out, '--runtime', 'cpu', '--json']);
    expect(await predict(out)).toEqual(await predict(config));
  });

  it('assumes a vocabulary where the text is not given, and says so', async () => {
    const path = writeJson(folder, 'file.json', { ...tinyExperiment, data: { source: 'file' } });
    const { code, stdout, stderr } = await runMain(['predict', path, '--profile', profile, '--json']);
    expect([code, jsonLines({ stdout })[0].vocabulary]).toEqual([0, 65]);
    expect(stderr).toMatch(/vocabulary of 65 is assumed/);
    expect((await predict(path, '--data', config)).vocabulary).toBe(
      new Set(readFileSync(config, 'utf8')).size,
    );
  });

  it('predicts all but seconds where there is no GPU, and says so', async () => {
    if (process.platform !== 'linux') return;
    const environment = { VK_DRIVER_FILES: '/nonexistent/driver.json' };
    const { code, stdout, stderr } = await spawnCommand(['predict', config, '--json'], { environment });
    expect([code, stderr]).toEqual([0, expect.stringMatching(/^predict: there is no GPU here[^\n]*\n$/)]);
    const [found] = jsonLines({ stdout });
    expect(found).not.toHaveProperty('secondsPerStep');
    expect(found.memoryBytes).toEqual((await predict(config)).memoryBytes);
  });

  it('refuses a model that the device cannot bind', async () => {
    const model = { ...tinyExperiment.model, width: 16_384, heads: 64 };
    const path = writeJson(folder, 'large.json', { ...tinyExperiment, model });
    const { code, stdout, stderr } = await runMain(['predict', path, '--profile', profile, '--json']);
    expect([code, stdout, stderr]).toEqual([
      1,
      '',
      expect.stringMatching(/qkv .* needs \d+ bytes, more than the 134217728/),
    ]);
  });

  it('shows a table to people', async () => {
    const { stdout } = await runMain(['predict', config, '--profile', profile]);
    expect(stdout).toMatch(/parameters +3\.62 k\n/);
    expect(stdout).toMatch(/seconds per step +[\d.]+ [mµ]s ± \d+ %/);
  });
});
