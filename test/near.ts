// What tests compare computed numbers with: a matcher within a billionth of a value, for toEqual and its kin.
import { expect } from 'vitest';

const relativeDigits = 9;

/** Stands for a number in `toEqual`, `toMatchObject` and the like, and matches what is the same to nine digits. */
export function near(value: number): number {
  const magnitude = value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value)));
  return expect.closeTo(value, relativeDigits - magnitude);
}
