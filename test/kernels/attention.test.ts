// Flash attention against its reference at awkward sizes, finite differences, and memory that grows linearly with time.
import { describe, expect, it } from 'vitest';
import { attention, attentionForwards } from '../../src/kernels/attention.ts';
import type { AttentionSizes } from '../../src/kernels/attention-shape.ts';
import { baselineCapabilities } from '../../src/plan/kernel.ts';
import { lifetimes } from '../../src/plan/memory.ts';
import { persistentTensor } from '../../src/plan/store.ts';
import { Tape } from '../../src/plan/tape.ts';
import { storageBytes } from '../../src/plan/tensor.ts';
import { attentionShapes, shapesFor } from './attention-shapes.ts';
import { checkGradient, describeKernel } from './describe-kernel.ts';

for (const kernel of attentionForwards) describeKernel(kernel, shapesFor(kernel, attentionShapes));

describe('attention', () => {
  const widthOf = ({ heads, keyValueHeads, keySize, valueSize }: AttentionSizes) =>
    heads * keySize + keyValueHeads * (keySize + valueSize);

  const gradientShapes = [
    { batch: 1, time: 5, heads: 2, keyValueHeads: 2, keySize: 3, valueSize: 3 },
    { batch: 2, time: 4, heads: 4, keyValueHeads: 2, keySize: 2, valueSize: 3 },
    { batch: 1, time: 6, heads: 3, keyValueHeads: 1, keySize: 3, valueSize: 2, dropout: 0.4 },
  ];
  for (const options of gradientShapes) {
    checkGradient(
      `attention of ${JSON.stringify(options)}`,
      { qkv: { shape: [options.batch * options.time, widthOf(options)] } },
      (tape, { qkv }) => attention(tape, qkv, options),
    );
  }

  it('adds to a gradient that is there already', () => {
    const options = { batch: 1, time: 4, heads: 2, keyValueHeads: 1, keySize: 2, valueSize: 2 };
    const tape = new Tape({ capabilities: baselineCapabilities, training: true });
    const qkv = persistentTensor('qkv', [4, widthOf(options)], 'f32', 'state');
    tape.parameter(qkv, persistentTensor('∂qkv', qkv.shape, 'f32', 'state'), 1);
    const y = attention(tape, qkv, options);
    tape.adoptGradient(y, persistentTensor('dy', y.shape, 'f32', 'state'));
    tape.backward();
    const writers = tape.dispatches.filter(({ bindings }) => 'dqkv' in bindings);
    expect(writers.map(({ dims }) => dims.accumulate)).toEqual([1, 1]);
  });

  it('takes memory linear in time, forward and backward', () => {
    const bytesAt = (time: number) => {
      const options = { batch: 1, time, heads: 6, keyValueHeads: 2, keySize: 32, valueSize: 32 };
      const tape = new Tape({ capabilities: baselineCapabilities, training: true });
      const qkv = tape.tensor('qkv', [time, widthOf(options)]);
      tape.parameter(qkv, tape.tensor('∂qkv', qkv.shape));
      const y = attention(tape, qkv, options);
      tape.adoptGradient(y, tape.tensor('dy', y.shape));
      tape.backward();
      return lifetimes(tape.dispatches, []).reduce((sum, { storage }) => sum + storageBytes(storage), 0);
    };
    for (const time of [512, 1024, 2048]) expect(bytesAt(time)).toBe((bytesAt(256) * time) / 256);
  });

  it('refuses a qkv of another width and heads that do not group', () => {
    const tape = new Tape({ capabilities: baselineCapabilities });
    const qkv = tape.tensor('qkv', [4, 12]);
    const options = { batch: 1, time: 4, heads: 2, keyValueHeads: 2, keySize: 2, valueSize: 2 };
    expect(() => attention(tape, qkv, { ...options, valueSize: 3 })).toThrow(/qkv must be \[4, 14\]/);
    expect(() => attention(tape, qkv, { ...options, heads: 3 })).toThrow(/3 query heads do not divide/);
    expect(() => attention(tape, qkv, { ...options, dropout: 1 })).toThrow(/dropout is 1/);
  });
});
