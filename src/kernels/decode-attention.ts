// Attention of one new token of each sequence against its cached keys and values: linear in the position, or in the window.
import workgroupSource from '../../shaders/decode-attention.wgsl?raw';
import subgroupSource from '../../shaders/decode-attention-subgroup.wgsl?raw';
import { type Capabilities, type Dims, defineKernel, type Feature, type Scalars } from '../plan/kernel.ts';
import { isSoftwareLike } from '../plan/software-like.ts';
import type { Tape } from '../plan/tape.ts';
import { describeTensor, elementCount, type Tensor } from '../plan/tensor.ts';
import { capFlops, cappedScore, capSource } from './attention-cap.ts';
import { prologue } from './prologue.ts';
import { ringsOf, slotsOf } from './slots.ts';

const decodeDims = [
  // Sequences decoded together, heads, and where the query heads of a sequence lie.
  ...['slots', 'heads', 'keyValueHeads', 'keySize', 'valueSize', 'rowStride', 'qOffset'],
  // Rows of a slot's cache, their width, and where the value heads start in them.
  ...['context', 'rowWidth', 'valueOffset'],
  ...['scale', 'softcap', 'hasSinks'],
] as const;
type Sizes = Dims<(typeof decodeDims)[number]>;

function sizesOf(options: DecodeAttentionOptions, slots: number, context: number): Sizes {
  const { heads, keyValueHeads, keySize, valueSize, softcap = 0, sinks, sharedRows = false } = options;
  const keyColumns = keyValueHeads * keySize;
  const rowWidth = sharedRows ? keyColumns : keyColumns + keyValueHeads * valueSize;
  const rowStride = heads * keySize + (sharedRows ? 0 : rowWidth);
  return {
    slots,
    heads,
    keyValueHeads,
    keySize,
    valueSize,
    rowStride,
    qOffset: 0,
    context,
    rowWidth,
    valueOffset: sharedRows ? 0 : keyColumns,
    scale: options.scale ?? 1 / Math.sqrt(keySize),
    softcap,
    hasSinks: sinks ? 1 : 0,
  };
}

/** Sizes of a self-test or calibration. */
function probe(
  heads: number,
  keyValueHeads: number,
  keySize: number,
  valueSize: number,
  context: number,
  slots = 1,
): Sizes {
  return sizesOf({ heads, keyValueHeads, keySize, valueSize }, slots, context);
}

/** Keys that a slot attends to at the (mean) position of the step scalars, or of an early token where they do not say. */
function keysAt({ context }: Sizes, { position = 0 }: Scalars): number {
  return Math.min(position + 1, context);
}

/** Where checks and calibration decode: late, so that a good part of the cache is read. */
function probePosition(context: number): number {
  return Math.floor(0.75 * context);
}

/** One way to compute it: a shader, its constants besides the head sizes, the keys that it scores at a time, and where it runs. */
interface Variant {
  readonly name: string;
  readonly source: string;
  readonly requires?: readonly Feature[];
  readonly constants: Readonly<Record<string, number>>;
  readonly chunkKeys: number;
  readonly suits: (dims: Sizes, device: Capabilities) => boolean;
}

/** `threads` invocations share a head's keys, four each at a time. */
function workgroupVariant(threads: 64 | 128 | 256): Variant {
  return {
    name: `${threads}`,
    source: workgroupSource,
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
    suits: (_, device) => isSoftwareLike(device) && device.subgroupMinSize === lanes,
  };
}

