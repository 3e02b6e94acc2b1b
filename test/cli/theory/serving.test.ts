// The serving command: published models, configurations of ours and of Hugging Face, and what it refuses.
import { describe, expect, it } from 'vitest';
import { createFolder } from '../../folders.ts';
import { near } from '../../near.ts';
import { fixturePath } from '../fixtures.ts';
import { jsonLines, runMain, tinyExperiment, writeJson } from '../run-command.ts';

const folder = createFolder();
const model = { ...tinyExperiment.model, vocabulary: 30 };
const ours = writeJson(folder, 'ours.json', { ...tinyExperiment, model });
const serving = (...args: string[]) => runMain(['theory', 'serving', ...args], folder);

describe('theory serving', () => {
  it('says of a published model what fits, how fast it is, and where bounds cross', async () => {
    const [line] = jsonLines(await serving('llama-3-8b', '--batch', '32', '--context', '4096', '--json'));
    expect(line).toMatchObject({
      ...{ model: 'llama-3-8b', parameters: 8_030_261_248, weightBytes: 16_060_522_496 },
      ...{ cacheBytes: 32 * 4096 * 131_072, fits: true, largestBatch: 119 },
      ...{ bound: 'bandwidth', crossoverBatch: null, cacheOvertakesBatch: 30 },
      largestBatchByWeightBits: { 4: 141, 8: 134, 16: 119, 32: 89 },
    });
    const rate = 32 / ((2 * (8_030_261_248 - 128_256 * 4096) + 32 * 4096 * 131_072) / 3.35e12);
    expect(line?.tokensPerSecond).toEqual(near(rate));
    expect(line?.perMillionTokens).toMatchObject({ deviceDollars: near((2 * 1e6) / rate / 3600) });
  });

  it('halves the price of the device every two years', async () => {
    const [now, later] = jsonLines({
      stdout:
        (await serving('gpt2', '--json')).stdout + (await serving('gpt2', '--years', '4', '--json')).stdout,
    });
    const price = (line: object | undefined) =>
      (line as { perMillionTokens: { deviceDollars: number } }).perMillionTokens.deviceDollars;
    expect(price(later)).toEqual(near(price(now) / 4));
  });

  it('reads configurations of ours and directories, and says no where nothing fits', async () => {
    const { code, stdout } = await serving(ours, fixturePath('llama-a'), '--memory', '100');
    expect(code).toBe(0);
    expect(stdout.match(/fits +no, in 100 B/g)).toHaveLength(2);
    expect(stdout).toContain('a step reads every weight once');
  });

  it.each([
    [['nothing'], 'is no published model and no file'],
    [['gpt2', '--bandwidth', '0'], 'the bandwidth is impossible: 0'],
    [['gpt2', '--batch', '1.5'], 'whole number'],
    [['gpt2', '--weights', '0'], 'Use a number from 0.1'],
  ])('refuses %j', async (args, message) => {
    const { code, stdout, stderr } = await serving(...args);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(message);
  });

  it('refuses a configuration that does not say its vocabulary', async () => {
    const open = writeJson(folder, 'open.json', tinyExperiment);
    expect((await serving(open)).stderr).toContain('model.vocabulary is not given');
  });
});
