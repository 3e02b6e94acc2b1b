// One head's probabilities: against the reference, and against the flash kernel's output, of which they are the weights.
import { describe, expect, it } from 'vitest';
import { type AttentionOptions, attention } from '../../src/kernels/attention.ts';
import { attentionMap, attentionMapForward, longestMap } from '../../src/kernels/attention-map.ts';
import { baselineCapabilities } from '../../src/plan/kernel.ts';
import { freeze } from '../../src/plan/plan.ts';
import { persistentTensor } from '../../src/plan/store.ts';
import { Tape } from '../../src/plan/tape.ts';
import { CpuRuntime } from '../../src/runtime/cpu-runtime.ts';
import { describeKernel } from './describe-kernel.ts';

const maskless = (time: number) => ({ window: time, softcap: 0, hasSinks: 0, head: 0 });

describeKernel(attentionMapForward, [
  { time: 1, keySize: 1, rowStride: 3, qOffset: 0, kOffset: 1, scale: 1, ...maskless(1) },
  { time: 63, keySize: 16, rowStride: 48, qOffset: 0, kOffset: 16, scale: 0.25, ...maskless(63) },
  { time: 64, keySize: 3, rowStride: 50, qOffset: 7, kOffset: 31, scale: 0.6, ...maskless(64), window: 1 },
  { time: 65, keySize: 5, rowStride: 15, qOffset: 0, kOffset: 5, scale: 0.45, ...maskless(65), softcap: 0.7 },
  {
    ...{ time: 130, keySize: 5, rowStride: 15, qOffset: 0, kOffset: 5, scale: 0.45 },
    ...{ window: 65, softcap: 0, hasSinks: 1, head: 2 },
  },
  {
    time: longestMap,
    keySize: 8,
    rowStride: 24,
    qOffset: 0,
    kOffset: 8,
    scale: 0.35,
    ...maskless(longestMap),
  },
]);

const sizes = { batch: 1, time: 9, heads: 4, keyValueHeads: 2, keySize: 5, valueSize: 5 };

const sinks = persistentTensor('sinks', [4], 'f32', 'state');

function recorded(head: number, changes: Partial<AttentionOptions> = {}) {
  const shape = { ...sizes, ...changes };
  const tape = new Tape({ capabilities: baselineCapabilities });
  const columns = (shape.heads + 2 * shape.keyValueHeads) * shape.keySize;
  const qkv = persistentTensor('qkv', [shape.batch * shape.time, columns], 'f32', 'state');
  const y = attention(tape, qkv, shape);
  const [dispatch] = tape.dispatches;
  if (!dispatch) throw new Error('attention recorded nothing');
  const map = attentionMap(tape, dispatch, head);
  return { tape, qkv, y, map };
}

describe('attentionMap', () => {
  it.each([
    [0, {}, false],
    [1, {}, false],
    [2, {}, false],
    [3, {}, false],
    [1, { window: 4 }, false],
    [2, { softcap: 0.6 }, false],
    [3, {}, true],
    [2, { window: 3, softcap: 2 }, true],
  ])('has the weights with which head %i mixes its values: %j, sinks %s', async (head, options, hasSinks) => {
    const { tape, qkv, y, map } = recorded(head, hasSinks ? { ...options, sinks } : options);
    const plan = freeze('map', tape, [y, map]);
    const runtime = new CpuRuntime([plan], [qkv.storage, sinks.storage], 'f64');
    runtime.write(sinks, Float64Array.of(0.2, -1, 1.5, 0.7));
    const [rows = 0, columns = 0] = qkv.shape;
    const values = Float64Array.from({ length: rows * columns }, (_, i) => Math.sin(1.7 * i * i + 0.3 * i));
    runtime.write(qkv, values);
    await runtime.submit([{ plan, scalars: {} }]);
    const [p, mixed] = [await runtime.read(map), await runtime.read(y)];
    const { time, heads, keyValueHeads, keySize, valueSize } = sizes;
    const valueOffset = (heads + keyValueHeads) * keySize + Math.floor(head / 2) * valueSize;
    for (let query = 0; query < time; query++) {
      for (let d = 0; d < valueSize; d++) {
        let sum = 0;
        for (let key = 0; key < time; key++) {
          if (key > query) expect(p[query * time + key]).toBe(0);
          sum += (p[query * time + key] ?? 0) * (values[key * columns + valueOffset + d] ?? 0);
        }
        expect(sum).toBeCloseTo(mixed[(query * heads + head) * valueSize + d] ?? Number.NaN, 10);
      }
    }
  });

  it.each([
    ['a head that is not there', 4, {}, /no head 4 of 4/],
    ['half a head', 1.5, {}, /no head 1.5/],
    ['several sequences', 0, { batch: 2 }, /2 sequences of 9/],
    ['a long text', 0, { time: longestMap + 1 }, /1 sequences of 257 tokens/],
  ])('refuses %s', (_, head, changes, message) => {
    expect(() => recorded(head, changes)).toThrow(message);
  });
});
