// Tests of how unknown words are matched and shown; reading whole experiments is tested in config.test.ts.
import { expect, test } from 'vitest';
import { nearestWord, showKey, showValue } from '../../../src/model/fields/check.ts';

test.each([
  ['layer', 'layers'],
  ['Heads', 'heads'],
  ['contxet', 'context'],
  ['learning_rate', 'learningRate'],
  ['zebra', undefined],
  ['x'.repeat(100), undefined],
])('the word nearest to %s is %s', (word, nearest) => {
  expect(nearestWord(word, ['layers', 'heads', 'context', 'learningRate'])).toBe(nearest);
});

test('values and keys of strangers are shown short and escaped', () => {
  expect(showValue('a\n\u001b[2J')).toBe('"a\\n\\u001b[2J"');
  expect(showValue([1, 2])).toBe('a list');
  expect(showValue({})).toBe('an object');
  expect(showValue(Number.NaN)).toBe('NaN');
  expect(showValue(undefined)).toBe('undefined');
  expect(showKey('width')).toBe('width');
  expect(showKey('a b\u202e')).toBe('"a b\\u{202e}"');
});
