// The presets command: what it prints can be trained.
import { describe, expect, it } from 'vitest';
import { parseExperiment } from '../../src/model/config.ts';
import { presets } from '../../src/model/presets/catalogue.ts';
import { jsonLines, runMain } from './run-command.ts';

describe('presets', () => {
  it('lists one object per preset', async () => {
    const lines = jsonLines(await runMain(['presets', '--json']));
    expect(lines.map(({ id }) => id)).toEqual(presets.map(({ id }) => id));
  });

  it.each(presets.map(({ id }) => id))('prints %s as a configuration that is valid', async (id) => {
    const [json] = jsonLines(await runMain(['presets', id, '--json']));
    expect(parseExperiment(json).kind).toBe('ok');
    expect(JSON.parse((await runMain(['presets', id])).stdout)).toEqual(json);
  });

  it('prints one in another size', async () => {
    const [json] = jsonLines(await runMain(['presets', 'llama3-mini', '--size', '2', '--json']));
    const parsed = parseExperiment(json);
    if (parsed.kind !== 'ok') throw new Error(parsed.problems[0]?.message);
    expect(parsed.experiment.model).toMatchObject({ layers: 5, width: 120, heads: 4, keyValueHeads: 1 });
  });

  it.each([
    [['--size', '2'], /--size needs the name/],
    [['nano', '--size', '0'], /Use a number from 0.01 to 100/],
    [['nano', '--size', 'big'], /Use a number from 0.01 to 100/],
  ])('refuses %j in one line', async (args, expected) => {
    const { code, stderr, stdout } = await runMain(['presets', ...args]);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(expected);
  });
});
