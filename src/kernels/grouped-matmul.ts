// The matrix products of all experts at once, each expert's rows with its own matrix, in three layouts with variants.
import pairsSource from '../../shaders/grouped-matmul-pairs.wgsl?raw';
import plainSource from '../../shaders/grouped-matmul-plain.wgsl?raw';
import subgroupSource from '../../shaders/grouped-matmul-subgroup.wgsl?raw';
import tiledSource from '../../shaders/grouped-matmul-tiled.wgsl?raw';
import blockSource from '../../shaders/matmul-block.wgsl?raw';
import pairSumsSource from '../../shaders/matmul-pair-sums.wgsl?raw';
import productsSource from '../../shaders/matmul-products.wgsl?raw';
import tilesSource from '../../shaders/matmul-tiles.wgsl?raw';
import { type Capabilities, type Dims, defineKernel, type Feature, type Kernel } from '../plan/kernel.ts';
import { isSoftwareLike } from '../plan/software-like.ts';
import type { Tape } from '../plan/tape.ts';
import { describeTensor, elementCount, type Tensor } from '../plan/tensor.ts';
import { recordSlotSum } from './expert-combine.ts';
import { expertTileBound, type Placement } from './expert-placement.ts';
import { exampleOffset, exampleTiles, groupedReference } from './grouped-matmul-reference.ts';
import { prologue } from './prologue.ts';
import { recordQuantisedGroupedMatmul } from './quantised-grouped-matmul.ts';
import { fillsWidth, ranked } from './tile-variants.ts';

/** As for matmul: nn x·w, nt x·wᵀ over the rows of the experts; tn xᵀ·w per expert, summed over its rows. */
export type GroupedLayout = 'nn' | 'nt' | 'tn';

const dimNames = [
  'rows',
  'columns',
  'inner',
  'experts',
  'tileRows',
  'tileBound',
  'perToken',
  'accumulate',
] as const;

/**
 * Sizes of one grouped product. The rows of all experts (N·K at most) are `rows`, or `inner` of tn; `perToken` > 0 takes
 * row r of x from the token of assignments[r].
 */
export type GroupedDims = Dims<(typeof dimNames)[number]>;

type Binding = 'x' | 'w' | 'offsets' | 'tiles' | 'assignments' | 'y';
type GroupedKernel = Kernel<(typeof dimNames)[number], Binding>;

interface Variant {
  /** Behind the slash of the kernel. */
  readonly name: string;
  /** WGSL behind the prologue. */
  readonly source: string;
  /** `main` unless given: shaders that load by layout have an entry point each. */
  readonly entryPoint?: GroupedLayout;
  /** Features of the device without which it does not compile. */
  readonly requires?: readonly Feature[];
  /** Sizes must fit its vectors (`fitsPairs`). */
  readonly isAligned?: boolean;
  /** Values of the shader’s override constants, besides the dims. */
  readonly constants: Readonly<Record<string, number>>;
  /** Sums in the registers of an invocation, where they are many. */
  readonly sums?: number;
  /** Rows and columns that one workgroup computes. */
  readonly tile: readonly [rows: number, columns: number];
  /** True where it computes the right thing and is worth trying. */
  readonly suits?: (device: Capabilities, dims: GroupedDims) => boolean;
  /** True where it goes before the variants that follow it; always if absent. */
  readonly pays?: (dims: GroupedDims) => boolean;
}

function subgroupVariant(lanes: 4 | 8, height: 16 | 32, vectors: 1 | 2): Variant {
  const width = 4 * vectors * lanes;
  return {
    name: `subgroup${lanes}-${height}x${4 * vectors}`,
    source: productsSource + subgroupSource,
    requires: ['subgroups'],
    constants: { lanes, tileHeight: height, columnVectors: vectors },
    tile: [height, width],
    suits: (device) => isSoftwareLike(device) && device.subgroupMinSize === lanes,
    // The narrower tile follows in the list: leave it the sizes where this one computes mostly padding.
    pays: ({ columns }) => vectors === 1 || fillsWidth(columns, width),
  };
}

/** A tile of 32 rows and 32·vectors columns in the registers of a subgroup of 8, two products at a time. */
function pairsVariant(layout: GroupedLayout, vectors: 1 | 2): Variant {
  const wide = subgroupVariant(8, 32, vectors);
  return {
    ...wide,
    name: `pairs8-32x${4 * vectors}`,
    source: pairSumsSource + pairsSource,
    entryPoint: layout,
    isAligned: true,
    constants: { lanes: 8, columnVectors: vectors },
    sums: 128 * vectors,
    suits: (device, dims) => (wide.suits?.(device, dims) ?? true) && fitsPairs(layout, dims),
  };
}

