// Amounts and assumptions of the theory commands.
import { Command, InvalidArgumentError } from 'commander';
import { describe, expect, it } from 'vitest';
import { addAssumptions, amount, assumptionsOf } from '../../../src/cli/theory/options.ts';
import { pressAssumptions } from '../../../src/theory/assumptions.ts';
import { near } from '../../near.ts';

describe('amounts', () => {
  it.each([
    ['2.21e19', 2.21e19],
    ['671B', 671e9],
    ['1.5m', 1.5e6],
    ['8K', 8000],
    ['2T', 2e12],
    ['-3', -3],
    ['0', 0],
  ])('%s is %d', (text, value) => expect(amount(text)).toBe(value));

  it.each(['', 'B', '1.2.3', '1 000', '0x10', 'NaN', 'Infinity', '1e999', '5Q'])('%j is refused', (text) => {
    expect(() => amount(text)).toThrow(InvalidArgumentError);
  });
});

describe('assumptions', () => {
  it("are Press's where nothing is given", async () => {
    expect(await assumptionsOf({})).toEqual(pressAssumptions);
  });

  it('take every option, and derive the price from peak or year unless it is given', async () => {
    const all = ['--watts', '1000', '--kilowatt-hour', '0.3', '--tokens-per-parameter', '40'];
    const command = addAssumptions(new Command()).parse(['--gpu-year', '20K', '--peak', '1e15', ...all], {
      from: 'user',
    });
    expect(await assumptionsOf(command.opts())).toEqual({
      multiplyAddsPerSecond: 1e15,
      dollarsPerGpuYear: 20_000,
      dollarsPerMultiplyAdd: undefined,
      wattsPerGpu: 1000,
      dollarsPerKilowattHour: near(0.3),
      tokensPerParameter: 40,
    });
    expect((await assumptionsOf({ peak: 1e15, price: 2e-18 })).dollarsPerMultiplyAdd).toEqual(near(2e-18));
  });

  it('that are impossible are refused as bad input', async () => {
    await expect(assumptionsOf({ peak: 0 })).rejects.toMatchObject({ problem: { kind: 'invalidConfig' } });
  });
});
