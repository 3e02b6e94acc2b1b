// Attention of one new token against the cached keys and values of its layer: linear in the position, or in the window.
import source from '../../shaders/decode-attention.wgsl?raw';
import { type Dims, defineKernel, type Scalars } from '../plan/kernel.ts';
import { isSoftwareLike } from '../plan/software-like.ts';
import type { Tape } from '../plan/tape.ts';
import { describeTensor, elementCount, type Tensor } from '../plan/tensor.ts';
import { capFlops, cappedScore, capSource } from './attention-cap.ts';
import { prologue } from './prologue.ts';

const decodeDims = [
  ...['heads', 'keyValueHeads', 'keySize', 'valueSize', 'qOffset'],
  // Rows of the cache, their width, and where the value heads start in them.
  ...['context', 'rowWidth', 'valueOffset'],
  ...['scale', 'softcap', 'hasSinks'],
] as const;
type Sizes = Dims<(typeof decodeDims)[number]>;

function sizesOf(options: DecodeAttentionOptions, context: number): Sizes {
  const { heads, keyValueHeads, keySize, valueSize, softcap = 0, sinks, sharedRows = false } = options;
  const keyColumns = keyValueHeads * keySize;
  return {
    ...{ heads, keyValueHeads, keySize, valueSize, qOffset: 0, context },
    rowWidth: sharedRows ? keyColumns : keyColumns + keyValueHeads * valueSize,
    valueOffset: sharedRows ? 0 : keyColumns,
    ...{ scale: options.scale ?? 1 / Math.sqrt(keySize), softcap, hasSinks: sinks ? 1 : 0 },
  };
}

/** Sizes of a self-test or calibration. */
function probe(
  heads: number,
  keyValueHeads: number,
  keySize: number,
  valueSize: number,
  context: number,
): Sizes {
  return sizesOf({ heads, keyValueHeads, keySize, valueSize }, context);
}

/** Keys that are attended to at the position of the step scalars, or of an early token where they do not say. */
function keysAt({ context }: Sizes, { position = 0 }: Scalars): number {
  return Math.min(position + 1, context);
}

/** Where checks and calibration decode: late, so that a good part of the cache is read. */
function probePosition(context: number): number {
  return Math.floor(0.75 * context);
}

/** y [1, heads · valueSize] of the query in qkv at position state[0]; `threads` invocations share the keys of a head. */
function variant(threads: 64 | 256) {
  return defineKernel({
    name: `attention.decode/${threads}`,
    role: 'attention',
    arithmetic: 'softmax arithmetic',
    source: prologue + capSource + source,
    entryPoint: 'main',
    dims: decodeDims,
    constants: ({ keySize, valueSize }) => ({ keySize, valueSize, threads }),
    // A wide device hides latency with threads; on a software adapter idle ones only cost time. A thread has four columns.
    suits: ({ keySize, valueSize }, device) =>
      keySize <= 1024 &&
      valueSize <= 4 * threads &&
      (threads === 64 || valueSize > 256 || !isSoftwareLike(device)),
    reads: ['qkv', 'cache', 'state', 'sinks'],
    writes: ['y'],
    optional: ['sinks'],
    tensors: ({ heads, keySize, valueSize, qOffset, context, rowWidth }) => ({
      qkv: { shape: [1, qOffset + heads * keySize] },
      sinks: { shape: [heads] },
      cache: { shape: [context, rowWidth] },
      state: { shape: [1], elementType: 'u32', fill: () => probePosition(context) },
      y: { shape: [1, heads * valueSize] },
    }),
    probeScalars: ({ context }) => ({ position: probePosition(context) }),
    selfTest: [
      { ...probe(4, 2, 8, 10, 100), softcap: 2, hasSinks: 1 },
      probe(2, 2, 32, 32, 1100),
      sizesOf({ heads: 2, keyValueHeads: 1, keySize: 272, valueSize: 256, sharedRows: true }, 40),
    ],
    calibration: [probe(4, 4, 32, 32, 64), probe(6, 6, 64, 64, 256), probe(6, 2, 64, 64, 1024)],
    workgroups: ({ heads }) => heads,
    usefulFlops: (dims, scalars) => {
      const { heads, keySize, valueSize } = dims;
      return heads * keysAt(dims, scalars) * (scoreFlops(keySize, dims) + 2 * valueSize) + sinkFlops(dims);
    },
    countedFlops: (dims, scalars) => dims.heads * keysAt(dims, scalars) * 2 * (dims.keySize + dims.valueSize),
    launchedFlops: (dims, scalars) => {
      const { heads, keySize, valueSize } = dims;
      const keys = keysAt(dims, scalars);
      const scored = Math.ceil(keys / (4 * threads)) * 4 * threads;
      return heads * (scored * scoreFlops(keySize, dims) + keys * 2 * valueSize) + sinkFlops(dims);
    },
    bytes: (dims, scalars) => {
      const { heads, keySize, valueSize, rowWidth, hasSinks } = dims;
      return 4 * (keysAt(dims, scalars) * rowWidth + heads * (keySize + valueSize + hasSinks));
    },
    reference({ qkv, cache, state, sinks, y }, dims) {
      const { heads, keyValueHeads, keySize, valueSize, qOffset, context, rowWidth, scale } = dims;
      const keyCount = Math.min(state[0], context - 1) + 1;
      const scores = new Float64Array(keyCount);
      for (let head = 0; head < heads; head++) {
        const keyValueHead = Math.floor((head * keyValueHeads) / heads);
        const q = qOffset + head * keySize;
        const sink = dims.hasSinks === 1 ? sinks[head] : Number.NEGATIVE_INFINITY;
        let largest = sink;
        for (let key = 0; key < keyCount; key++) {
          const k = key * rowWidth + keyValueHead * keySize;
          let dot = 0;
          for (let d = 0; d < keySize; d++) dot += qkv[q + d] * cache[k + d];
          scores[key] = cappedScore(dot * scale, dims.softcap);
          largest = Math.max(largest, scores[key]);
        }
        let sum = Math.exp(sink - largest);
        for (let key = 0; key < keyCount; key++) sum += Math.exp(scores[key] - largest);
        const out = head * valueSize;
        for (let d = 0; d < valueSize; d++) y[out + d] = 0;
        for (let key = 0; key < keyCount; key++) {
          const v = key * rowWidth + dims.valueOffset + keyValueHead * valueSize;
          const probability = Math.exp(scores[key] - largest) / sum;
          for (let d = 0; d < valueSize; d++) y[out + d] += probability * cache[v + d];
        }
      }
    },
  });
}

