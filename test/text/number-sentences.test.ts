// Sentences with the numbers on display: what they say, and that they say nothing of what is not known.
import { describe, expect, it } from 'vitest';
import {
  lossSentence,
  memorySentence,
  parametersSentence,
  tokensSentence,
  utilizationSentence,
} from '../../src/text/number-sentences.ts';
import { plainSpaces } from '../../src/text/numbers.ts';

describe('a sentence with the number on display', () => {
  it('tells a loss as a probability, and as a choice among equals', () => {
    expect(plainSpaces(lossSentence(Math.log(4)))).toMatch(/probability of 25\.0 %.*one of 4\.00 equally/);
    expect(lossSentence(undefined)).toBe('');
    expect(lossSentence(Number.NaN)).toBe('');
  });

  it('tells utilization as a share of the peak', () => {
    expect(plainSpaces(utilizationSentence(0.25, 8e12, 'GPU'))).toMatch(
      /Your GPU did 2\.00 T of 8\.00 T .* a second: 25\.0 ?%/,
    );
    expect(utilizationSentence(undefined, 8e12, 'GPU')).toBe('');
    expect(utilizationSentence(0.25, undefined, 'GPU')).toBe('');
  });

  it('tells parameters by their bytes and their work', () => {
    const said = plainSpaces(parametersSentence(2 ** 20, 6e6));
    expect(said).toMatch(/1,048,576 numbers .* 4\.00 MiB; .* 6\.00 MFLOP, a third/);
    expect(plainSpaces(parametersSentence(2 ** 20, undefined))).toMatch(/4\.00 MiB\.$/);
  });

  it('tells tokens by parameters and by text, as far as these are known', () => {
    expect(plainSpaces(tokensSentence(3 * 2 ** 20, 2 ** 20, 2))).toMatch(
      /3\.00 for each parameter.* 6\.00 MiB of text/,
    );
    expect(plainSpaces(tokensSentence(2 ** 20, undefined, 2))).toBe('They are 2.00 MiB of text.');
    expect(tokensSentence(undefined, 1e6, 2)).toBe('');
    expect(tokensSentence(3e6, undefined, undefined)).toBe('');
  });

  it('tells memory beside the weights', () => {
    expect(plainSpaces(memorySentence(64 * 2 ** 20, 4 * 2 ** 20))).toMatch(/16\.0 times the 4\.00 MiB/);
    expect(memorySentence(64e6, 0)).toBe('');
  });
});
