// The calibrate command: measures once, and training finds the figures again.
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { createOutput } from '../../src/cli/output.ts';
import { keepProfile, profileFromJson } from '../../src/cli/profiles.ts';
import { gpuEngine } from '../../src/lab/plans/engine.ts';
import { allKernels } from '../../src/lab/plans/kernel-catalogue.ts';
import { presets } from '../../src/model/presets/catalogue.ts';
import { createFolder } from '../folders.ts';
import { describeGpu, getTestDevice } from '../gpu-device.ts';
import { exampleProfile } from './example-profile.ts';
import { gpuExperiment, jsonLines, spawnCommand, writeJson } from './run-command.ts';

/** A cache of the test's own for profiles; Mesa keeps its compiled shaders where they were. */
function cacheIn(folder: string): Record<string, string> {
  const usual = process.env.MESA_SHADER_CACHE_DIR ?? process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
  return { XDG_CACHE_HOME: join(folder, 'cache'), MESA_SHADER_CACHE_DIR: usual };
}

describeGpu('calibrate', () => {
  // Up to a minute on a software device.
  it.runIf(process.env.FLOPSCOPE_FULL)(
    'measures the device, writes the profile, and keeps it for training',
    async () => {
      const folder = createFolder();
      const environment = cacheIn(folder);
      const result = await spawnCommand(['calibrate', '--out', 'p.json', '--json'], { folder, environment });
      expect([result.code, result.stderr]).toEqual([0, '']);
      const [line] = jsonLines(result);
      const { profile, capabilities } = profileFromJson('p.json', line);
      expect(profileFromJson('p.json', JSON.parse(readFileSync(join(folder, 'p.json'), 'utf8')))).toEqual({
        profile,
        capabilities,
      });
      expect(Object.keys(profile.kernels).length).toBeGreaterThan(20);
      expect(profile.fmaFlopsPerSecond.value).toBeGreaterThan(1e8);

      // One of the presets whose kernels calibration measures.
      const { model, train: settings, data } = presets[0].experiment;
      const short = { ...settings, steps: 3, evaluationInterval: 0, sampleInterval: 0 };
      const config = writeJson(folder, 'nano.json', { model, train: short, data });
      const train = await spawnCommand(['train', config, '--json'], { environment });
      expect(train.stderr).toBe('');
      expect(jsonLines(train).at(-1)?.peakFlopsPerSecond).toBe(profile.fmaFlopsPerSecond.value);
      const predicted = jsonLines(await spawnCommand(['predict', config, '--json'], { environment }));
      expect(predicted[0].tokensPerSecond).toBe(jsonLines(train).at(-1)?.predictedTokensPerSecond);
    },
    300_000,
  );

  it('measures before training only what is not known, once', async () => {
    const folder = createFolder();
    for (const [name, value] of Object.entries(cacheIn(folder))) vi.stubEnv(name, value);
    const seconds = { value: 1e-5, spread: 0, repeats: 3 };
    const point = { shape: 'any', launchedFlops: 1e5, bytes: 1e4, workgroups: 1, seconds };
    const others = allKernels.filter(({ name }) => name !== 'adamW').map(({ name }) => [name, [point]]);
    const known = { ...exampleProfile.profile, kernels: Object.fromEntries(others) };
    await keepProfile(gpuEngine(await getTestDevice()), known, createOutput(true));

    const config = writeJson(folder, 'tiny.json', gpuExperiment);
    const first = await spawnCommand(['train', config, '--steps', '2', '--json']);
    expect([first.code, first.stderr]).toEqual([
      0,
      expect.stringMatching(/^calibrate: measuring adamW once[^\n]*\n$/),
    ]);
    const last = jsonLines(first).at(-1);
    expect(last?.peakFlopsPerSecond).toBe(known.fmaFlopsPerSecond.value);
    expect(Number(last?.predictedTokensPerSecond)).toBeGreaterThan(0);

    const predicted = await spawnCommand(['predict', config, '--json']);
    expect(predicted.stderr).toBe('');
    expect(jsonLines(predicted)[0].tokensPerSecond).toBe(last?.predictedTokensPerSecond);
  });

  it('predicts nothing where nothing is known and measuring is not wanted', async () => {
    const folder = createFolder();
    const environment = cacheIn(folder);
    const config = writeJson(folder, 'tiny.json', gpuExperiment);
    const train = await spawnCommand(['train', config, '--no-calibrate', '--json'], { environment });
    expect([train.code, train.stderr]).toEqual([0, '']);
    expect(jsonLines(train).at(-1)).not.toHaveProperty('predictedTokensPerSecond');
    expect(jsonLines(train).at(-1)?.measuredTokensPerSecond).toBeGreaterThan(0);
  });
});