/** y [slots, heads · valueSize] of each slot's query at the position in its state. */
function kernelOf({ name, source, requires = [], constants, chunkKeys, suits }: Variant) {
  return defineKernel({
    name: `attention.decode/${name}`,
    role: 'attention',
    arithmetic: 'softmax arithmetic',
    source: prologue + capSource + source,
    entryPoint: 'main',
    dims: decodeDims,
    requires,
    constants: ({ keySize, valueSize }) => ({ keySize, valueSize, ...constants }),
    suits,
    reads: ['qkv', 'cache', 'state', 'sinks'],
    writes: ['y'],
    optional: ['sinks'],
    tensors: ({ slots, heads, valueSize, rowStride, context, rowWidth }) => ({
      qkv: { shape: [slots, rowStride] },
      sinks: { shape: [heads] },
      cache: { shape: [slots, context, rowWidth] },
      // Slots at several positions, the first of them where calibration decodes.
      state: {
        shape: [slots, 4],
        elementType: 'u32',
        fill: (_, index) => Math.max(0, probePosition(context) - 3 * (index >> 2)),
      },
      y: { shape: [slots, heads * valueSize] },
    }),
    probeScalars: ({ context }) => ({ position: probePosition(context) }),
    selfTest: [
      { ...probe(4, 2, 8, 10, 100, 3), softcap: 2, hasSinks: 1 },
      probe(2, 2, 32, 32, 1100),
      sizesOf({ heads: 2, keyValueHeads: 1, keySize: 272, valueSize: 256, sharedRows: true }, 2, 40),
    ],
    calibration: [probe(4, 4, 32, 32, 64), probe(6, 6, 64, 64, 256), probe(6, 2, 64, 64, 1024)],
    workgroups: ({ slots, heads }) => slots * heads,
    usefulFlops: (dims, scalars) => {
      const { heads, keySize, valueSize } = dims;
      const ofKeys = heads * keysAt(dims, scalars) * (scoreFlops(keySize, dims) + 2 * valueSize);
      return dims.slots * (ofKeys + sinkFlops(dims));
    },
    countedFlops: (dims, scalars) =>
      dims.slots * dims.heads * keysAt(dims, scalars) * 2 * (dims.keySize + dims.valueSize),
    launchedFlops: (dims, scalars) => {
      const { heads, keySize, valueSize } = dims;
      const keys = keysAt(dims, scalars);
      const scored = Math.ceil(keys / chunkKeys) * chunkKeys;
      const ofKeys = heads * (scored * scoreFlops(keySize, dims) + keys * 2 * valueSize);
      return dims.slots * (ofKeys + sinkFlops(dims));
    },
    bytes: (dims, scalars) => {
      const { slots, heads, keySize, valueSize, rowWidth, hasSinks } = dims;
      return 4 * slots * (keysAt(dims, scalars) * rowWidth + heads * (keySize + valueSize + hasSinks));
    },
    reference({ qkv, cache, state, sinks, y }, dims) {
      const {
        slots,
        heads,
        keyValueHeads,
        keySize,
        valueSize,
        rowStride,
        qOffset,
        context,
        rowWidth,
        scale,
      } = dims;
      for (let index = 0; index < slots * heads; index++) {
        const [slot, head] = [Math.floor(index / heads), index % heads];
        const keyCount = Math.min(state[4 * slot], context - 1) + 1;
        const scores = new Float64Array(keyCount);
        const firstRow = slot * context;
        const keyValueHead = Math.floor((head * keyValueHeads) / heads);
        const q = slot * rowStride + qOffset + head * keySize;
        const sink = dims.hasSinks === 1 ? sinks[head] : Number.NEGATIVE_INFINITY;
        let largest = sink;
        for (let key = 0; key < keyCount; key++) {
          const k = (firstRow + key) * rowWidth + keyValueHead * keySize;
          let dot = 0;
          for (let d = 0; d < keySize; d++) dot += qkv[q + d] * cache[k + d];
          scores[key] = cappedScore(dot * scale, dims.softcap);
          largest = Math.max(largest, scores[key]);
        }
        let sum = Math.exp(sink - largest);
        for (let key = 0; key < keyCount; key++) sum += Math.exp(scores[key] - largest);
        const out = index * valueSize;
        for (let d = 0; d < valueSize; d++) y[out + d] = 0;
        for (let key = 0; key < keyCount; key++) {
          const v = (firstRow + key) * rowWidth + dims.valueOffset + keyValueHead * valueSize;
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
export const decodeAttentions: readonly ReturnType<typeof kernelOf>[] = [
  subgroupVariant(8),
  subgroupVariant(4),
  workgroupVariant(256),
  workgroupVariant(128),
  workgroupVariant(64),
].map(kernelOf);

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
 * Attention of one query a slot, at the position in its state, against its cache, its own row included: append that first.
 * The cache of a slot is a ring: position p lies in row p mod rows, and min(p + 1, rows) positions are seen.
 * @param qkv [slots, …] packed as query heads | key heads | value heads; query heads alone with `sharedRows`
 * @param cache [slots, rows, keyValueHeads · (keySize + valueSize)]; rows of keyValueHeads · keySize with `sharedRows`;
 * without the slots for one
 * @param state u32 [slots, 4]: position, token, counter, produced
 * @returns [slots, heads · valueSize]
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
  const rings = ringsOf(cache);
  const dims = sizesOf(options, rings.slots, rings.context);
  const { slots, rowStride: width } = dims;
  const isShared = !sharedRows || (keyValueHeads === 1 && valueSize <= keySize);
  const isFitting =
    qkv.shape[0] === slots &&
    qkv.shape[1] === width &&
    cache.shape.at(-1) === dims.rowWidth &&
    slotsOf(state) >= slots;
  if (!isFitting || !isShared || heads % keyValueHeads !== 0) {
    throw new Error(
      `decodeAttention: for ${heads} and ${keyValueHeads} heads of ${keySize} and ${valueSize}, qkv must be ` +
        `[${slots}, ${width}], the cache [${slots}, context, ${dims.rowWidth}] and the state [${slots}, 4], but they ` +
        `are ${describeTensor(qkv)}, ${describeTensor(cache)} and ${describeTensor(state)}. Check the head counts.`,
    );
  }
  if (sinks && elementCount(sinks.shape) !== heads) {
    throw new Error(
      `decodeAttention: the sinks are ${describeTensor(sinks)} for ${heads} heads. Pass one logit a head, [${heads}].`,
    );
  }
  const y = tape.tensor('attention', [slots, heads * valueSize]);
  tape.dispatch(tape.choose(decodeAttentions, dims), dims, {
    qkv,
    cache,
    state,
    y,
    ...(sinks ? { sinks } : {}),
  });
  return y;
}
