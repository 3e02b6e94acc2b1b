// Decode attention in parts: both kernels against their references, and merged parts against attention in one piece.
import { describe, expect, it } from 'vitest';
import { decodeAttention } from '../../src/kernels/decode-attention.ts';
import { attentionMerge, attentionParts } from '../../src/kernels/decode-attention-parts.ts';
import { baselineCapabilities, type Capabilities, type Dims } from '../../src/plan/kernel.ts';
import { freeze } from '../../src/plan/plan.ts';
import { persistentTensor } from '../../src/plan/store.ts';
import { Tape } from '../../src/plan/tape.ts';
import { CpuRuntime } from '../../src/runtime/cpu-runtime.ts';
import { describeKernel } from './describe-kernel.ts';
import { expectClose } from './run-op.ts';

/** [slots, heads, key/value heads, key size, value size, rows of the ring, parts, soft cap]; three quarters of the rows are seen. */
const sizes = [
  [1, 1, 1, 4, 4, 1, 3, 0], // one key: two parts have none
  [3, 4, 2, 8, 12, 340, 4, 2], // 64, 64 and 63 keys a part
  [1, 2, 1, 64, 64, 350, 2, 0], // 132: two chunks and four keys
] as const;

const shapes = sizes.map(([slots, heads, keyValueHeads, keySize, valueSize, context, parts, softcap]) => {
  const valueOffset = keyValueHeads * keySize;
  const rowWidth = valueOffset + keyValueHeads * valueSize;
  const heading = { slots, heads, keyValueHeads, keySize, valueSize, qOffset: 4, context, parts, softcap };
  return {
    ...heading,
    ...{ window: context, rowsPerRing: 1 },
    ...{ rowStride: 4 + heads * keySize + rowWidth, rowWidth, valueOffset },
    scale: 1 / Math.sqrt(keySize),
  };
});

/** A row is a key whose first columns are the value, of more vectors than a workgroup has invocations: latents. */
const sharedShape: Dims<(typeof attentionParts.dims)[number]> = {
  ...{ slots: 2, heads: 2, keyValueHeads: 1, keySize: 288, valueSize: 260, rowStride: 576, qOffset: 0 },
  ...{
    context: 90,
    window: 50,
    rowsPerRing: 2,
    rowWidth: 288,
    valueOffset: 0,
    scale: 0.06,
    softcap: 0,
    parts: 1,
  },
};

describeKernel(attentionParts, [...shapes, sharedShape], { scalars: { position: 40 } });
describeKernel(attentionMerge, [
  { slots: 1, heads: 1, valueSize: 4, parts: 1, hasSinks: 0 },
  { slots: 2, heads: 3, valueSize: 260, parts: 5, hasSinks: 1 },
]);

describe('decode attention over a long cache', () => {
  const heads = { heads: 4, keyValueHeads: 2, keySize: 64, valueSize: 64, softcap: 3 };
  const width = 64 * (4 + 2 + 2);
  const slots = 2;

  /** Kernels recorded for rings of so many rows, and what they give at some positions. */
  const decode = async (capabilities: Capabilities, rows: number, positions: readonly number[]) => {
    const cache = persistentTensor('cache', [slots, rows, 256], 'f32', 'cache');
    const state = persistentTensor('state', [slots, 4], 'u32', 'state');
    const sinks = persistentTensor('sinks', [4], 'f32', 'state');
    const qkv = persistentTensor('qkv', [slots, width], 'f32', 'state');
    const tape = new Tape({ capabilities });
    const y = decodeAttention(tape, qkv, cache, state, { ...heads, sinks });
    const plan = freeze('decode', tape, [y]);
    const runtime = new CpuRuntime([plan], [], 'f64');
    runtime.write(
      qkv,
      Float64Array.from({ length: slots * width }, (_, i) => Math.sin(1.3 * i)),
    );
    runtime.write(
      cache,
      Float64Array.from({ length: slots * rows * 256 }, (_, i) => Math.sin(0.7 * i * i)),
    );
    runtime.write(sinks, Float64Array.of(0.3, -1, 2, 0));
    runtime.write(state, Uint32Array.from(positions.flatMap((position) => [position, 0, 0, 0])));
    await runtime.submit([{ plan, scalars: {} }]);
    const names = tape.dispatches.map(({ kernel }) => kernel.name);
    return { names, workgroups: tape.dispatches[0]?.workgroups, values: [...(await runtime.read(y))] };
  };
  const inOnePiece = { ...baselineCapabilities, without: new Set([attentionParts.name]) };

  it.each([
    { rows: 512, positions: [0, 511] },
    { rows: 600, positions: [37, 4000] }, // the second ring is full
  ])('gives what it gives in one piece: %j', async ({ rows, positions }) => {
    const [parts, whole] = [
      await decode(baselineCapabilities, rows, positions),
      await decode(inOnePiece, rows, positions),
    ];
    expect(parts.names).toEqual(['attention.decodeParts', 'attention.decodeMerge']);
    expect(whole.names).toEqual(['attention.decode/256']);
    expectClose(parts.values, whole.values, 1e-12);
  });

  it('is cut where heads and slots leave a device idle, into parts that are worth a workgroup', async () => {
    const partsAt = async (rows: number) =>
      ((await decode(baselineCapabilities, rows, [0, 0])).workgroups ?? 0) / 8;
    expect(await partsAt(511)).toBe(1);
    expect(await partsAt(512)).toBe(8); // of 64 keys
    expect(await partsAt(4096)).toBe(32); // 256 workgroups
  });
});
