// Decode attention against its reference, against full attention row by row, and its cost linear in the position.
import { describe, expect, it } from 'vitest';
import { attention } from '../../src/kernels/attention.ts';
import { appendDecode, appendPrefill } from '../../src/kernels/cache-append.ts';
import { decodeAttention, decodeAttentions } from '../../src/kernels/decode-attention.ts';
import { baselineCapabilities } from '../../src/plan/kernel.ts';
import { freeze } from '../../src/plan/plan.ts';
import { persistentTensor } from '../../src/plan/store.ts';
import { Tape } from '../../src/plan/tape.ts';
import { CpuRuntime } from '../../src/runtime/cpu-runtime.ts';
import { describeKernel } from './describe-kernel.ts';

/** [heads, keyValueHeads, keySize, valueSize, context, qOffset] */
const sizes = [
  [1, 1, 1, 1, 1, 0],
  [4, 2, 8, 10, 64, 0],
  [3, 1, 32, 32, 257, 5],
  [2, 2, 129, 65, 600, 0],
  [1, 1, 64, 256, 2500, 0],
  [5, 5, 16, 64, 5000, 0],
] as const;

const shapes = sizes.map(([heads, keyValueHeads, keySize, valueSize, context, qOffset]) => {
  const scale = 1 / Math.sqrt(keySize);
  return { heads, keyValueHeads, keySize, valueSize, qOffset, context, scale };
});

for (const kernel of decodeAttentions) describeKernel(kernel, shapes, { scalars: { position: 40 } });

describe('decodeAttention', () => {
  const heads = { heads: 4, keyValueHeads: 2, keySize: 3, valueSize: 5 };
  const width = 4 * 3 + 2 * (3 + 5);

  it('after a prefill and appended tokens gives the rows of full attention', async () => {
    const values = Float64Array.from({ length: 9 * width }, (_, i) => Math.sin(1.7 * i) * 2);
    const cache = persistentTensor('cache', [9, 16], 'f32', 'cache');
    const state = persistentTensor('state', [4], 'u32', 'state');
    const rows = persistentTensor('rows', [9, width], 'f32', 'state');
    const row = persistentTensor('row', [1, width], 'f32', 'state');
    const options = { capabilities: baselineCapabilities };

    const whole = new Tape(options);
    const expected = attention(whole, rows, { ...heads, batch: 1, time: 9 });
    appendPrefill(whole, rows, cache, { ...heads, time: 9 });
    const wholePlan = freeze('whole', whole, [expected]);
    const one = new Tape(options);
    appendDecode(one, row, cache, state, heads);
    const y = decodeAttention(one, row, cache, state, heads);
    const onePlan = freeze('one', one, [y]);

    const runtime = new CpuRuntime([wholePlan, onePlan], [], 'f64');
    runtime.write(rows, values);
    await runtime.submit([{ plan: wholePlan, scalars: { length: 4 } }]);
    const full = await runtime.read(expected);
    for (let position = 4; position < 9; position++) {
      runtime.write(row, values.slice(position * width, (position + 1) * width));
      runtime.write(state, Uint32Array.of(position, 0, 0, 0));
      await runtime.submit([{ plan: onePlan, scalars: {} }]);
      const actual = await runtime.read(y);
      for (let i = 0; i < 20; i++) expect(actual[i]).toBeCloseTo(full[position * 20 + i], 12);
    }
  });

  it('costs a + b · position', () => {
    const [kernel] = decodeAttentions;
    const dims = shapes[5];
    if (!kernel || !dims) throw new Error('unreachable');
    for (const cost of [kernel.usefulFlops, kernel.bytes]) {
      const at = (position: number) => cost(dims, { position });
      expect(at(2000) - at(1000)).toBe(at(1000) - at(0));
    }
  });

  it('refuses more than one row and a cache of another width', () => {
    const tape = new Tape({ capabilities: baselineCapabilities });
    const state = tape.tensor('state', [4], 'u32');
    const record = (rows: number, cacheWidth: number) => () =>
      decodeAttention(
        tape,
        tape.tensor('qkv', [rows, width]),
        tape.tensor('cache', [9, cacheWidth]),
        state,
        heads,
      );
    expect(record(2, 16)).toThrow(/qkv must be \[1, 28\]/);
    expect(record(1, 15)).toThrow(/the cache \[context, 16\]/);
  });
});