/** True where pairs along the inner size and fours across it never cross the end of a row. */
function fitsPairs(layout: GroupedLayout, { rows, columns, inner }: GroupedDims): boolean {
  return columns % 4 === 0 && (layout === 'tn' ? rows % 4 === 0 : inner % 2 === 0);
}

function tiledVariant(down: number, across: number, blocks: 1 | 2, minimumTiles: number): Variant {
  const tile = [4 * blocks * down, 4 * blocks * across] as const;
  return {
    name: `tiled-${tile[0]}x${tile[1]}-${4 * blocks}x${4 * blocks}`,
    source: blockSource + tilesSource + tiledSource,
    constants: { threadsDown: down, threadsAcross: across, blocks, tileInner: 16 },
    sums: 16 * blocks * blocks,
    tile,
    suits: (device) => !isSoftwareLike(device) && device.maxInvocationsPerWorkgroup >= down * across,
    // Large tiles, if there are enough of them to fill a wide device.
    pays: (dims) => Math.ceil(dims.columns / tile[1]) * tilesDown(dims, tile[0]) >= minimumTiles,
  };
}

/** Row tiles that have work: those of each y[e] for tn, which has no bound, or half of the last ones for nn and nt. */
function tilesDown({ rows, experts, tileBound }: GroupedDims, height: number): number {
  return tileBound === 0 ? experts * Math.ceil(rows / height) : tileBound;
}

const variantsOf = (layout: GroupedLayout): readonly Variant[] => [
  pairsVariant(layout, 2),
  pairsVariant(layout, 1),
  // Software adapters, high and wide tiles first; then of four lanes.
  subgroupVariant(8, 32, 2),
  subgroupVariant(8, 32, 1),
  subgroupVariant(8, 16, 2),
  subgroupVariant(8, 16, 1),
  subgroupVariant(4, 16, 2),
  subgroupVariant(4, 16, 1),
  // Real GPUs: the heights are those that expertTileRows chooses from.
  tiledVariant(8, 16, 2, 128),
  tiledVariant(16, 16, 1, 1),
  tiledVariant(8, 16, 1, 1),
  tiledVariant(4, 16, 1, 1),
  { name: 'plain', source: plainSource, constants: {}, tile: [1, 1] },
];

/**
 * Rows of a tile for so many choices of experts on this device: as high as registers and threads like it, unless experts
 * would mostly fill it with padding. A few choices, when decoding, go row by row.
 */
export function expertTileRows(device: Capabilities, choices: number, experts: number): number {
  // An expert's last tile is half empty on average: tiles must be low beside what experts get.
  const average = choices / Math.min(experts, choices);
  if (isSoftwareLike(device)) return device.subgroupMinSize === 8 && average > 24 ? 32 : 16;
  if (choices <= 16) return 1;
  return average > 48 ? 64 : average > 24 ? 32 : 16;
}

/** Rows, columns, inner size and experts of tiny models, small to large, for the layouts over rows. */
const typicalSizes = [
  [512, 192, 96, 8],
  [1536, 512, 128, 8],
  [2048, 512, 256, 16],
] as const;

function dimsOf(
  layout: GroupedLayout,
  size: { readonly rows: number; readonly columns: number; readonly inner: number; readonly experts: number },
  tileRows: number,
  options: { readonly perToken?: number; readonly accumulate?: 0 | 1 } = {},
): GroupedDims {
  const { perToken = 0, accumulate = 0 } = options;
  const height = layout === 'tn' ? 0 : tileRows;
  const tileBound = height === 0 ? 0 : expertTileBound(size.rows, size.experts, height);
  return { ...size, tileRows: height, tileBound, perToken, accumulate };
}

