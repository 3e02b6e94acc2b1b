// The cache of latent attention against its references, and a token appended against a prompt filled in at once.
import { describe, expect, it } from 'vitest';
import {
  latentCacheDecode,
  latentCachePrefill,
  latentDecode,
  latentPrefill,
} from '../../src/kernels/latent-cache.ts';
import { latentPack } from '../../src/kernels/latent-pack.ts';
import { ropeTable } from '../../src/kernels/rope.ts';
import { baselineCapabilities } from '../../src/plan/kernel.ts';
import { Tape } from '../../src/plan/tape.ts';
import { describeKernel } from './describe-kernel.ts';
import { runOp } from './run-op.ts';

/** [rowCount, latentSize, ropeSize, context] */
const sizes = [
  [1, 1, 2, 1],
  [5, 63, 0, 5],
  [31, 7, 6, 37],
  [64, 32, 32, 64],
  [100, 65, 16, 130],
] as const;

describeKernel(
  latentCachePrefill,
  sizes.map(([rowCount, latentSize, ropeSize, context], i) => {
    return {
      rowCount,
      slots: 1 + (i % 3),
      latentSize,
      ropeSize,
      context,
      rowStride: 40 + ropeSize,
      keyOffset: 3 * i,
    };
  }),
  { scalars: { length: 29 } },
);
describeKernel(
  latentCacheDecode,
  sizes.map(([heads, latentSize, ropeSize, context], i) => {
    return {
      slots: 1 + (i % 3),
      heads,
      headSize: 3,
      latentSize,
      ropeSize,
      context,
      ring: i < 3 ? context : 1,
      rowsPerRing: i === 2 && context >= 3 ? 3 : 1,
    };
  }),
);

const heads = { heads: 2, headSize: 3, ropeSize: 4, valueSize: 2 };
const wave = (shape: readonly [number, number], frequency: number) => ({
  shape,
  values: Array.from({ length: shape[0] * shape[1] }, (_, i) => Math.sin(frequency * i + 1)),
});

describe('the cache of latent attention', () => {
  it('gets the same rows from prefill as from tokens one by one', async () => {
    const table = { shape: [5, 2, 2], values: [...ropeTable(5, [1, 10 ** -0.5])] };
    const all = {
      ...{ queries: wave([5, 14], 1.3), keyValues: wave([5, 10], 0.9), ropeKey: wave([5, 4], 2.1) },
      ...{ latent: wave([5, 6], 0.4), table, cache: wave([5, 10], 0) },
    };
    const prefill = await runOp(
      all,
      (tape, { queries, keyValues, ropeKey, table, latent, cache }) => {
        const qkv = latentPack(tape, queries, keyValues, { ropeKey, table }, { ...heads, time: 5 });
        latentPrefill(tape, latent, qkv, cache, heads);
        return qkv;
      },
      { training: false, scalars: { length: 4 } },
    );
    const row = ({ shape: [, width], values }: ReturnType<typeof wave>) => {
      return { shape: [1, width], values: values.slice(3 * width, 4 * width) };
    };
    const decode = await runOp(
      {
        ...{ queries: row(all.queries), ropeKey: row(all.ropeKey), latent: row(all.latent) },
        ...{ table, cache: all.cache, state: { shape: [4], values: [3, 0, 0, 0], elementType: 'u32' } },
      },
      (tape, { queries, ropeKey, table, latent, cache, state }) =>
        latentDecode(tape, latent, queries, { ropeKey, table }, state, cache, heads),
      { training: false },
    );
    const [filled = [], appended = []] = [prefill.inputs.cache, decode.inputs.cache];
    expect(appended.slice(30, 40)).toEqual(filled.slice(30, 40));
    expect(filled.slice(30, 36)).toEqual(all.latent.values.slice(18, 24));
    // Rows of other positions, and beyond the prompt's length, are left alone.
    expect(appended.slice(0, 30)).toEqual(all.cache.values.slice(0, 30));
    expect(filled.slice(40)).toEqual(all.cache.values.slice(40));
    for (const head of [0, 1]) {
      const packed = 3 * 32 + head * 7 + 3;
      expect(decode.y.slice(head * 10 + 6, head * 10 + 10)).toEqual(prefill.y.slice(packed, packed + 4));
    }
  });

  it('refuses a cache of another width, and a prompt longer than it', () => {
    const tape = new Tape({ capabilities: baselineCapabilities });
    const [latent, qkv] = [tape.tensor('latent', [5, 6]), tape.tensor('qkv', [5, 32])];
    const [narrow, short] = [tape.tensor('cache', [8, 9]), tape.tensor('cache', [4, 10])];
    expect(() => latentPrefill(tape, latent, qkv, narrow, heads)).toThrow(/rows 10 wide/);
    expect(() => latentPrefill(tape, latent, qkv, short, heads)).toThrow(/5 rows do not fit a cache of 4/);
  });
});
