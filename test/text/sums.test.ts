// Sums of records of numbers: which fields count.
import { expect, it } from 'vitest';
import { sumFields } from '../../src/text/sums.ts';

it('sums the fields that its pattern has, and no others', () => {
  const like = { a: 7, b: 8 };
  const all = [
    { a: 1, b: 2, title: 'first' },
    { a: 10, b: 20, title: 'second' },
  ];
  expect(sumFields(like, all)).toEqual({ a: 11, b: 22 });
  expect(sumFields(like, [])).toEqual({ a: 0, b: 0 });
});
