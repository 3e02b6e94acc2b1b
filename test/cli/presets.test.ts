// The presets command: what it prints can be trained.
import { describe, expect, it } from 'vitest';
import { parseExperiment } from '../../src/model/config.ts';
import { presets } from '../../src/model/presets.ts';
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
});
