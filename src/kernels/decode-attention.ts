// Attention of one new token of each sequence against its cached keys and values: linear in the position, or in the window.
import workgroupSource from '../../shaders/decode-attention.wgsl?raw';
import subgroupSource from '../../shaders/decode-attention-subgroup.wgsl?raw';
import { type Capabilities, defineKernel, type Feature } from '../plan/kernel.ts';
import { rowElements } from '../plan/quantised-cache.ts';
import { isSoftwareLike } from '../plan/software-like.ts';
import type { Tape } from '../plan/tape.ts';
import { describeTensor, elementCount, type Tensor } from '../plan/tensor.ts';
import { capSource } from './attention-cap.ts';
import { ringSource } from './cache-ring.ts';
import { partsFor, recordInParts } from './decode-attention-parts.ts';
import {
  type DecodeAttentionOptions,
  type DecodeSizes,
  decodeDims,
  decodeReference,
  keysAt,
  probe,
  probePosition,
  scoreFlops,
  sinkFlops,
  sizesOf,
  stateSpec,
} from './decode-attention-shape.ts';
import { prologue } from './prologue.ts';
import { cacheRowOf, quantisedDecodeAttentions, quantisedSizes } from './quantised-decode-attention.ts';
import { ringsOf, rowsPerRing, slotsOf } from './slots.ts';
import { sumsSource } from './workgroup-sums.ts';

/** One way to compute it: a shader, its constants besides the head sizes, the keys that it scores at a time, and where it runs. */
interface Variant {
  readonly name: string;
  readonly source: string;
  readonly requires?: readonly Feature[];
  readonly constants: Readonly<Record<string, number>>;
  readonly chunkKeys: number;
  readonly suits: (dims: DecodeSizes, device: Capabilities) => boolean;
}

/** `threads` invocations share a head's keys, four each at a time. */
function workgroupVariant(threads: 64 | 128 | 256): Variant {
  return {
    name: `${threads}`,
    source: sumsSource + workgroupSource,
    constants: { threads },
    chunkKeys: 4 * threads,
    // A wide device hides latency with threads; on a software adapter idle ones only cost time. A thread has four columns.
    suits: ({ keySize, valueSize }, device) =>
      keySize <= 1024 &&
      valueSize <= 4 * threads &&
      (threads === 64 ||
        device.maxInvocationsPerWorkgroup === 1 ||
        device.maxInvocationsPerWorkgroup >= threads) &&
      (threads === 64 || valueSize > 256 || !isSoftwareLike(device)),
  };
}

/** One narrow subgroup has a head, without barriers: a software adapter's. */
function subgroupVariant(lanes: 4 | 8): Variant {
  return {
    name: `subgroup${lanes}`,
    source: subgroupSource,
    requires: ['subgroups'],
    constants: { lanes },
    chunkKeys: 4 * lanes,
    // Exactly so many lanes: chunks and the columns of a lane are cut by them.
    suits: (_, device) => isSoftwareLike(device) && device.subgroupMinSize === lanes,
  };
}

/** y [slots, heads · valueSize] of each slot's query at the position in its state. */
function kernelOf({ name, source, requires = [], constants, chunkKeys, suits }: Variant) {
  return defineKernel({
    name: `attention.decode/${name}`,
    role: 'attention',
    arithmetic: 'softmax arithmetic',
    source: prologue + capSource + ringSource + source,
    entryPoint: 'main',
    dims: decodeDims,
    requires,
    constants: ({ keySize, valueSize }) => ({ keySize, valueSize, ...constants }),
    suits,
    reads: ['qkv', 'cache', 'state', 'sinks'],
    writes: ['y'],
    optional: ['sinks'],
    tensors: (dims) => ({
      qkv: { shape: [dims.slots, dims.rowStride] },
      sinks: { shape: [dims.heads] },
      cache: { shape: [dims.slots / dims.rowsPerRing, dims.context, dims.rowWidth] },
      state: stateSpec(dims),
      y: { shape: [dims.slots, dims.heads * dims.valueSize] },
    }),
    probeScalars: ({ context }) => ({ position: probePosition(context) }),
    selfTest: [
      { ...probe(4, 2, 8, 10, 100, 3), softcap: 2, hasSinks: 1 },
      // More keys than most variants take at a time, so that sums are rescaled.
      probe(2, 2, 32, 32, 1100),
      // Tokens of two texts over rings that have gone round, as far as a window reaches.
      sizesOf({ heads: 2, keyValueHeads: 2, keySize: 8, valueSize: 8, window: 40 }, 6, 50, 3),
      sizesOf({ heads: 2, keyValueHeads: 1, keySize: 272, valueSize: 256, sharedRows: true }, 2, 40),
    ],
    calibration: [probe(4, 4, 32, 32, 64), probe(6, 6, 64, 64, 256), probe(6, 2, 64, 64, 1024)],
    // One token has few rows: heads and slots are all there is to share out, besides keys (decode-attention-parts.ts).
    workgroups: ({ slots, heads }) => slots * heads,
    usefulFlops: (dims, scalars) => {
      const { heads, keySize, valueSize } = dims;
      // Keys beyond the position cost nothing: the position is read from the state when the kernel runs.
      const ofKeys = heads * keysAt(dims, scalars) * (scoreFlops(keySize, dims) + 2 * valueSize);
      return dims.slots * (ofKeys + sinkFlops(dims));
    },
    countedFlops: (dims, scalars) =>
      dims.slots * dims.heads * keysAt(dims, scalars) * 2 * (dims.keySize + dims.valueSize),
    launchedFlops: (dims, scalars) => {
      const { heads, keySize, valueSize } = dims;
      const keys = keysAt(dims, scalars);
      // Scores are computed for whole chunks; values only of keys that there are.
      const scored = Math.ceil(keys / chunkKeys) * chunkKeys;
      const ofKeys = heads * (scored * scoreFlops(keySize, dims) + keys * 2 * valueSize);
      return dims.slots * (ofKeys + sinkFlops(dims));
    },
    bytes: (dims, scalars) => {
      const { slots, heads, keySize, valueSize, rowWidth, hasSinks } = dims;
      // the cache's rows so far once, as query heads of a group read the same; a query in, a value row out
      return 4 * slots * (keysAt(dims, scalars) * rowWidth + heads * (keySize + valueSize + hasSinks));
    },
    reference: decodeReference,
  });
}

