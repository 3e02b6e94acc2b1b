// The heap gives its values in order, whatever the order in which they came.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Heap } from '../../../src/data/tokenizers/heap.ts';

test('values come out in order, among pushes', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.integer({ min: 0, max: 20 }), { nil: undefined })), (steps) => {
      const heap = new Heap<number>((a, b) => a < b);
      let left: number[] = [];
      for (const step of steps) {
        if (step !== undefined) {
          heap.push(step);
          left.push(step);
          continue;
        }
        left.sort((a, b) => a - b);
        expect(heap.pop()).toBe(left[0]);
        left = left.slice(1);
      }
      expect(left.sort((a, b) => a - b).map(() => heap.pop())).toEqual(left);
      expect(heap.pop()).toBeUndefined();
    }),
    { seed: 9 },
  );
});
