// Matrix products in three layouts with several variants each, and the function that records one.
import { defineKernel, type Kernel } from '../plan/kernel.ts';
import { isSoftwareLike } from '../plan/software-like.ts';
import type { Tape } from '../plan/tape.ts';
import type { Tensor } from '../plan/tensor.ts';
import { recordColumnSum } from './column-sum.ts';
import {
  type EpilogueDims,
  epilogueFlops,
  epilogueSource,
  epilogueTensors,
  isBare,
  keptNumbers,
  launchedEpilogueFlops,
} from './matmul-epilogue.ts';
import { matmulReference } from './matmul-reference.ts';
import {
  type MatmulDims,
  type MatmulLayout,
  matmulDims,
  naturalDims,
  testEpilogues,
  typicalSizes,
} from './matmul-sizes.ts';
import { slicesFor, slicesOfRow, slicesOfTile, tilesOf } from './matmul-slices.ts';
import { type MatmulVariant, matmulVariants } from './matmul-variants.ts';
import { prologue } from './prologue.ts';
import { ranked } from './tile-variants.ts';

type MatmulKernel = Kernel<
  (typeof matmulDims)[number],
  'x' | 'w' | 'bias' | 'residual' | 'y' | 'kept' | 'slopesAt'
>;

function kernelOf(layout: MatmulLayout, variant: MatmulVariant): MatmulKernel {
  const { tile } = variant;
  const [xTransposed, wTransposed] = [layout === 'tn' ? 1 : 0, layout === 'nt' ? 1 : 0];
  const transposed = { xTransposed, wTransposed };
  const isRow = tile[0] === 4;
  // Sizes with a prime or two: edges in both directions, and a sum that no step divides; aligned variants get
  // the least odd sizes that they take.
  const odd = variant.isAligned
    ? naturalDims(layout, isRow ? 3 : 36, 68, isRow ? 60 : 54)
    : naturalDims(layout, isRow ? 3 : 37, 67, 53);
  // Rows longer than the matrix, all differently: an address by the wrong stride is then a wrong number.
  const [xPad, wPad, yPad] = variant.isAligned ? [12, 8, 4] : [11, 5, 3];
  const isPlain = variant.name === 'plain';
  return defineKernel({
    name: `matmul.${layout}/${variant.name}`,
    role: 'product',
    source: prologue + epilogueSource + variant.source,
    entryPoint: variant.entryPoint ?? 'main',
    dims: matmulDims,
    reads: ['x', 'w', 'bias', 'residual', 'slopesAt'],
    writes: ['y', 'kept'],
    optional: ['bias', 'residual', 'kept', 'slopesAt'],
    requires: variant.requires ?? [],
    ...(variant.sums === undefined ? {} : { sums: variant.sums }),
    constants: () => ({ ...variant.constants, ...(variant.entryPoint ? {} : transposed) }),
    wasmConstants: transposed,
    ...(variant.suits ? { suits: variant.suits } : {}),
    tensors: ({ rows, columns, inner, xStride, wStride, yStride, slices, activation }) => ({
      x: { shape: [xTransposed ? (inner - 1) * xStride + rows : (rows - 1) * xStride + inner] },
      w: { shape: [wTransposed ? (columns - 1) * wStride + inner : (inner - 1) * wStride + columns] },
      bias: { shape: [columns] },
      residual: { shape: [rows, columns] },
      y: { shape: [(slices * rows - 1) * yStride + columns] },
      ...epilogueTensors({ rows, columns, activation }),
    }),
    selfTest: [
      // Slices, which no option goes with; and all options at once.
      { ...odd, xStride: odd.xStride + xPad, wStride: odd.wStride + wPad, slices: 3 },
      {
        ...odd,
        yStride: odd.yStride + yPad,
        hasBias: 1,
        hasResidual: 1,
        accumulate: 1,
        ...testEpilogues[layout],
      },
    ],
    calibration:
      isRow || variant.isForFewRows
        ? [128, 384, 768].map((size) => naturalDims(layout, 1, size, size))
        : isPlain
          ? [32, 64, 128].map((size) => naturalDims(layout, size, size, size))
          : typicalSizes[layout].map(([rows, columns, inner]) => naturalDims(layout, rows, columns, inner)),
    // plain: an invocation a number of y, slices included
    workgroups: (dims) => {
      if (isPlain) return Math.ceil((dims.slices * dims.rows * dims.columns) / 64);
      return dims.slices * tilesOf(dims, tile);
    },
    usefulFlops: ({ rows, columns, inner, hasBias, hasResidual, accumulate, ...dims }) =>
      rows * columns * (2 * inner + hasBias + hasResidual + accumulate + epilogueFlops(dims)),
    countedFlops: ({ rows, columns, inner }) => 2 * rows * columns * inner,
    // Whole tiles, in registers that are there whether y has those rows or not.
    launchedFlops: (dims) => {
      const { rows, columns, inner, slices, hasBias, hasResidual, accumulate } = dims;
      const products = 2 * tilesOf(dims, tile) * tile[0] * tile[1] * slices * Math.ceil(inner / slices);
      const others = hasBias + hasResidual + accumulate + launchedEpilogueFlops(dims);
      return products + rows * columns * others;
    },
    // Operands once, as if every tile's rereading came from caches: a limit that no variant can beat.
    bytes: ({ rows, columns, inner, slices, hasBias, hasResidual, accumulate, activation }) =>
      4 *
      (rows * inner +
        inner * columns +
        hasBias * columns +
        rows * columns * (slices + hasResidual + accumulate + keptNumbers({ activation }))),
    reference: (arrays, dims, scalars) => matmulReference(arrays, dims, layout, scalars),
  });
}