function kernelOf(layout: GroupedLayout, variant: Variant): GroupedKernel {
  const { tile } = variant;
  const isPlain = variant.source === plainSource;
  const transposed = { xTransposed: layout === 'tn' ? 1 : 0, wTransposed: layout === 'nt' ? 1 : 0 };
  // Tiles that end within an expert; others could hide a wrong first row.
  const height = isPlain ? 3 : tile[0];
  const [columns, inner] = variant.isAligned ? [68, 52] : [67, 53];
  const odd = { rows: 143, columns, inner, experts: 5 };
  const oddTn = { rows: inner, columns, inner: 143, experts: 5 };
  // tn sums over the rows of experts: what is uneven there is the inner size.
  const size = layout === 'tn' ? oddTn : odd;
  const padded = (count: number, to: number) => Math.ceil(count / to) * to;
  const usefulFlops = ({ rows, columns, inner, experts, accumulate }: GroupedDims) =>
    2 * rows * columns * inner + accumulate * columns * rows * (layout === 'tn' ? experts : 1);
  return defineKernel({
    name: `groupedMatmul.${layout}/${variant.name}`,
    role: 'expertProduct',
    source: prologue + variant.source,
    entryPoint: variant.entryPoint ?? 'main',
    dims: dimNames,
    reads: ['x', 'w', 'offsets', 'tiles', 'assignments'],
    writes: ['y'],
    optional: ['tiles', 'assignments'],
    requires: variant.requires ?? [],
    ...(variant.sums === undefined ? {} : { sums: variant.sums }),
    constants: () => ({ ...variant.constants, ...(variant.entryPoint ? {} : transposed) }),
    wasmConstants: transposed,
    // The placement cut rows into tiles before any variant was chosen: only those of that height fit its
    // tiles.
    suits: (dims, device) =>
      (variant.suits?.(device, dims) ?? true) && (isPlain || layout === 'tn' || dims.tileRows === tile[0]),
    tensors: (dims) => {
      const { rows, columns, inner, experts, tileBound, perToken } = dims;
      const placed = layout === 'tn' ? inner : rows;
      const sources = perToken > 0 ? Math.ceil(placed / perToken) : placed;
      const u32 = 'u32' as const;
      let tiles: number[] | undefined;
      const tileAt = (_: number, i: number) => {
        tiles ??= exampleTiles(dims);
        return tiles[i] ?? 0;
      };
      return {
        x: { shape: [sources, layout === 'tn' ? rows : inner] },
        w: { shape: layout === 'tn' ? [inner, columns] : [experts, inner, columns] },
        offsets: {
          shape: [experts + 1],
          elementType: u32,
          fill: (_, e) => exampleOffset(placed, experts, e),
        },
        tiles: { shape: [Math.max(1, tileBound), 2], elementType: u32, fill: tileAt },
        assignments: {
          shape: [perToken > 0 ? placed : 1],
          elementType: u32,
          fill: (_, i) => (7 * i + 3) % placed,
        },
        y: { shape: layout === 'tn' ? [experts, rows, columns] : [rows, columns] },
      };
    },
    selfTest: [
      dimsOf(layout, size, height, { perToken: 2 }),
      dimsOf(layout, size, height, { accumulate: 1 }),
    ],
    calibration: typicalSizes.map(([placed, columns, inner, experts], i) => {
      const swapped =
        layout === 'nt' ? { rows: placed, columns: inner, inner: columns } : { rows: placed, columns, inner };
      const typical = layout === 'tn' ? { rows: inner, columns, inner: placed } : swapped;
      const shrunk = isPlain ? { ...typical, columns: 16 * (i + 1) } : typical;
      return dimsOf(layout, { ...shrunk, experts }, isPlain ? 16 : tile[0]);
    }),
    workgroups: (dims) => {
      const { rows, columns, experts, tileRows, tileBound } = dims;
      // an invocation a number of y, of every row that a tile may have
      if (isPlain)
        return Math.ceil(((layout === 'tn' ? experts * rows : tileBound * tileRows) * columns) / 64);
      return tilesDown(dims, tile[0]) * Math.ceil(columns / tile[1]);
    },
    usefulFlops,
    countedFlops: ({ rows, columns, inner }) => 2 * rows * columns * inner,
    launchedFlops: (dims) => {
      const { rows, columns, inner, experts, tileRows, tileBound } = dims;
      const across = padded(columns, tile[1]);
      if (layout === 'tn') return Math.max(usefulFlops(dims), 2 * padded(rows, tile[0]) * across * inner);
      // Half a tile of padding per expert on average.
      const launchedRows = Math.min(tileBound * tileRows, rows + (Math.min(experts, rows) * tileRows) / 2);
      return Math.max(usefulFlops(dims), 2 * launchedRows * across * inner);
    },
    bytes: ({ rows, columns, inner, experts, perToken, accumulate }) => {
      if (layout === 'tn') {
        return 4 * (inner * (rows + columns) + (1 + accumulate) * experts * rows * columns + perToken);
      }
      // a matrix for each expert that is used, once; tiles and offsets beside them
      const used = Math.min(experts, rows);
      return 4 * (rows * inner + used * inner * columns + (1 + accumulate) * rows * columns + 2 * used);
    },
    reference: (arrays, dims) => groupedReference(arrays, dims, layout),
  });
}