/** Variants of decode attention, the one to prefer first. */
export const decodeAttentions: readonly ReturnType<typeof kernelOf>[] = [
  subgroupVariant(8),
  subgroupVariant(4),
  workgroupVariant(256),
  workgroupVariant(128),
  workgroupVariant(64),
].map(kernelOf);

/**
 * Attention of one query a row of the state, at the position there, against its slot's cache, its own row included: append
 * that first. The cache of a slot is a ring: position p lies in row p mod rows, and min(p + 1, window) positions are seen. Where
 * the state has more rows than the cache has slots, as many in turn share a ring: tokens of one text, in order. Such a ring
 * needs a row more than the window for each token but one.
 * @param qkv [rows, …] packed as query heads | key heads | value heads; query heads alone with `sharedRows`
 * @param cache [slots, rows, keyValueHeads · (keySize + valueSize)]; rows of keyValueHeads · keySize with `sharedRows`;
 * without the slots for one. u32: rows of int8, as src/plan/quantised-cache.ts lays them out
 * @param state u32 [rows, 4]: position, token, counter, produced
 * @returns [rows, heads · valueSize]
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
  const [slots = 1] = qkv.shape;
  const perRing = rowsPerRing(slots, cache);
  const dims = sizesOf(options, slots, ringsOf(cache).context, perRing);
  const { rowStride: width } = dims;
  const format = cache.elementType === 'u32' ? 'int8' : 'f32';
  const rowWidth = rowElements(cacheRowOf(options), format);
  const isShared = !sharedRows || (keyValueHeads === 1 && valueSize <= keySize);
  const isFitting = qkv.shape[1] === width && cache.shape.at(-1) === rowWidth && slotsOf(state) >= slots;
  if (!isFitting || !isShared || heads % keyValueHeads !== 0) {
    throw new Error(
      `decodeAttention: for ${heads} and ${keyValueHeads} heads of ${keySize} and ${valueSize}, qkv must be ` +
        `[${slots}, ${width}], the cache [${slots / perRing}, context, ${rowWidth}] and the state [${slots}, 4], but they ` +
        `are ${describeTensor(qkv)}, ${describeTensor(cache)} and ${describeTensor(state)}. Check the head counts.`,
    );
  }
  if (sinks && elementCount(sinks.shape) !== heads) {
    throw new Error(
      `decodeAttention: the sinks are ${describeTensor(sinks)} for ${heads} heads. Pass one logit a head, [${heads}].`,
    );
  }
  const y = tape.tensor('attention', [slots, heads * valueSize]);
  const tensors = { qkv, cache, state, y, ...(sinks ? { sinks } : {}) };
  if (format === 'int8') {
    const quantised = quantisedSizes(dims);
    tape.dispatch(tape.choose(quantisedDecodeAttentions, quantised), quantised, tensors);
    return y;
  }
  // A long cache with few heads leaves a wide device idle, unless each head's keys are shared out.
  const parts = partsFor(tape, dims);
  if (parts > 1) recordInParts(tape, dims, parts, tensors);
  else tape.dispatch(tape.choose(decodeAttentions, dims), dims, tensors);
  return y;
}
