// Decode attention against its reference, against full attention row by row, and its cost linear in the position.
import { describe, expect, it } from 'vitest';
import { attention } from '../../src/kernels/attention.ts';
import { appendDecode, appendPrefill } from '../../src/kernels/cache-append.ts';
import { decodeAttention, decodeAttentions } from '../../src/kernels/decode-attention.ts';
import { quantisedDecodeAttentions, quantisedSizes } from '../../src/kernels/quantised-decode-attention.ts';
import { baselineCapabilities } from '../../src/plan/kernel.ts';
import { freeze } from '../../src/plan/plan.ts';
import { persistentTensor } from '../../src/plan/store.ts';
import { Tape } from '../../src/plan/tape.ts';
import { CpuRuntime } from '../../src/runtime/cpu-runtime.ts';
import { decodeAttentionCases, decodeShapes, sharedShapes } from './decode-attention-shapes.ts';
import { describeCases, describeKernel } from './describe-kernel.ts';
import { expectClose } from './run-op.ts';

/** A window, how many positions a prefill fills of its ring, tokens that are decoded together, and what is done to scores. */
interface DecodeCase {
  readonly window: number;
  readonly prefilled: number;
  readonly together?: number;
  readonly softcap: number;
  readonly hasSinks: boolean;
}

await describeCases(decodeAttentionCases);

// The same sums over words: head sizes that fill words and such that do not, with and without a second scale; few, for each
// shape of the wide one is seconds of compiling.
const [wide, narrow] = quantisedDecodeAttentions;
if (!wide || !narrow) throw new Error('unreachable');
const quantisedShapes = [...decodeShapes.slice(1, 3), ...sharedShapes].map(quantisedSizes);
describeKernel(wide, quantisedShapes.slice(3, 4), { scalars: { position: 40 } });
describeKernel(narrow, quantisedShapes.slice(0, 3), { scalars: { position: 40 } });

