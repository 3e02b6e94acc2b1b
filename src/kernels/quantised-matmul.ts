// Products with quantised matrices, for inference: y = x·w (+ bias) (+ residual), with several variants for each format.
import blockSource from '../../shaders/matmul-block.wgsl?raw';
import tiledSource from '../../shaders/matmul-tiled.wgsl?raw';
import tilesSource from '../../shaders/matmul-tiles.wgsl?raw';
import lanesSource from '../../shaders/quantised-matmul-lanes.wgsl?raw';
import plainSource from '../../shaders/quantised-matmul-plain.wgsl?raw';
import rowSource from '../../shaders/quantised-matmul-row.wgsl?raw';
import subgroupSource from '../../shaders/quantised-matmul-subgroup.wgsl?raw';
import columnsSource from '../../shaders/quantised-matmul-tiled.wgsl?raw';
import { type Capabilities, type Dims, defineKernel, type Feature, type Kernel } from '../plan/kernel.ts';
import type { QuantisedFormat } from '../plan/quantised.ts';
import { isSoftwareLike } from '../plan/software-like.ts';
import type { Tape } from '../plan/tape.ts';
import type { MatmulTensors } from './matmul.ts';
import {
  formatBits,
  quantisedBytes,
  quantisedColumn,
  quantisedOf,
  quantisedSource,
  quantisedSpec,
} from './quantised-weights.ts';

const dimNames = ['rows', 'columns', 'inner', 'xStride', 'yStride', 'hasBias', 'hasResidual'] as const;

/** Sizes, row lengths and options of one product. */
export type QuantisedMatmulDims = Dims<(typeof dimNames)[number]>;

type QuantisedKernel = Kernel<(typeof dimNames)[number], 'x' | 'w' | 'bias' | 'residual' | 'y'>;

/** One way to compute a product: a shader, its constants, the tile of one workgroup, and where it pays. */
interface Variant {
  /** Behind the slash of the kernel. */
  readonly name: string;
  /** WGSL behind what reads words. */
  readonly source: string;
  /** Features of the device without which it does not compile. */
  readonly requires?: readonly Feature[];
  /** Values of the shader’s override constants, besides the dims. */
  readonly constants: Readonly<Record<string, number>>;
  /** Rows and columns of y that one workgroup computes. */
  readonly tile: readonly [rows: number, columns: number];
  /** True where it computes the right thing and is worth trying; everywhere if absent. */
  readonly suits?: (dims: QuantisedMatmulDims, device: Capabilities) => boolean;
}

/**
 * Two rows or one times four neighbouring columns a lane, twice: decoding on a software adapter.
 * Decoding reads every weight once and computes little with it: words are taken apart where they are used, since
 * numbers that were unpacked into memory first would cost the bytes that rounding saved.
 */
const lanesVariant = (lanes: 4 | 8): Variant => ({
  name: `lanes${lanes}`,
  source: lanesSource,
  requires: ['subgroups'],
  constants: { lanes },
  tile: [1, 8 * lanes],
  suits: ({ rows }, device) => isSoftwareLike(device) && device.subgroupMinSize === lanes && rows <= 2,
});

/** A tile in the registers of a narrow subgroup. Up to eight rows go by fours, which costs less than half of sixteen. */
const subgroupVariant = (lanes: 4 | 8, tileRows: 4 | 16): Variant => ({
  name: `subgroup${lanes}-${tileRows}x8`,
  source: subgroupSource,
  requires: ['subgroups'],
  constants: { lanes, tileRows },
  tile: [tileRows, 8 * lanes],
  suits: ({ rows }, device) =>
    isSoftwareLike(device) && device.subgroupMinSize === lanes && (tileRows === 16 || rows <= 8),
});

/** Blocks of 4 × 4 per invocation, staged through workgroup memory. */
const tiledVariant = (side: 8 | 16): Variant => ({
  name: `tiled-${4 * side}x${4 * side}-4x4`,
  source: blockSource + tilesSource + tiledSource + columnsSource,
  constants: {
    threadsDown: side,
    threadsAcross: side,
    blocks: 1,
    tileInner: 16,
    xTransposed: 0,
    wTransposed: 0,
    accumulate: 0,
  },
  tile: [4 * side, 4 * side],
  // Up to four rows go row by row, where nobody would use an unpacked weight twice; a tile uses each for all of its rows.
  suits: ({ rows, columns }, device) =>
    !isSoftwareLike(device) &&
    device.maxInvocationsPerWorkgroup >= side * side &&
    (side === 8 || Math.ceil(rows / 64) * Math.ceil(columns / 64) >= tilesThatFill),
});

/** Large tiles that keep a wide device busy: fewer leave the product to smaller ones. */
const tilesThatFill = 64;

/** In the order of preference. */
const variants: readonly Variant[] = [
  // Software adapters first, by rows; then real GPUs, by rows; the plain one for all that is left.
  lanesVariant(8),
  lanesVariant(4),
  subgroupVariant(8, 4),
  subgroupVariant(8, 16),
  subgroupVariant(4, 4),
  subgroupVariant(4, 16),
  {
    name: 'row',
    source: rowSource,
    constants: {},
    tile: [4, 32],
    suits: ({ rows }, device) =>
      rows <= 4 && !isSoftwareLike(device) && device.maxInvocationsPerWorkgroup >= 256,
  },
  tiledVariant(16),
  tiledVariant(8),
  { name: 'plain', source: plainSource, constants: {}, tile: [1, 4] },
];

