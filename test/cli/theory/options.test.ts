// Amounts, assumptions and figures of the theory commands.
import { Command, InvalidArgumentError } from 'commander';
import { describe, expect, it } from 'vitest';
import { addAssumptions, amount, assumptionsOf, columns, figure } from '../../../src/cli/theory/options.ts';
import { pressAssumptions } from '../../../src/theory/assumptions.ts';

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
      dollarsPerKilowattHour: 0.3,
      tokensPerParameter: 40,
    });
    expect((await assumptionsOf({ peak: 1e15, price: 2e-18 })).dollarsPerMultiplyAdd).toBe(2e-18);
  });

  it('that are impossible are refused as bad input', async () => {
    await expect(assumptionsOf({ peak: 0 })).rejects.toMatchObject({ problem: { kind: 'invalidConfig' } });
  });
});

describe('figures', () => {
  it('have three digits, and a power of ten where they are large or small', () => {
    expect([0, 0.285, 5.204, 99_999, 2.7e21, 1e-18].map(figure)).toEqual([
      '0',
      '0.285',
      '5.2',
      '100000',
      '2.70e21',
      '1.00e-18',
    ]);
  });

  it('stand in columns without spaces at line ends', () => {
    expect(
      columns([
        ['a', 'bb', 'c'],
        ['aaa', 'b', ''],
      ]),
    ).toBe('a    bb  c\naaa  b');
  });
});
