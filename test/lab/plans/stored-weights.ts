// Weights in memory as if they lay in a file.
import type { NamedArrays, StoredWeights } from '../../../src/lab/plans/parameter-io.ts';

/** Hands arrays on in parts of at most `size` numbers. */
export function storedWeights(arrays: NamedArrays, size = 2 ** 22): StoredWeights {
  return {
    async forEachPart(take) {
      for (const [name, array] of arrays)
        for (let first = 0; first < array.length; first += size)
          await take({ name, first, values: array.subarray(first, first + size) });
    },
  };
}