/** A product of natural row lengths with no option. */
function naturalDims(rows: number, columns: number, inner: number): QuantisedMatmulDims {
  return { rows, columns, inner, xStride: inner, yStride: columns, hasBias: 0, hasResidual: 0 };
}

function kernelOf(format: QuantisedFormat, variant: Variant): QuantisedKernel {
  const { tile } = variant;
  const bits = formatBits[format];
  const matricesOf = ({ inner, columns }: QuantisedMatmulDims) => ({ format, matrices: 1, inner, columns });
  const odd = naturalDims(variant.source === rowSource ? 3 : Math.min(tile[0] + 1, 19), 67, 53);
  const padded = (count: number, to: number) => Math.ceil(count / to) * to;
  return defineKernel({
    name: `quantisedMatmul.${format}/${variant.name}`,
    role: 'product',
    source: quantisedSource + variant.source,
    entryPoint: 'main',
    dims: dimNames,
    reads: ['x', 'w', 'bias', 'residual'],
    writes: ['y'],
    optional: ['bias', 'residual'],
    requires: variant.requires ?? [],
    constants: () => ({ ...variant.constants, bits }),
    wasmConstants: { bits },
    ...(variant.suits ? { suits: variant.suits } : {}),
    tensors: (dims) => ({
      x: { shape: [(dims.rows - 1) * dims.xStride + dims.inner] },
      w: quantisedSpec(matricesOf(dims)),
      bias: { shape: [dims.columns] },
      residual: { shape: [dims.rows, dims.columns] },
      y: { shape: [(dims.rows - 1) * dims.yStride + dims.columns] },
    }),
    // 67 columns and 53 inputs: no multiple of a word's numbers, of a group's 32 or of a tile.
    selfTest: [odd, { ...odd, xStride: 60, yStride: 70, hasBias: 1, hasResidual: 1 }],
    // As many rows as the tile has: what the variant is for.
    calibration: [128, 384, 768].map((size) => naturalDims(tile[0], size, size)),
    // plain: four neighbouring columns an invocation, which share a block of words
    workgroups: ({ rows, columns }) =>
      variant.source === plainSource
        ? Math.ceil((rows * Math.ceil(columns / 4)) / 64)
        : Math.ceil(rows / tile[0]) * Math.ceil(columns / tile[1]),
    // Taking words apart is no arithmetic of the product; its time is in what calibration measures.
    usefulFlops: ({ rows, columns, inner, hasBias, hasResidual }) =>
      rows * columns * (2 * inner + hasBias + hasResidual),
    countedFlops: ({ rows, columns, inner }) => 2 * rows * columns * inner,
    launchedFlops: ({ rows, columns, inner, hasBias, hasResidual }) =>
      2 * padded(rows, tile[0]) * padded(columns, tile[1]) * inner + rows * columns * (hasBias + hasResidual),
    // Words and scales once, whatever the rows; x, y and options in f32.
    bytes: (dims) => {
      const { rows, columns, inner, hasBias, hasResidual } = dims;
      return (
        quantisedBytes(matricesOf(dims)) + 4 * (rows * inner + columns * (rows * (1 + hasResidual) + hasBias))
      );
    },
    reference: (arrays, dims) => quantisedMatmulReference(format, arrays, dims),
  });
}

function quantisedMatmulReference(
  format: QuantisedFormat,
  { x, w, bias, residual, y }: Parameters<QuantisedKernel['reference']>[0],
  { rows, columns, inner, xStride, yStride, hasBias, hasResidual }: QuantisedMatmulDims,
): void {
  for (let c = 0; c < columns; c++) {
    // A column at a time becomes numbers: the rounding is the weights', the sum is exact to f64.
    const weights = quantisedColumn(w, 0, { format, inner, columns }, c);
    for (let row = 0; row < rows; row++) {
      let sum = 0;
      for (let k = 0; k < inner; k++) sum += x[row * xStride + k] * weights[k];
      if (hasBias === 1) sum += bias[c];
      if (hasResidual === 1) sum += residual[row * columns + c];
      y[row * yStride + c] = sum;
    }
  }
}

const kernelsOf: Readonly<Record<QuantisedFormat, readonly QuantisedKernel[]>> = {
  int8: variants.map((variant) => kernelOf('int8', variant)),
  int4: variants.map((variant) => kernelOf('int4', variant)),
};

/** Every variant of each format. */
export const quantisedMatmulKernels: readonly QuantisedKernel[] = Object.values(kernelsOf).flat();

/** Records y = x·w (+ bias) (+ residual) with a quantised w. @throws while training, which needs the weights' own numbers */
export function recordQuantisedMatmul(
  tape: Tape,
  { x, w, y, bias, residual }: MatmulTensors,
  { rows, yStride }: { readonly rows: number; readonly yStride?: number },
): void {
  const { format, inner, columns } = quantisedOf(tape, w);
  const options = { hasBias: bias ? 1 : 0, hasResidual: residual ? 1 : 0 };
  const dims = { ...naturalDims(rows, columns, inner), yStride: yStride ?? columns, ...options };
  const bindings = { x, w, y, ...(bias ? { bias } : {}), ...(residual ? { residual } : {}) };
  tape.dispatch(tape.choose(kernelsOf[format], dims), dims, bindings);
}
