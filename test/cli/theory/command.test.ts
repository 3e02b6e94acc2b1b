// The theory commands: chinchilla, experts and models.
import { describe, expect, it } from 'vitest';
import { publishedModels } from '../../../src/theory/published-models.ts';
import { near } from '../../near.ts';
import { jsonLines, runMain } from '../run-command.ts';

async function line(...args: string[]): Promise<Record<string, unknown>> {
  const result = await runMain(['theory', ...args, '--json']);
  expect([result.code, result.stderr]).toEqual([0, '']);
  const lines = jsonLines(result);
  expect(lines).toHaveLength(1);
  return lines[0];
}

describe('theory', () => {
  it('chinchilla lists the closed form, the grid point and the rule of thumb', async () => {
    const found = await line('chinchilla', '--flops', '2.21e19');
    expect(found).toMatchObject({ flops: 2.21e19, convention: expect.stringContaining('as two flops') });
    const { closedForm, grid, ratio } = found as Record<string, { parameters: number; tokens: number }>;
    expect([closedForm, grid].map(({ parameters }) => Math.round(parameters / 1e4) / 100)).toEqual([
      near(326.12),
      near(316.23),
    ]);
    expect([closedForm, grid].map(({ tokens }) => Math.round(tokens / 1e7) / 100)).toEqual([
      near(11.29),
      near(11.65),
    ]);
    expect(ratio.tokens / ratio.parameters).toBeCloseTo(20, 9);
    expect(await line('chinchilla', '--flops', '1e40')).not.toHaveProperty('grid');
    const { stdout } = await runMain(['theory', 'chinchilla', '--flops', '2.21e19']);
    expect(stdout).toMatch(/^closed form of the fit +3\.26e8 +1\.13e10/m);
  });

  it('experts gives the rule and its range', async () => {
    expect(await line('experts', '--total', '671B', '--active', '37e9')).toMatchObject({
      unit: 'experts per layer',
      total: 671e9,
      experts: { low: 34, typical: 51, high: 68 },
    });
    expect((await runMain(['theory', 'experts', '--total', '100B', '--active', '10B'])).stdout).toMatch(
      /^38 experts \(25 to 51\)$/m,
    );
  });

  it('models gives every published row with its sources and counts', async () => {
    const rows = jsonLines(await runMain(['theory', 'models', '--json']));
    expect(rows.map(({ id }) => id)).toEqual(publishedModels.map(({ id }) => id));
    expect(rows.find(({ id }) => id === 'mixtral-8x7b')).toMatchObject({
      parameters: { total: 46_702_792_704, active: [{ parameters: 12_879_925_248 }, {}] },
      cache: { bytesPerToken: 131_072 },
    });
    expect((await runMain(['theory', 'models'])).stdout).toMatch(
      /^deepseek-v3 +671026419200 +37552297472 +70272 /m,
    );
  });

  it.each([
    [['chinchilla', '--flops', '-1'], /budget of flops is impossible: -1/],
    [['chinchilla', '--flops', '0'], /budget of flops is impossible: 0/],
    [['chinchilla'], /--flops <count>' not specified/],
    [['experts', '--total', '1B', '--active', '2B'], /more parameters are active/],
    [['experts', '--total', '1B'], /--active <parameters>' not specified/],
    [['rocket'], /unknown command 'rocket'/],
  ])('refuses %j in one line', async (args, message) => {
    const { code, stdout, stderr } = await runMain(['theory', ...args, '--json']);
    expect([code, stdout, stderr]).toEqual([1, '', expect.stringMatching(message)]);
    expect(stderr.trimEnd()).not.toMatch(/\n/);
  });
});
