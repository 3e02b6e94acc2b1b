// Attention of one new token of each sequence against a cache that was rounded to int8: variants of decode-attention.ts.
import source from '../../shaders/quantised-decode-attention.wgsl?raw';
import { type BindingSpec, type Dims, defineKernel, type NumberArray } from '../plan/kernel.ts';
import { type CacheRow, partPlace, rowElements, rowParts, wordNumbers } from '../plan/quantised-cache.ts';
import { isSoftwareLike } from '../plan/software-like.ts';
import { capSource } from './attention-cap.ts';
import { ringSource } from './cache-ring.ts';
import {
  type DecodeAttentionOptions,
  type DecodeSizes,
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
import { bitsOfFloat, floatOfBits } from './quantise.ts';
import { sumsSource } from './workgroup-sums.ts';

// `sharedRows` and the row's words replace the f32 row's width and offset; all else is as there.
const dimNames = [
  ...['slots', 'heads', 'keyValueHeads', 'keySize', 'valueSize', 'sharedRows', 'rowStride', 'qOffset'],
  ...['context', 'window', 'rowsPerRing', 'rowWords', 'scale', 'softcap', 'hasSinks'],
] as const;

/** Sizes of one decode attention over a cache of int8. */
export type QuantisedDecodeSizes = Dims<(typeof dimNames)[number]>;

/** What a row of the cache holds, in parts that have a scale each. */
export function cacheRowOf({
  keyValueHeads,
  keySize,
  valueSize,
  sharedRows = false,
}: Pick<DecodeAttentionOptions, 'keyValueHeads' | 'keySize' | 'valueSize' | 'sharedRows'>): CacheRow {
  return sharedRows
    ? { parts: 1, firstSize: valueSize, secondSize: keySize - valueSize }
    : { parts: keyValueHeads, firstSize: keySize, secondSize: valueSize };
}

/** The same attention over rows of int8. */
export function quantisedSizes({ rowWidth, valueOffset, ...sizes }: DecodeSizes): QuantisedDecodeSizes {
  const sharedRows = valueOffset === 0;
  const rowWords = rowElements(cacheRowOf({ ...sizes, sharedRows }), 'int8');
  return { ...sizes, sharedRows: sharedRows ? 1 : 0, rowWords };
}

/** The row of a cache with such sizes. */
function rowOf(dims: QuantisedDecodeSizes): CacheRow {
  return cacheRowOf({ ...dims, sharedRows: dims.sharedRows === 1 });
}

/**
 * Words of any numbers, with scales about as large as those of standard normal ones.
 * Any bytes are numbers here, but scales must be numbers of a likely size.
 */
function cacheSpec(dims: QuantisedDecodeSizes): BindingSpec {
  const { slots, context, rowsPerRing, rowWords } = dims;
  const firstScale = rowWords - rowParts(rowOf(dims));
  return {
    shape: [slots / rowsPerRing, context, rowWords],
    elementType: 'u32',
    fill: (uniform, index) =>
      index % rowWords < firstScale ? Math.floor(uniform * 2 ** 32) : bitsOfFloat((1 + uniform) / 128),
  };
}

/** `threads` invocations share a head's keys, four each at a time. */
function kernelOf(threads: 64 | 256) {
  return defineKernel({
    name: `quantisedAttention.decode/${threads}`,
    role: 'attention',
    arithmetic: 'softmax arithmetic',
    source: prologue + capSource + ringSource + sumsSource + source,
    entryPoint: 'main',
    dims: dimNames,
    constants: ({ keySize, valueSize, sharedRows }) => ({ keySize, valueSize, sharedRows, threads }),
    suits: ({ keySize, valueSize }, device) =>
      keySize <= 1024 &&
      valueSize <= 4 * threads &&
      (threads === 64 ||
        device.maxInvocationsPerWorkgroup === 1 ||
        (device.maxInvocationsPerWorkgroup >= threads && (valueSize > 256 || !isSoftwareLike(device)))),
    reads: ['qkv', 'cache', 'state', 'sinks'],
    writes: ['y'],
    optional: ['sinks'],
    tensors: (dims) => ({
      qkv: { shape: [dims.slots, dims.rowStride] },
      sinks: { shape: [dims.heads] },
      cache: cacheSpec(dims),
      state: stateSpec(dims),
      y: { shape: [dims.slots, dims.heads * dims.valueSize] },
    }),
    probeScalars: ({ context }) => ({ position: probePosition(context) }),
    selfTest: [
      { ...quantisedSizes(probe(4, 2, 8, 10, 100, 3)), softcap: 2, hasSinks: 1 },
      quantisedSizes(probe(2, 2, 32, 32, 1100)),
      quantisedSizes(sizesOf({ heads: 2, keyValueHeads: 2, keySize: 8, valueSize: 8, window: 40 }, 6, 50, 3)),
      quantisedSizes(
        sizesOf({ heads: 2, keyValueHeads: 1, keySize: 73, valueSize: 66, sharedRows: true }, 2, 40),
      ),
    ],
    calibration: [probe(4, 4, 32, 32, 64), probe(6, 6, 64, 64, 256), probe(6, 2, 64, 64, 1024)].map(
      quantisedSizes,
    ),
    // a workgroup a slot and head, as of f32: what is read is four times less
    workgroups: ({ slots, heads }) => slots * heads,
    usefulFlops: (dims, scalars) => {
      const { slots, heads, keySize, valueSize } = dims;
      // A key's scale multiplies its score, a value's its weight: two products a key instead of one a number.
      const ofKey = scoreFlops(keySize, dims) + 2 + 2 * valueSize; // the scales of key and value
      return slots * (heads * keysAt(dims, scalars) * ofKey + sinkFlops(dims));
    },
    countedFlops: (dims, scalars) =>
      dims.slots * dims.heads * keysAt(dims, scalars) * 2 * (dims.keySize + dims.valueSize),
    launchedFlops: (dims, scalars) => {
      const { slots, heads, keySize, valueSize } = dims;
      const keys = keysAt(dims, scalars);
      const scored = Math.ceil(keys / (4 * threads)) * 4 * threads;
      const ofKeys = scored * (scoreFlops(keySize, dims) + 2) + keys * 2 * valueSize;
      return slots * (heads * ofKeys + sinkFlops(dims));
    },
    // As decode-attention.ts counts, with rows in words: a quarter of the bytes, and the scales.
    bytes: (dims, scalars) => {
      const { slots, heads, keySize, valueSize, rowWords, hasSinks } = dims;
      return 4 * slots * (keysAt(dims, scalars) * rowWords + heads * (keySize + valueSize + hasSinks));
    },
    // The cache made numbers again, and then the reference of f32: whatever differs is the shader's.
    reference: (arrays, dims) => {
      const { cache, sizes } = dequantised(arrays, dims);
      decodeReference({ ...arrays, cache }, sizes);
    },
  });
}

/** The rows of the cache as numbers, and the sizes of attention over them. */
function dequantised(
  { cache }: { readonly cache: NumberArray },
  dims: QuantisedDecodeSizes,
): { readonly cache: Float32Array; readonly sizes: DecodeSizes } {
  const row = rowOf(dims);
  const { slots, context, rowsPerRing, rowWords, keyValueHeads, keySize } = dims;
  const rowWidth = rowElements(row, 'f32');
  // Rows that nobody reads may hold anything, even scales that are no numbers: they become none here, and are not read.
  const rows = (slots / rowsPerRing) * context;
  const numbers = new Float32Array(rows * rowWidth);
  for (let at = 0; at < rows; at++) {
    for (let part = 0; part < rowParts(row); part++) {
      const { size, number, word, scale } = partPlace(row, part);
      const factor = floatOfBits(cache[at * rowWords + scale]);
      const [from, to] = [at * rowWords + word, at * rowWidth + number];
      for (let d = 0; d < size; d++) {
        // The byte is moved to the top of the word and back: the arithmetic shift spreads its sign.
        const bits = cache[from + Math.floor(d / wordNumbers)] << (24 - 8 * (d % wordNumbers));
        numbers[to + d] = factor * (bits >> 24);
      }
    }
  }
  const valueOffset = dims.sharedRows === 1 ? 0 : keyValueHeads * keySize;
  return { cache: numbers, sizes: { ...dims, rowWidth, valueOffset } };
}

/**
 * Variants of decode attention over int8, the one to prefer first.
 * Wide devices hide latency with threads; an adapter of 128 invocations or less takes the last.
 */
export const quantisedDecodeAttentions: readonly ReturnType<typeof kernelOf>[] = [
  kernelOf(256),
  kernelOf(64),
];
