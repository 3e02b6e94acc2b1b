// Flash attention against its reference at awkward sizes, finite differences, and memory that grows linearly with time.
import { describe, expect, it } from 'vitest';
import { attention, attentionForward, attentionForwards } from '../../src/kernels/attention.ts';
import { type AttentionSizes, packedDims } from '../../src/kernels/attention-shape.ts';
import { baselineCapabilities, type Kernel } from '../../src/plan/kernel.ts';
import { lifetimes } from '../../src/plan/memory.ts';
import { persistentTensor } from '../../src/plan/store.ts';
import { Tape } from '../../src/plan/tape.ts';
import { storageBytes, type Tensor } from '../../src/plan/tensor.ts';
import { PipelineCache } from '../../src/runtime/pipelines.ts';
import { describeGpu, getTestGpu } from '../gpu-device.ts';
import { attentionCases } from './attention-shapes.ts';
import { checkGradient, describeCases, describeKernel } from './describe-kernel.ts';
import { expectClose, runOp } from './run-op.ts';

await describeCases(attentionCases);

// Scores where exponentials overflow, and where their quotient loses its digits.
const few = { batch: 1, time: 20, heads: 2, keyValueHeads: 1, keySize: 4, valueSize: 4 };
describeKernel(
  attentionForward,
  [1000, 1e-3].map((scale) => ({ ...packedDims(few, scale, 0, 0, { softcap: 5 }), hasSinks: 0 })),
  { tolerance: 2e-6 },
);

describeGpu('attention', () => {
  it.each([
    [64, 64, 31_744],
    [32, 64, 14_848],
  ] as const)(
    'in tiles of %i queries of %i dimensions takes the workgroup memory that it asks for',
    async (rows, keySize, bytes) => {
      const shape = { batch: 1, time: 300, heads: 1, keyValueHeads: 1, keySize, valueSize: keySize };
      const dims = { ...packedDims(shape, 1, 0, 0), hasSinks: 0 };
      const [kernel] = attentionForwards.filter(({ name }) =>
        name.endsWith(rows === 64 ? '/tiled-64' : '/tiled'),
      );
      const suits = (maxWorkgroupStorageBytes: number) =>
        kernel?.suits?.(dims, { ...baselineCapabilities, maxWorkgroupStorageBytes });
      expect([suits(bytes), suits(bytes - 16)]).toEqual([true, false]);
      const compile = async (maxComputeWorkgroupStorageSize: number) => {
        const adapter = await getTestGpu().requestAdapter();
        const device = await adapter?.requestDevice({ requiredLimits: { maxComputeWorkgroupStorageSize } });
        if (!device || !kernel) throw new Error('Dawn gives no such device.');
        await new PipelineCache(device).compile(kernel as unknown as Kernel, dims);
      };
      await compile(Math.max(bytes, 16_384));
      if (bytes > 16_384) await expect(compile(bytes - 16)).rejects.toThrow(/workgroup storage/i);
    },
  );
});