const entriesOf = (layout: GroupedLayout) =>
  variantsOf(layout).map((variant) => ({
    kernel: kernelOf(layout, variant),
    pays: variant.pays ?? (() => true),
  }));
const entries = { nn: entriesOf('nn'), nt: entriesOf('nt'), tn: entriesOf('tn') } as const;

/** Every variant of every layout. */
export const groupedMatmulKernels: readonly GroupedKernel[] = Object.values(entries)
  .flat()
  .map(({ kernel }) => kernel);

/** Records one grouped product by the first variant that pays for its sizes on this device. */
export function recordGroupedMatmul(
  tape: Tape,
  layout: GroupedLayout,
  { x, w, y }: { readonly x: Tensor; readonly w: Tensor; readonly y: Tensor },
  placement: Placement,
  size: {
    readonly rows: number;
    readonly columns: number;
    readonly inner: number;
    readonly perToken?: number;
    readonly accumulate?: 0 | 1;
  },
): void {
  const { experts, tileRows, offsets, tiles, assignments } = placement;
  const { rows, columns, inner, ...options } = size;
  const dims = dimsOf(layout, { rows, columns, inner, experts }, tileRows, options);
  const bindings = {
    x,
    w,
    y,
    offsets,
    ...(layout === 'tn' ? {} : { tiles }),
    ...(dims.perToken > 0 ? { assignments } : {}),
  };
  if (w.quantised) recordQuantisedGroupedMatmul(tape, bindings, dims);
  else tape.dispatch(tape.choose(ranked(entries[layout], dims), dims), dims, bindings);
}

/** What an expert layer may be told. */
export interface ExpertLinearOptions {
  /** K: x has one row per token, which its K experts share. Without it x has one row per choice. */
  readonly perToken?: number;
  readonly name?: string;
}

/**
 * y[row] = x[row or its token] · w[expert of the row], with gradients.
 * @param x [N·K, I], rows by expert as `placement` says, or [N, I] with `perToken`
 * @param w [E, I, O]
 * @returns [N·K, O]; rows that nobody was placed in are left as they are
 * @throws if the sizes do not fit.
 */
export function expertLinear(
  tape: Tape,
  x: Tensor,
  w: Tensor,
  placement: Placement,
  options: ExpertLinearOptions = {},
): Tensor {
  const { perToken = 0, name = 'expert linear' } = options;
  const [experts = 0, inner = 0, columns = 0] = w.shape;
  const { choices } = placement;
  const sources = perToken > 0 ? choices / perToken : choices;
  if (w.shape.length !== 3 || experts !== placement.experts || elementCount(x.shape) !== sources * inner) {
    throw new Error(
      `expertLinear: x is ${describeTensor(x)}, w is ${describeTensor(w)}, for ${choices} rows of ${placement.experts} ` +
        `experts. Pass x as [${sources}, inputs] and w as [experts, inputs, outputs].`,
    );
  }
  const y = tape.tensor(name, [choices, columns]);
  const wants = { x: tape.needsGradient(x), w: tape.needsGradient(w) };
  recordGroupedMatmul(tape, 'nn', { x, w, y }, placement, { rows: choices, columns, inner, perToken });
  tape.onBackward([x, w], y, (dy) => {
    if (wants.w) {
      const { gradient, accumulate } = tape.gradientTarget(w);
      const size = { rows: inner, columns, inner: choices, perToken, accumulate };
      recordGroupedMatmul(tape, 'tn', { x, w: dy, y: gradient }, placement, size);
    }
    if (!wants.x) return;
    const size = { rows: choices, columns: inner, inner: columns };
    const { gradient, accumulate } = tape.gradientTarget(x);
    if (perToken > 0) {
      // A token's gradient is the sum over its experts: by row first, then each token gathers its own in
      // order.
      const rows = tape.tensor(`∂${x.name} by row`, [choices, inner]);
      recordGroupedMatmul(tape, 'nt', { x: dy, w, y: rows }, placement, size);
      recordSlotSum(tape, rows, placement, gradient, { perToken, columns: inner, accumulate });
    } else {
      recordGroupedMatmul(tape, 'nt', { x: dy, w, y: gradient }, placement, { ...size, accumulate });
    }
  });
  return y;
}
