// Numbers for people, and the two streams.
import { describe, expect, it, vi } from 'vitest';
import { createOutput, quantity, table } from '../../src/cli/output.ts';

describe('quantity', () => {
  it.each([
    [40.2e9, 'FLOP/s', '40.2 GFLOP/s'],
    [0.00188, 's', '1.88 ms'],
    [0, 'B', '0 B'],
    [999, 'B', '999 B'],
    [Number.NaN, 's', '– s'],
  ])('shows %d %s as %s', (value, unit, text) => {
    expect(quantity(value, unit)).toBe(text);
  });
});

describe('table', () => {
  it('pads names to one column', () => {
    expect(
      table([
        ['a', '1'],
        ['long', '2'],
      ]),
    ).toBe('a     1\nlong  2');
  });
});

describe('createOutput', () => {
  it.each([
    [true, '{"a":1}\n'],
    [false, 'text\nmore'],
  ])('with json %s writes only %j to stdout', (json, expected) => {
    const written: string[] = [];
    const stdout = vi
      .spyOn(process.stdout, 'write')
      .mockImplementation((chunk) => written.push(String(chunk)) > 0);
    const stderr = vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
    const output = createOutput(json);
    output.result({ a: 1 }, 'text');
    output.text('more');
    output.note('two\nlines');
    expect(written.join('')).toBe(expected);
    expect(stderr).toHaveBeenCalledWith('two lines\n');
    stdout.mockRestore();
    stderr.mockRestore();
  });
});
