// The inverse questions of `flopscope theory chinchilla`, by both fits.
import { describe, expect, it } from 'vitest';
import { jsonLines, runMain } from '../run-command.ts';

const ask = async (...args: string[]) =>
  jsonLines(await runMain(['theory', 'chinchilla', ...args, '--json']))[0] as Record<string, unknown>;

describe('flopscope theory chinchilla', () => {
  it('shows both fits by name and says why they differ', async () => {
    const found = await ask('--flops', '5.76e23');
    const byFit = found.byFit as { fit: string; tokensPerParameter: number }[];
    expect(byFit.map(({ fit }) => fit)).toEqual(['hoffmann', 'besiroglu']);
    expect(byFit[0].tokensPerParameter).toBeCloseTo(92.6, 1);
    expect(byFit[1].tokensPerParameter).toBeCloseTo(18.4, 1);
    expect(found.explanation).toMatch(/stopped early/);
  });

  it('answers the other way round', async () => {
    const rows = (await ask('--parameters', '37B', '--total', '671B')).forParameters as {
      parameters: number;
    }[];
    expect(rows[0].parameters / 157.6e9).toBeCloseTo(1, 3);
    const sizes = (await ask('--tokens', '1.4T')).forTokens as { parameters: number }[];
    expect(sizes[1].parameters / 1e9).toBeCloseTo(76, -1);
    const costs = (await ask('--loss', '2.1', '--served', '10T')).forLoss as { parameters: number }[];
    expect(costs).toHaveLength(4);
    expect(costs[1].parameters).toBeLessThan(costs[0].parameters);
    const { stdout } = await runMain(['theory', 'chinchilla', '--loss', '2.1']);
    expect(stdout).toMatch(/least compute for the loss \(besiroglu\)/);
  });

  it.each([
    [[], /'--flops <count>' not specified, nor/],
    [['--total', '1B'], /--total needs --parameters/],
    [['--flops', '1e20', '--served', '1B'], /--served needs --loss/],
    [['--loss', '1.5'], /goes down to 1.69 only/],
    [['--parameters', '0'], /parameters is impossible: 0/],
  ])('refuses %j in one line', async (args, message) => {
    const { code, stderr } = await runMain(['theory', 'chinchilla', ...args]);
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
  });
});
