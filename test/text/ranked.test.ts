// Indices by size, ties by index.
import { expect, it } from 'vitest';
import { ranked } from '../../src/text/ranked.ts';

it('ranks the largest first, and equal ones by their index', () => {
  expect([...ranked(Float32Array.of(1, 3, -2, 3, 0))]).toEqual([1, 3, 0, 4, 2]);
  expect([...ranked(new Float32Array(0))]).toEqual([]);
});
