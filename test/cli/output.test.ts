// The two streams, and plain spaces in what they carry.
import { describe, expect, it, vi } from 'vitest';
import { createOutput } from '../../src/cli/output.ts';

describe('createOutput', () => {
  it.each([
    [true, '{"a":1}\n'],
    [false, '1.00 ms\nmore'],
  ])('with json %s writes only %j to stdout', (json, expected) => {
    const written: string[] = [];
    vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => written.push(String(chunk)) > 0);
    const stderr = vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
    const output = createOutput(json);
    output.result({ a: 1 }, '1.00\u202fms');
    output.text('more');
    output.note('two\nlines');
    expect(written.join('')).toBe(expected);
    expect(stderr).toHaveBeenCalledWith('two lines\n');
  });
});