const entriesOf = (layout: MatmulLayout) =>
  matmulVariants(layout).map((variant) => ({
    kernel: kernelOf(layout, variant),
    pays: variant.pays ?? (() => true),
    tile: variant.tile,
  }));
const entries = { nn: entriesOf('nn'), nt: entriesOf('nt'), tn: entriesOf('tn') } as const;

/** Every variant of every layout. */
export const matmulKernels: readonly MatmulKernel[] = Object.values(entries)
  .flat()
  .map(({ kernel }) => kernel);

/** Operands of one product; y is written, bias [columns] and residual [rows, columns] are added; for `kept` see its epilogue. */
export interface MatmulTensors {
  /** [rows, inner], or [inner, rows] of layout tn. */
  readonly x: Tensor;
  /** [inner, columns], or [columns, inner] of layout nt. */
  readonly w: Tensor;
  /** [rows, columns]. */
  readonly y: Tensor;
  /** [columns]. */
  readonly bias?: Tensor | undefined;
  /** [rows, columns], rows side by side. */
  readonly residual?: Tensor | undefined;
  /** [rows, columns]: the sums before an activation, for its slope. */
  readonly kept?: Tensor | undefined;
}

/** Sizes of one product. Strides are row lengths in elements of the stored matrices; natural ones by default. */
export interface MatmulSize {
  /** Of y. */
  readonly rows: number;
  /** Of y. */
  readonly columns: number;
  /** Products that a number of y sums. */
  readonly inner: number;
  readonly xStride?: number;
  readonly wStride?: number;
  readonly yStride?: number;
  /** 1 adds to what y holds. */
  readonly accumulate?: 0 | 1;
  /** What is made of the sums (matmul-epilogue.ts); nothing unless given. */
  readonly epilogue?: Partial<EpilogueDims>;
}

/**
 * Records y = epilogue(x·w (+ bias)) (+ residual) (+ y). A long sum with few outputs (a weight gradient over all tokens) is cut
 * into slices of fixed size that are added in a fixed order, where the device is wide enough to gain by it; on the processor
 * the product of a row with a large matrix, whose rows are then read whole by each thread.
 * @throws if a tensor is smaller than the sizes and strides say.
 */
export function recordMatmul(
  tape: Tape,
  layout: MatmulLayout,
  tensors: MatmulTensors,
  size: MatmulSize,
): void {
  const { rows, columns, inner, accumulate = 0 } = size;
  const { x, w, y, bias, residual, kept } = tensors;
  const natural = naturalDims(layout, rows, columns, inner);
  const { xStride = natural.xStride, wStride = natural.wStride, yStride = natural.yStride } = size;
  const options = { hasBias: bias ? 1 : 0, hasResidual: residual ? 1 : 0, accumulate };
  const dims: MatmulDims = { ...natural, xStride, wStride, yStride, ...options, ...size.epilogue };
  // What is made of a sum can only be made of the whole sum: a sliced product has no epilogue, and what is added is added
  // with its slices, of one row.
  const isWhole = (rows > 1 && (bias || residual)) || yStride !== columns || !isBare(dims);
  const bare = { ...dims, hasBias: 0, hasResidual: 0, accumulate: 0 };
  const sliced = isWhole ? undefined : slicedProduct(tape, layout, bare);
  if (sliced) {
    const { slices } = sliced.dims;
    // Slices are added in a fixed order afterwards: atomics would need no second pass, and give other bits
    // each run.
    const partial = tape.tensor(`${y.name} slices`, [slices, rows, columns]);
    tape.dispatch(sliced.kernel, sliced.dims, { x, w, y: partial });
    recordColumnSum(
      tape,
      { x: partial, y, bias, residual },
      { rows: slices, columns: rows * columns, accumulate },
    );
    return;
  }
  tape.dispatch(tape.choose(ranked(entries[layout], dims), dims), dims, {
    x,
    w,
    y,
    ...(bias ? { bias } : {}),
    ...(residual ? { residual } : {}),
    ...(kept ? { kept } : {}),
  });
}

/** A product whose inner size is cut, and what computes it; undefined where it is not cut. */
function slicedProduct(
  tape: Tape,
  layout: MatmulLayout,
  whole: MatmulDims,
): { readonly kernel: MatmulKernel; readonly dims: MatmulDims } | undefined {
  const { rows } = whole;
  const device = tape.capabilities;
  if (device.maxInvocationsPerWorkgroup === 1) {
    const dims = { ...whole, slices: layout === 'nn' ? slicesOfRow(whole) : 1 };
    return dims.slices > 1 ? { kernel: tape.choose(ranked(entries[layout], dims), dims), dims } : undefined;
  }
  // The few threads of a software adapter are busy without slices; of four rows there is too little to cut.
  if (isSoftwareLike(device) || rows <= 4) return undefined;
  const cut = (slices: number) => {
    const dims = { ...whole, slices };
    const variants = ranked(entries[layout], dims);
    const kernel = tape.choose(variants, dims);
    const tile = entries[layout].find((entry) => entry.kernel === kernel)?.tile;
    return { kernel, dims, tile, isBuiltIn: kernel === variants.find((one) => tape.runs(one, dims)) };
  };
  let product = cut(slicesFor(whole));
  // A variant table takes what is quickest here, of which another number of tiles may fill the device; cut so, it may
  // take yet another.
  for (let tries = 0; tries < 3 && product.tile && !product.isBuiltIn; tries++) {
    const slices = slicesOfTile(whole, product.tile);
    if (slices === product.dims.slices) break;
    product = cut(slices);
  }
  return product.dims.slices > 1 ? product : undefined;
}
