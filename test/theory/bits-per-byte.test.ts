// Bits per byte: uniform bytes cost eight, and longer tokens pay for their length.
import { expect, test } from 'vitest';
import { bitsPerByte } from '../../src/theory/bits-per-byte.ts';

test('a uniform choice of 256 bytes costs eight bits a byte, and of 65 536 pairs as many', () => {
  expect(bitsPerByte(Math.log(256), 1)).toBeCloseTo(8, 12);
  expect(bitsPerByte(Math.log(65_536), 2)).toBeCloseTo(8, 12);
});
