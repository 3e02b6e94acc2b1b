// Exit codes and one-line messages of everything that can be thrown.
import { describe, expect, it } from 'vitest';
import { describeFailure, Interrupted, oneLine } from '../../src/cli/failure.ts';
import { LabError } from '../../src/lab/plans/problem.ts';

describe('describeFailure', () => {
  it.each([
    ['invalidConfig', 1],
    ['invalidFile', 1],
    ['tooLarge', 1],
    ['storageFull', 1],
    ['noAdapter', 2],
    ['internal', 3],
  ] as const)('gives a problem of kind %s exit code %i', (kind, code) => {
    expect(describeFailure(new LabError({ kind, message: 'what' })).code).toBe(code);
  });

  it('calls what nobody expected an internal error', () => {
    expect(describeFailure(new TypeError('x is not a function'))).toEqual({
      code: 3,
      line: 'internal error: x is not a function',
    });
  });

  it('gives an interruption 130 and says what was kept', () => {
    expect(describeFailure(new Interrupted('after step 3.'))).toEqual({
      code: 130,
      line: 'interrupted: after step 3.',
    });
  });
});

describe('oneLine', () => {
  it('lets no line end or escape sequence of a file name through', () => {
    expect(oneLine('a\nb\r\n\u001b[2Jc\u2028d ')).toBe('a b [2Jc d');
  });
});
