// Sizes at which every variant of decode attention is checked: 1, around blocks, grouped heads, long rings, shared rows.
import { decodeAttentions } from '../../src/kernels/decode-attention.ts';
import { baselineCapabilities } from '../../src/plan/kernel.ts';
import { lanesOf } from './describe-kernel.ts';

const isFull = process.env.FLOPSCOPE_FULL !== undefined;

/** [heads, keyValueHeads, keySize, valueSize, context, qOffset, softcap, hasSinks] */
const sizes = [
  [1, 1, 1, 1, 1, 0, 0, 1],
  [4, 2, 8, 10, 64, 0, 2, 1],
  [2, 2, 129, 65, 600, 5, 0, 1],
  [5, 5, 16, 64, 5000, 0, 0, 0],
  ...(isFull ? [[3, 1, 32, 32, 257, 5, 0, 0] as const, [1, 1, 64, 256, 2500, 0, 30, 0] as const] : []),
] as const;

/** The sizes as dims, with rows of queries before the cache's. */
export const decodeShapes = sizes.map(
  ([heads, keyValueHeads, keySize, valueSize, context, qOffset, softcap, hasSinks]) => {
    const rows = { rowWidth: keyValueHeads * (keySize + valueSize), valueOffset: keyValueHeads * keySize };
    const scale = 1 / Math.sqrt(keySize);
    const rowStride = qOffset + heads * keySize + rows.rowWidth;
    const heading = { slots: 1, heads, keyValueHeads, keySize, valueSize, rowStride, qOffset, context };
    return { ...heading, ...rows, window: context, rowsPerRing: 1, scale, softcap, hasSinks };
  },
);

/** [heads, width of a row, columns of it that are the value, rows] */
const sharedSizes = [
  [2, 5, 3, 7],
  [2, 288, 257, 300],
  ...(isFull
    ? ([
        [3, 256, 240, 70],
        [2, 257, 256, 300],
        [1, 640, 576, 513],
      ] as const)
    : []),
] as const;

/** The same of rows that all heads share, and three tokens of a text a ring. */
export const sharedShapes = sharedSizes.map(([heads, keySize, valueSize, context]) => {
  const scale = 1 / Math.sqrt(keySize);
  const rowStride = heads * keySize;
  const heading = { slots: 3, heads, keyValueHeads: 1, keySize, valueSize, rowStride, qOffset: 0, context };
  const rings = { window: Math.ceil(0.9 * context), rowsPerRing: 3 };
  return { ...heading, ...rings, rowWidth: keySize, valueOffset: 0, scale, softcap: 0, hasSinks: 0 };
});

/**
 * Of variants that differ from the first in the threads of a workgroup alone: the context that fills blocks of 64 with every
 * option, and one beyond several blocks of 128. The first takes all.
 */
const telling: Readonly<Record<string, number>> = {
  'attention.decode/64': 64,
  'attention.decode/128': 600,
};

/** The variants with the sizes that they take; those for narrow subgroups are right on wider ones too, and take every head. */
export const decodeAttentionCases = decodeAttentions.map((kernel) => {
  const isSuited = (dims: Parameters<typeof kernel.workgroups>[0]) =>
    lanesOf(kernel) > 0 || (kernel.suits?.(dims, baselineCapabilities) ?? true);
  const context = isFull ? undefined : telling[kernel.name];
  return {
    kernel,
    shapes: [...decodeShapes, ...sharedShapes]
      .filter(isSuited)
      .filter((dims) => context === undefined || dims.context === context),
    scalars: { position: 40 },
  };
});
