// Sizes at which every attention kernel is checked: 1, around the tiles, grouped heads, odd heads, many workgroups.
import { attentionForwards } from '../../src/kernels/attention.ts';
import { attentionKeyGradients, attentionQueryGradients } from '../../src/kernels/attention-backward.ts';
import { type AttentionDims, packedDims } from '../../src/kernels/attention-shape.ts';
import { baselineCapabilities, type Dims, type Kernel } from '../../src/plan/kernel.ts';
import { lanesOf } from './describe-kernel.ts';

/**
 * [batch, time, heads, keyValueHeads, keySize, valueSize, dropout, window (0 is all), softcap]. Each is a pipeline of every
 * variant that takes it, which a software driver takes a second to compile.
 */
const few = [
  [1, 1, 1, 1, 1, 1, 0, 0, 0],
  [2, 37, 4, 2, 8, 10, 0.3, 5, 2],
  [1, 130, 2, 1, 16, 7, 0.1, 33, 0],
  [1, 257, 5, 1, 8, 8, 0, 32, 3],
  [1, 33, 2, 2, 129, 20, 0.2, 0, 0],
  [300, 17, 4, 2, 4, 2, 0, 0, 0],
  // An even one, for the variants that take dimensions in pairs.
  [1, 33, 2, 2, 128, 20, 0.2, 0, 0],
  [1, 65, 2, 1, 64, 40, 0, 0, 0],
] as const;

/** A device as many real ones: with more memory for a workgroup than every device has. */
const roomy = { ...baselineCapabilities, maxWorkgroupStorageBytes: 32_768 };

/** What the full tests add. */
const more = [
  [1, 70, 2, 2, 6, 4, 0.2, 16, 0],
  [1, 257, 5, 1, 8, 8, 0, 40, 3],
  [1, 64, 3, 3, 32, 32, 0, 0, 0],
  [1, 31, 1, 1, 65, 64, 0, 0, 0],
  [1, 9, 1, 1, 256, 256, 0, 0, 30],
  [700, 2, 100, 50, 2, 3, 0, 1, 0],
  [1, 1, 1, 1, 2, 2, 0, 0, 0],
  [2, 31, 2, 1, 16, 6, 0.1, 0, 0],
  // Windows of one token, around the tiles of 16 and 32 rows, and longer than the sequence.
  [1, 97, 2, 1, 4, 4, 0.2, 1, 0],
  [1, 70, 2, 2, 4, 6, 0, 15, 0],
  [2, 70, 4, 2, 6, 4, 0, 31, 0.5],
  [1, 130, 2, 1, 8, 6, 0, 32, 0],
  [1, 36, 1, 1, 8, 8, 0, 35, 1.5],
  [1, 20, 1, 1, 4, 4, 0, 21, 0],
] as const;

const isFull = process.env.FLOPSCOPE_FULL !== undefined;
const sizes = isFull ? [...few, ...more] : few;

/** The sizes as dims of packed rows with scores scaled by 1/√keySize. */
export const attentionShapes: readonly AttentionDims[] = sizes.map(
  ([batch, time, heads, keyValueHeads, keySize, valueSize, dropout, window, softcap]) => {
    const shape = { batch, time, heads, keyValueHeads, keySize, valueSize };
    return packedDims(shape, 1 / Math.sqrt(keySize), dropout, 7, { window: window || time, softcap });
  },
);

/** The shapes that a variant takes. */
export function shapesFor<D extends Dims, B extends string>(
  kernel: Kernel<keyof D & string, B>,
  shapes: readonly D[],
): readonly D[] {
  const lanes = lanesOf(kernel);
  return shapes.filter((dims) => {
    // Compiling its unrolled loops takes lavapipe seconds: a few ragged sizes, and no mostly empty tiles.
    const tiledTimes = isFull ? [31, 37, 130] : [37];
    if (kernel.name.endsWith('/tiled') && !tiledTimes.includes(dims.time ?? 0)) return false;
    if (kernel.name.endsWith('/tiled-64') && ![37, 65, 130].includes(dims.time ?? 0)) return false;
    // For the tile of 64 rows, which keeps two slabs of such heads.
    if (dims.time === 65 && !kernel.name.endsWith('/tiled-64')) return false;
    // The odd one shows what the even one would.
    if (!isFull && lanes === 0 && dims.keySize === 128) return false;
    // The same text as for four lanes, so a shape with every option shows it.
    if (!isFull && lanes === 8 && dims.time !== 37) return false;
    // A subgroup variant is right on wider subgroups too; suits() keeps it from them because it is slow there.
    const subgroups = { ...baselineCapabilities, subgroupMinSize: lanes, subgroupMaxSize: lanes };
    return kernel.suits?.(dims, lanes > 0 ? subgroups : roomy) ?? true;
  });
}

const withSinks = attentionShapes.map((dims, index) => ({ ...dims, hasSinks: index % 2 }));
const accumulating = attentionShapes.map((dims, index) => ({ ...dims, accumulate: index % 2 }));

/** The forward variants with their sizes, every second of them with sinks. */
export const attentionCases = attentionForwards.map((kernel) => ({
  kernel,
  shapes: shapesFor(kernel, withSinks),
}));

/** The variants of the gradient of queries with their sizes, every second of them adding to a gradient. */
export const queryGradientCases = attentionQueryGradients.map((kernel) => ({
  kernel,
  shapes: shapesFor(kernel, accumulating),
}));

/** The same of the gradients of keys and values. */
export const keyGradientCases = attentionKeyGradients.map((kernel) => ({
  kernel,
  shapes: shapesFor(kernel, accumulating),
}));