describe('attention', () => {
  const widthOf = ({ heads, keyValueHeads, keySize, valueSize }: AttentionSizes) =>
    heads * keySize + keyValueHeads * (keySize + valueSize);

  const gradientShapes = [
    { batch: 1, time: 5, heads: 2, keyValueHeads: 2, keySize: 3, valueSize: 3 },
    { batch: 2, time: 4, heads: 4, keyValueHeads: 2, keySize: 2, valueSize: 3 },
    { batch: 1, time: 6, heads: 3, keyValueHeads: 1, keySize: 3, valueSize: 2, dropout: 0.4 },
    { batch: 2, time: 6, heads: 2, keyValueHeads: 1, keySize: 3, valueSize: 2, window: 2 },
    { batch: 1, time: 5, heads: 2, keyValueHeads: 2, keySize: 3, valueSize: 2, softcap: 0.7 },
    {
      ...{ batch: 1, time: 7, heads: 2, keyValueHeads: 1, keySize: 2, valueSize: 2 },
      window: 3,
      softcap: 2,
      dropout: 0.3,
    },
  ];
  for (const options of gradientShapes) {
    checkGradient(
      `attention of ${JSON.stringify(options)}`,
      { qkv: { shape: [options.batch * options.time, widthOf(options)] } },
      (tape, { qkv }) => attention(tape, qkv, options),
    );
  }

  const sunk = { batch: 2, time: 5, heads: 2, keyValueHeads: 1, keySize: 3, valueSize: 2 };
  for (const options of [sunk, { ...sunk, batch: 1, window: 2, softcap: 1.5, dropout: 0.3 }]) {
    checkGradient(
      `attention with sinks of ${JSON.stringify(options)}`,
      { qkv: { shape: [options.batch * options.time, widthOf(options)] }, sinks: { shape: [options.heads] } },
      (tape, { qkv, sinks }) => attention(tape, qkv as Tensor, { ...options, sinks }),
    );
  }

  it('gives a sink the part of its logit in a softmax with one more score', async () => {
    const options = { batch: 1, time: 4, heads: 1, keyValueHeads: 1, keySize: 1, valueSize: 1 };
    const [q, k, v, sink] = [[0.5, -1, 2, 1.5], [1, 0.3, -0.7, 2], [3, -2, 1, 4], 0.4];
    const rows = q.flatMap((_, i) => [q[i] ?? 0, k[i] ?? 0, v[i] ?? 0]);
    const operands = { qkv: { shape: [4, 3], values: rows }, sinks: { shape: [1], values: [sink] } };
    const { y } = await runOp(operands, (tape, { qkv, sinks }) =>
      attention(tape, qkv as Tensor, { ...options, sinks }),
    );
    const expected = q.map((query, i) => {
      const weights = k.slice(0, i + 1).map((key) => Math.exp(query * key));
      const sum = weights.reduce((total, weight) => total + weight, Math.exp(sink));
      return weights.reduce((total, weight, j) => total + (weight / sum) * (v[j] ?? 0), 0);
    });
    expectClose(y, expected, 1e-12);
  });

  it('computes what it computed without a window when the window hides nothing, by the same pipeline', () => {
    const options = { batch: 1, time: 8, heads: 1, keyValueHeads: 1, keySize: 2, valueSize: 2 };
    const dimsWith = (window?: number) => {
      const tape = new Tape({ capabilities: baselineCapabilities });
      attention(tape, tape.tensor('qkv', [8, 6]), { ...options, window });
      return tape.dispatches.map(({ dims }) => dims);
    };
    expect(dimsWith(8)).toEqual(dimsWith());
    expect(dimsWith(900)).toEqual(dimsWith());
    expect(dimsWith(7)).not.toEqual(dimsWith());
  });

  it('goes by larger tiles where they fit, fill a GPU and are not mostly masked', () => {
    const chosen = (sizes: Partial<AttentionSizes>, given = {}, window?: number) => {
      const shape = {
        batch: 64,
        time: 256,
        heads: 6,
        keyValueHeads: 6,
        keySize: 64,
        valueSize: 64,
        ...sizes,
      };
      const capabilities = { ...baselineCapabilities, maxWorkgroupStorageBytes: 32_768, ...given };
      const tape = new Tape({ capabilities });
      attention(tape, tape.tensor('qkv', [shape.batch * shape.time, widthOf(shape)]), { ...shape, window });
      return tape.dispatches[0]?.kernel.name;
    };
    const [wide, narrow] = ['attention.forward/tiled-64', 'attention.forward/tiled'];
    expect(chosen({})).toBe(wide);
    expect(chosen({ batch: 8 })).toBe(narrow); // 192 workgroups
    expect(chosen({}, {}, 32)).toBe(narrow);
    expect(chosen({ keySize: 96 })).toBe(narrow);
    expect(chosen({}, { maxWorkgroupStorageBytes: 16_384 })).toBe(narrow);
  });

  it('costs time times the window once sequences are long', () => {
    const dims = (time: number, window: number) => {
      const sizes = { batch: 1, time, heads: 1, keyValueHeads: 1, keySize: 8, valueSize: 8 };
      return { ...packedDims(sizes, 1, 0, 0, { window }), hasSinks: 0 };
    };
    for (const { name, launchedFlops, usefulFlops } of attentionForwards) {
      const longer = dims(2048, 64);
      const more = (cost: typeof usefulFlops) => cost(longer, {}) - cost(dims(1024, 64), {});
      expect(more(usefulFlops)).toBe(1024 * 64 * (4 * 8 + 5));
      expect(more(launchedFlops ?? usefulFlops)).toBeLessThan(
        (name.endsWith('-64') ? 2.1 : 1.6) * more(usefulFlops),
      );
    }
  });

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
    for (const time of [512, 1024, 2048]) expect(256 * bytesAt(time)).toBe(bytesAt(256) * time);
  });

  it('refuses a qkv of another width, heads that do not group, and settings that are none', () => {
    const tape = new Tape({ capabilities: baselineCapabilities });
    const qkv = tape.tensor('qkv', [4, 12]);
    const options = { batch: 1, time: 4, heads: 2, keyValueHeads: 2, keySize: 2, valueSize: 2 };
    expect(() => attention(tape, qkv, { ...options, valueSize: 3 })).toThrow(/qkv must be \[4, 14\]/);
    expect(() => attention(tape, qkv, { ...options, heads: 3 })).toThrow(/3 query heads do not divide/);
    expect(() => attention(tape, qkv, { ...options, dropout: 1 })).toThrow(/dropout is 1/);
    expect(() => attention(tape, qkv, { ...options, window: 0 })).toThrow(/window is 0/);
    expect(() => attention(tape, qkv, { ...options, softcap: -1 })).toThrow(/softcap is -1/);
    expect(() => attention(tape, qkv, { ...options, sinks: tape.tensor('sinks', [3]) })).toThrow(
      /for 2 heads/,
    );
  });
});
