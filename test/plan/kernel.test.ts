// How shapes are told apart.
import { expect, it } from 'vitest';
import { shapeText, workText } from '../../src/plan/kernel.ts';

it('tells shapes apart by all dims, and work by those that change it', () => {
  const first = { rows: 3, columns: 257, operation: 0, firstElement: 0 };
  const other = { rows: 3, columns: 257, operation: 7, firstElement: 771 };
  expect(shapeText(first)).toBe('rows 3, columns 257, operation 0, firstElement 0');
  expect(shapeText(other)).not.toBe(shapeText(first));
  expect(workText(other)).toBe(workText(first));
  expect(workText({ ...first, columns: 256 })).not.toBe(workText(first));
});
