// Option values: what is taken and what is refused.
import { InvalidArgumentError } from 'commander';
import { describe, expect, it } from 'vitest';
import { integer, parseSeed, real, tokenList } from '../../src/cli/options.ts';
import { near } from '../near.ts';

describe('option parsers', () => {
  it('read whole numbers within bounds', () => {
    expect(integer(1, 9)('7')).toBe(7);
    for (const text of ['', '0', '10', '1.5', '1e0', 'x', 'NaN', '0x3']) {
      expect(() => integer(1, 9)(text)).toThrow(InvalidArgumentError);
    }
  });

  it('read numbers within bounds', () => {
    expect(real(0, 1)('0.25')).toEqual(near(0.25));
    for (const text of ['', ' ', '-1', '1.01', 'Infinity', 'NaN']) {
      expect(() => real(0, 1)(text)).toThrow(InvalidArgumentError);
    }
  });

  it('read lists of tokens', () => {
    expect(tokenList('1, 2,3')).toEqual([1, 2, 3]);
    for (const text of ['', '1,,2', '-1', '1;2', 'a']) {
      expect(() => tokenList(text)).toThrow(InvalidArgumentError);
    }
  });

  it('read seeds of 32 bits', () => {
    expect(parseSeed('4294967295')).toBe(4294967295);
    expect(() => parseSeed('4294967296')).toThrow(InvalidArgumentError);
  });
});
