// The calibrate command: measures once, and training finds the figures again.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { profileFromJson } from '../../src/cli/profiles.ts';
import { describeGpu } from '../gpu-device.ts';
import { createFolder, jsonLines, spawnCommand, tinyExperiment, writeJson } from './run-command.ts';

describeGpu('calibrate', () => {
  // Up to a minute on a software device.
  it.runIf(process.env.FLOPSCOPE_FULL)(
    'measures the device, writes the profile, and keeps it for training',
    async () => {
      const folder = createFolder();
      const environment = { XDG_CACHE_HOME: join(folder, 'cache') };
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

      const config = writeJson(folder, 'tiny.json', tinyExperiment);
      const train = await spawnCommand(['train', config, '--json'], { environment });
      expect(train.stderr).toBe('');
      expect(jsonLines(train).at(-1)?.peakFlopsPerSecond).toBe(profile.fmaFlopsPerSecond.value);
      const predicted = jsonLines(await spawnCommand(['predict', config, '--json'], { environment }));
      expect(predicted[0].tokensPerSecond).toBe(jsonLines(train).at(-1)?.predictedTokensPerSecond);
    },
    300_000,
  );

  it('measures before training only what the run needs, once', async () => {
    const folder = createFolder();
    const environment = { XDG_CACHE_HOME: join(folder, 'cache') };
    const small = { ...tinyExperiment, train: { ...tinyExperiment.train, steps: 2, evaluationInterval: 0 } };
    const config = writeJson(folder, 'tiny.json', small);
    const first = await spawnCommand(['train', config, '--json'], { environment });
    expect([first.code, first.stderr]).toEqual([
      0,
      expect.stringMatching(/^calibrate: measuring \d+ kernels of this run once[^\n]*\n$/),
    ]);
    const last = jsonLines(first).at(-1);
    expect(Number(last?.predictedTokensPerSecond)).toBeGreaterThan(0);
    const second = await spawnCommand(['train', config, '--json'], { environment });
    expect(second.stderr).toBe('');
    expect(jsonLines(second).at(-1)?.predictedTokensPerSecond).toBe(last?.predictedTokensPerSecond);
    const predicted = await spawnCommand(['predict', config, '--json'], { environment });
    expect(predicted.stderr).toBe('');
    expect(jsonLines(predicted)[0].tokensPerSecond).toBe(last?.predictedTokensPerSecond);
  }, 240_000);

  it('predicts nothing where nothing is known and measuring is not wanted', async () => {
    const folder = createFolder();
    const environment = { XDG_CACHE_HOME: join(folder, 'cache') };
    const config = writeJson(folder, 'tiny.json', tinyExperiment);
    const train = await spawnCommand(['train', config, '--no-calibrate', '--json'], { environment });
    expect([train.code, train.stderr]).toEqual([0, '']);
    expect(jsonLines(train).at(-1)).not.toHaveProperty('predictedTokensPerSecond');
    expect(jsonLines(train).at(-1)?.measuredTokensPerSecond).toBeGreaterThan(0);
  });
});
