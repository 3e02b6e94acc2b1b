// Tokens of a text: each a mark of its own, the prompt before them plain.
import { expect, it } from 'vitest';
import { tokenText } from '../../../src/ui/figures/token-text.ts';

it('marks the tokens at the end of a text, neighbours with different tints', () => {
  const [before, ...marked] = tokenText('Once upon a', [' up', 'on', ' a']) as readonly unknown[];
  expect(before).toBe('Once');
  const values = (marked as { readonly values: readonly unknown[] }[]).map((mark) => mark.values);
  expect(values).toEqual([
    [0, ' up'],
    [1, 'on'],
    [2, ' a'],
  ]);
});

it('leaves a text alone whose tokens are not known', () => {
  expect(tokenText('Once', undefined)).toBe('Once');
});