describe('decodeAttention', () => {
  const heads = { heads: 4, keyValueHeads: 2, keySize: 3, valueSize: 5 };
  const width = 4 * 3 + 2 * (3 + 5);

  const decodeWith = async (
    positions: number,
    { window, prefilled, together = 1, ...scores }: DecodeCase,
  ): Promise<readonly (readonly [actual: number, expected: number])[]> => {
    const options = { capabilities: baselineCapabilities };
    const sinks = persistentTensor('sinks', [4], 'f32', 'state');
    const logits = scores.hasSinks ? { sinks } : {};
    const cache = persistentTensor('cache', [window + together - 1, 16], 'f32', 'cache');
    const state = persistentTensor('state', [together, 4], 'u32', 'state');
    const rows = persistentTensor('rows', [positions, width], 'f32', 'state');
    const row = persistentTensor('row', [together, width], 'f32', 'state');

    const whole = new Tape(options);
    const shape = { ...heads, softcap: scores.softcap, scale: 0.4, ...logits };
    const expected = attention(whole, rows, { ...shape, batch: 1, time: positions, window });
    appendPrefill(whole, rows, cache, { ...heads, time: positions });
    const wholePlan = freeze('whole', whole, [expected]);
    const one = new Tape(options);
    appendDecode(one, row, cache, state, heads);
    const y = decodeAttention(one, row, cache, state, { ...shape, window });
    const onePlan = freeze('one', one, [y]);

    const runtime = new CpuRuntime([wholePlan, onePlan], [sinks.storage], 'f64');
    const values = Float64Array.from({ length: positions * width }, (_, i) => Math.sin(1.7 * i) * 2);
    runtime.write(rows, values);
    runtime.write(sinks, Float64Array.of(0.3, -1, 2, 0));
    await runtime.submit([{ plan: wholePlan, scalars: { length: prefilled } }]);
    const full = await runtime.read(expected);
    const pairs: [number, number][] = [];
    for (let position = prefilled; position < positions; position += together) {
      runtime.write(row, values.slice(position * width, (position + together) * width));
      const places = Array.from({ length: together }, (_, i) => [position + i, 0, 0, 0]);
      runtime.write(state, Uint32Array.from(places.flat()));
      await runtime.submit([{ plan: onePlan, scalars: {} }]);
      const actual = await runtime.read(y);
      for (let i = 0; i < 20 * together; i++) pairs.push([actual[i] ?? 0, full[position * 20 + i] ?? 0]);
    }
    return pairs;
  };

  it.each<DecodeCase>([
    { window: 11, prefilled: 1, softcap: 0, hasSinks: false },
    { window: 1, prefilled: 4, softcap: 0, hasSinks: false },
    { window: 3, prefilled: 2, softcap: 0, hasSinks: false },
    { window: 3, prefilled: 3, softcap: 1.2, hasSinks: true },
    { window: 4, prefilled: 9, softcap: 0, hasSinks: true },
    { window: 5, prefilled: 4, softcap: 0.8, hasSinks: false },
    { window: 13, prefilled: 1, together: 4, softcap: 0, hasSinks: false },
    { window: 3, prefilled: 4, together: 3, softcap: 1.2, hasSinks: true },
  ])('gives the rows of windowed attention from a ring of its window: %j', async (settings) => {
    const pairs = await decodeWith(13, settings);
    expect(pairs).toHaveLength((13 - settings.prefilled) * 20);
    for (const [actual, expected] of pairs) expect(actual).toBeCloseTo(expected, 12);
  });

  it('takes values from the columns of shared rows', async () => {
    const [cache, row, state] = [
      persistentTensor('cache', [3, 4], 'f32', 'cache'),
      persistentTensor('row', [1, 8], 'f32', 'state'),
      persistentTensor('state', [4], 'u32', 'state'),
    ];
    const tape = new Tape({ capabilities: baselineCapabilities });
    const shape = { heads: 2, keyValueHeads: 1, keySize: 4, valueSize: 2, scale: 0.5, sharedRows: true };
    const y = decodeAttention(tape, row, cache, state, shape);
    const plan = freeze('shared', tape, [y]);
    const runtime = new CpuRuntime([plan], [], 'f64');
    const [q, rows] = [
      [1, 0, -1, 2, 0.5, 0.5, 1, -1],
      [1, 2, 3, 4, -1, 0.5, 2, 1, 0, 0, 1, -2],
    ];
    runtime.write(row, Float64Array.from(q));
    runtime.write(cache, Float64Array.from(rows));
    runtime.write(state, Uint32Array.of(1, 0, 0, 0)); // two positions of three rows
    await runtime.submit([{ plan, scalars: {} }]);
    const expected = [0, 1].flatMap((head) => {
      const score = (p: number) => {
        return [0, 1, 2, 3].reduce((dot, d) => dot + (q[4 * head + d] ?? 0) * (rows[4 * p + d] ?? 0), 0);
      };
      const first = 1 / (1 + Math.exp(0.5 * (score(1) - score(0))));
      return [0, 1].map((d) => first * (rows[d] ?? 0) + (1 - first) * (rows[4 + d] ?? 0));
    });
    expectClose([...(await runtime.read(y))], expected, 1e-12);
  });

  it('costs no more once a ring is full', () => {
    const [kernel] = decodeAttentions;
    const dims = decodeShapes[1];
    if (!kernel || !dims) throw new Error('unreachable');
    for (const cost of [kernel.usefulFlops, kernel.launchedFlops ?? kernel.usefulFlops, kernel.bytes]) {
      expect(cost(dims, { position: 900 })).toBe(cost(dims, { position: 63 }));
      expect(cost(dims, { position: 62 })).toBeLessThanOrEqual(cost(dims, { position: 63 }));
    }
  });

  it('costs a + b · position', () => {
    const [kernel] = decodeAttentions;
    const dims = decodeShapes[3];
    if (!kernel || !dims) throw new Error('unreachable');
    for (const cost of [kernel.usefulFlops, kernel.bytes]) {
      const at = (position: number) => cost(dims, { position });
      expect(at(2000) - at(1000)).toBe(at(1000) - at(0));
    }
  });

  it('refuses more rows than its state has and a cache of another width', () => {
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
    expect(record(2, 16)).toThrow(/the state \[2, 4\]/);
    expect(record(1, 15)).toThrow(/the cache \[1, context, 16\]/);
    const [row, cache] = [tape.tensor('qkv', [1, width]), tape.tensor('cache', [9, 16])];
    const sinks = tape.tensor('sinks', [3]);
    expect(() => decodeAttention(tape, row, cache, state, { ...heads, sinks })).toThrow(/for 4 heads/);
    expect(() => decodeAttention(tape, row, cache, state, { ...heads, sharedRows: true })).toThrow(
      /qkv must be \[1, 12\]/,
    );
  });
});
