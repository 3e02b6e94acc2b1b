// Option values: what is taken and what is refused.
import { type Command, InvalidArgumentError } from 'commander';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../../src/cli/main.ts';
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
    for (const text of ['', ' ', '-1', '1.01', 'Infinity', 'NaN', '0x1', '1e999', '0,5', '.', '1 2']) {
      expect(() => real(0, 1)(text)).toThrow(InvalidArgumentError);
    }
  });

  it('name the decimal point where a comma was written', () => {
    expect(() => real(0, 1)('0,5')).toThrow('Use a number from 0 to 1, with a point: 0.5.');
    expect(() => real(0, 1)('1,2,3')).toThrow(/from 0 to 1/);
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

/** Every command, those below `theory` too. */
function commandsOf(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(commandsOf)];
}

describe('every option that reads its value', () => {
  const options = commandsOf(createProgram()).flatMap((command) =>
    command.options.flatMap(({ long, parseArg }) =>
      long && parseArg ? [{ name: `${command.name()} ${long}`, parseArg }] : [],
    ),
  );

  it.each(options)('$name refuses what is no value of it, in words', ({ parseArg }) => {
    for (const text of ['', 'no such value', 'NaN', '0x10', '1e999', '-0,5', '１', '\u0000'])
      expect(() => parseArg(text, undefined), JSON.stringify(text)).toThrow(InvalidArgumentError);
  });
});
