// Tests of which layers have experts, said by Hugging Face's keys and by ours.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { expertInterval } from '../../../src/model/huggingface/experts.ts';

test('layers with experts are every n-th after the dense ones, or not sayable', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 12 }),
      fc.nat(11),
      fc.integer({ min: 1, max: 4 }),
      (layers, dense, n) => {
        const has = Array.from({ length: layers }, (_, i) => i >= dense && (i - dense + 1) % n === 0);
        const found = expertInterval(has);
        if (!has.includes(true)) {
          expect(found).toBeUndefined();
          return;
        }
        const { denseLayers = 0, moeInterval = 1 } = found ?? {};
        const again = has.map((_, i) => i >= denseLayers && (i - denseLayers + 1) % moeInterval === 0);
        expect(again).toEqual(has);
      },
    ),
  );
  expect(expertInterval([true, false, true, true])).toBeUndefined();
});