/** Per key the product q·k, then scale, cap, maximum, subtract, exp, sum. */
function scoreFlops(keySize: number, { softcap }: Sizes): number {
  return 2 * keySize + 5 + capFlops({ softcap });
}

/** A sink's maximum, subtract, exp, sum. */
function sinkFlops({ heads, hasSinks }: Sizes): number {
  return 4 * heads * hasSinks;
}

/** Variants of decode attention, the one to prefer first. */
export const decodeAttentions: readonly ReturnType<typeof variant>[] = [variant(256), variant(64)];

/** Heads of a packed row and of the cache. */
export interface DecodeAttentionOptions {
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly keySize: number;
  readonly valueSize: number;
  /** Factor of the scores, 1 / √keySize unless given. */
  readonly scale?: number | undefined;
  /** Scores become softcap · tanh(score ÷ softcap); 0, the default, leaves them. */
  readonly softcap?: number | undefined;
  /** [heads]: a logit a head that takes part in its softmax and adds nothing. */
  readonly sinks?: Tensor | undefined;
  /** Rows of the cache are whole keys, and their first valueSize columns are the values: absorbed latent attention. */
  readonly sharedRows?: boolean | undefined;
}

/**
 * Attention of one query at position state[0] against the cache, its own row included: append that first. The cache is a
 * ring: position p lies in row p mod rows, and min(state[0] + 1, rows) positions are seen.
 * @param qkv [1, …] packed as query heads | key heads | value heads; query heads alone with `sharedRows`
 * @param cache [rows, keyValueHeads · (keySize + valueSize)]; [rows, keyValueHeads · keySize] with `sharedRows`
 * @returns [1, heads · valueSize]
 * @throws if a shape does not fit the heads.
 */
export function decodeAttention(
  tape: Tape,
  qkv: Tensor,
  cache: Tensor,
  state: Tensor,
  options: DecodeAttentionOptions,
): Tensor {
  const { heads, keyValueHeads, keySize, valueSize, sinks, sharedRows = false } = options;
  const dims = sizesOf(options, cache.shape[0] ?? 1);
  const width = heads * keySize + (sharedRows ? 0 : dims.rowWidth);
  const isShared = !sharedRows || (keyValueHeads === 1 && valueSize <= keySize);
  const isFitting = qkv.shape[0] === 1 && qkv.shape[1] === width && cache.shape[1] === dims.rowWidth;
  if (!isFitting || !isShared || heads % keyValueHeads !== 0) {
    throw new Error(
      `decodeAttention: for ${heads} and ${keyValueHeads} heads of ${keySize} and ${valueSize}, qkv must be ` +
        `[1, ${width}] and the cache [context, ${dims.rowWidth}], but they are ${describeTensor(qkv)} and ` +
        `${describeTensor(cache)}. Check the head counts.`,
    );
  }
  if (sinks && elementCount(sinks.shape) !== heads) {
    throw new Error(
      `decodeAttention: the sinks are ${describeTensor(sinks)} for ${heads} heads. Pass one logit a head, [${heads}].`,
    );
  }
  const y = tape.tensor('attention', [1, heads * valueSize]);
  tape.dispatch(tape.choose(decodeAttentions, dims), dims, {
    ...{ qkv, cache, state, y },
    ...(sinks ? { sinks } : {}),
  });
  return y;
}
