// Appending to a cache: only the prompt's real rows, only the row of the state, and the last of those that have no room.
import { describe, expect, it } from 'vitest';
import {
  appendDecode,
  appendPrefill,
  cacheAppendDecode,
  cacheAppendPrefill,
} from '../../src/kernels/cache-append.ts';
import { baselineCapabilities } from '../../src/plan/kernel.ts';
import { Tape } from '../../src/plan/tape.ts';
import { beyondOneGridRow, describeKernel } from './describe-kernel.ts';

const columns = (heads: number, keyColumns: number, valueColumns: number) => ({
  keyColumns,
  valueColumns,
  rowStride: heads + keyColumns + valueColumns,
  kOffset: heads,
  vOffset: heads + keyColumns,
});

const shapes = [columns(1, 1, 1), columns(24, 8, 10), columns(64, 32, 32), columns(7, 130, 5)];

// The step record's length is 5 unless said: prompts below, at and above it.
describeKernel(
  cacheAppendPrefill,
  [3, 5, 37, 64].map((rows, index) => ({
    ...(shapes[index] ?? columns(1, 1, 1)),
    ...{ rows, slots: 1 + index, context: 64 },
  })),
);
describeKernel(
  cacheAppendPrefill,
  beyondOneGridRow({ ...columns(1, 40, 40), rows: 53_000, slots: 1, context: 53_000 }),
  { scalars: { length: 52_999 } },
);
// Rings: of 5 rows and of 37 the last ones.
describeKernel(
  cacheAppendPrefill,
  [1, 4, 5, 6].map((context) => ({ ...columns(24, 8, 10), rows: 37, slots: 3, context })),
);
describeKernel(
  cacheAppendPrefill,
  [1, 7, 36, 37].map((context) => ({ ...columns(7, 3, 5), rows: 37, slots: 1, context })),
  { scalars: { length: 37 } },
);
describeKernel(
  cacheAppendDecode,
  shapes.map((shape, index) => ({
    ...shape,
    ...{ slots: [1, 3, 2, 7][index] ?? 1, context: [1, 7, 64, 300][index] ?? 1 },
    rowsPerRing: [1, 1, 5, 2][index] ?? 1,
  })),
);

describe('cacheAppend', () => {
  const options = { heads: 2, keyValueHeads: 1, keySize: 4, valueSize: 3 };

  it('refuses a cache of another width, and takes one that is shorter than the prompt', () => {
    const tape = new Tape({ capabilities: baselineCapabilities });
    const qkv = tape.tensor('qkv', [9, 15]);
    const prefill = (shape: readonly number[]) => () =>
      appendPrefill(tape, qkv, tape.tensor('cache', shape), { ...options, time: 9 });
    expect(prefill([8, 7])).not.toThrow();
    expect(prefill([9, 8])).toThrow(/the cache \[context, 7\]/);
    expect(prefill([9, 7])).not.toThrow();
  });

  it('records one dispatch per token', () => {
    const tape = new Tape({ capabilities: baselineCapabilities });
    const state = tape.tensor('state', [4], 'u32');
    appendDecode(tape, tape.tensor('qkv', [1, 15]), tape.tensor('cache', [8, 7]), state, options);
    expect(tape.dispatches.map(({ kernel }) => kernel.name)).toEqual(['cacheAppend.decode']);
  });
});
