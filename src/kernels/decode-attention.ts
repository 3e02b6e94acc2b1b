// Attention of one new token against the cached keys and values of its layer: linear in the position.
import source from '../../shaders/decode-attention.wgsl?raw';
import { type Capabilities, defineKernel, type Scalars } from '../plan/kernel.ts';
import type { Tape } from '../plan/tape.ts';
import { describeTensor, type Tensor } from '../plan/tensor.ts';
import { prologue } from './prologue.ts';

type Sizes = Readonly<
  Record<'heads' | 'keyValueHeads' | 'keySize' | 'valueSize' | 'qOffset' | 'context' | 'scale', number>
>;

function sizesOf(
  heads: number,
  keyValueHeads: number,
  keySize: number,
  valueSize: number,
  context: number,
  scale: number = 1 / Math.sqrt(keySize),
): Sizes {
  return { heads, keyValueHeads, keySize, valueSize, qOffset: 0, context, scale };
}

/** Keys that are attended to at the position of the step scalars, or of an early token where they do not say. */
function keysAt({ position = 0 }: Scalars): number {
  return position + 1;
}

/** Where checks and calibration decode: late, so that a good part of the cache is read. */
function probePosition(context: number): number {
  return Math.floor(0.75 * context);
}

function isNarrow(device: Capabilities): boolean {
  return device.features.has('subgroups') && device.subgroupMaxSize <= 8;
}

/** y [1, heads · valueSize] of the query in qkv at position state[0]; `threads` invocations share the keys of a head. */
function variant(threads: 64 | 256) {
  return defineKernel({
    name: `attention.decode/${threads}`,
    family: 'attention.decode',
    source: prologue + source,
    entryPoint: 'main',
    dims: ['heads', 'keyValueHeads', 'keySize', 'valueSize', 'qOffset', 'context', 'scale'],
    constants: ({ keySize, valueSize }) => ({ keySize, valueSize, threads }),
    // A wide device hides latency with threads; on a software adapter idle ones only cost time.
    suits: ({ keySize, valueSize }, device) =>
      keySize <= 256 && valueSize <= 256 && (threads === 64 || !isNarrow(device)),
    reads: ['qkv', 'cache', 'state'],
    writes: ['y'],
    tensors: ({ heads, keyValueHeads, keySize, valueSize, qOffset, context }) => ({
      qkv: { shape: [1, qOffset + heads * keySize] },
      cache: { shape: [context, keyValueHeads * (keySize + valueSize)] },
      state: { shape: [1], elementType: 'u32', fill: () => probePosition(context) },
      y: { shape: [1, heads * valueSize] },
    }),
    probeScalars: ({ context }) => ({ position: probePosition(context) }),
    selfTest: [sizesOf(4, 2, 8, 10, 100), sizesOf(2, 2, 32, 32, 1100)],
    calibration: [
      sizesOf(4, 4, 32, 32, 64),
      sizesOf(6, 6, 64, 64, 256),
      { ...sizesOf(6, 2, 64, 64, 1024), qOffset: 0 },
    ],
    workgroups: ({ heads }) => heads,
    // Per key and head the product q·k, the sum p·v, and maximum, subtract, exp, sum and the scale.
    usefulFlops: ({ heads, keySize, valueSize }, scalars) =>
      heads * keysAt(scalars) * (2 * keySize + 2 * valueSize + 5),
    launchedFlops: ({ heads, keySize, valueSize }, scalars) =>
      heads * Math.ceil(keysAt(scalars) / (4 * threads)) * 4 * threads * (2 * keySize + 5) +
      heads * keysAt(scalars) * 2 * valueSize,
    bytes: ({ heads, keyValueHeads, keySize, valueSize }, scalars) =>
      4 * (keysAt(scalars) * keyValueHeads + heads) * (keySize + valueSize),
    reference({ qkv, cache, state, y }, dims) {
      const { heads, keyValueHeads, keySize, valueSize, qOffset, context, scale } = dims;
      const keyCount = Math.min(state[0], context - 1) + 1;
      const rowStride = keyValueHeads * (keySize + valueSize);
      const scores = new Float64Array(keyCount);
      for (let head = 0; head < heads; head++) {
        const keyValueHead = Math.floor((head * keyValueHeads) / heads);
        const q = qOffset + head * keySize;
        let largest = Number.NEGATIVE_INFINITY;
        for (let key = 0; key < keyCount; key++) {
          const k = key * rowStride + keyValueHead * keySize;
          let dot = 0;
          for (let d = 0; d < keySize; d++) dot += qkv[q + d] * cache[k + d];
          scores[key] = dot * scale;
          largest = Math.max(largest, scores[key]);
        }
        let sum = 0;
        for (let key = 0; key < keyCount; key++) sum += Math.exp(scores[key] - largest);
        const out = head * valueSize;
        for (let d = 0; d < valueSize; d++) y[out + d] = 0;
        for (let key = 0; key < keyCount; key++) {
          const v = key * rowStride + keyValueHeads * keySize + keyValueHead * valueSize;
          const probability = Math.exp(scores[key] - largest) / sum;
          for (let d = 0; d < valueSize; d++) y[out + d] += probability * cache[v + d];
        }
      }
    },
  });
}

/** Variants of decode attention, the one to prefer first. */
export const decodeAttentions: readonly ReturnType<typeof variant>[] = [variant(256), variant(64)];

/** Heads of a packed row; scores are scaled by 1 / √keySize unless given. */
export interface DecodeAttentionOptions {
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly scale?: number;
}

/**
 * Attention of one query against positions 0 … state[0] of the cache, its own row included: append that first.
 * qkv: [1, …] packed as query heads | key heads | value heads; cache: [context, keyValueHeads · (keySize + valueSize)].
 * Returns [1, heads · valueSize].
 * @throws if a shape does not fit the heads.
 */
export function decodeAttention(
  tape: Tape,
  qkv: Tensor,
  cache: Tensor,
  state: Tensor,
  options: DecodeAttentionOptions,
): Tensor {
  const { heads, keyValueHeads, keySize, valueSize } = options;
  const [rows, width] = [qkv.shape[0], heads * keySize + keyValueHeads * (keySize + valueSize)];
  const cacheWidth = keyValueHeads * (keySize + valueSize);
  if (rows !== 1 || qkv.shape[1] !== width || cache.shape[1] !== cacheWidth || heads % keyValueHeads !== 0) {
    throw new Error(
      `decodeAttention: for ${heads} and ${keyValueHeads} heads of ${keySize} and ${valueSize}, qkv must be ` +
        `[1, ${width}] and the cache [context, ${cacheWidth}], but they are ${describeTensor(qkv)} and ` +
        `${describeTensor(cache)}. Check the head counts.`,
    );
  }
  const context = cache.shape[0] ?? 1;
  const dims = sizesOf(heads, keyValueHeads, keySize, valueSize, context, options.scale);
  const y = tape.tensor('attention', [1, heads * valueSize]);
  tape.dispatch(tape.choose(decodeAttentions, dims), dims, { qkv, cache, state, y });
  return y;
}
