// The lower triangle of a causal map: there and back.
import { expect, it } from 'vitest';
import { fromLowerTriangle, lowerTriangle } from '../../src/text/triangle.ts';

it.each([1, 2, 5])('a causal map of %i tokens comes back as it was', (time) => {
  const map = Float32Array.from({ length: time * time }, (_, at) =>
    at % time <= Math.floor(at / time) ? at + 1 : 0,
  );
  const kept = lowerTriangle(map, time);
  expect(kept).toHaveLength((time * (time + 1)) / 2);
  expect(fromLowerTriangle(kept, time)).toEqual(map);
});

it('refuses a triangle of another size', () => {
  expect(() => fromLowerTriangle([1, 2], 2)).toThrow(/2 entries, and 2 rows have 3/);
});
