// The matrix products of all experts at once, each expert's rows with its own matrix, in three layouts with variants.
import { defineKernel, type Kernel } from '../plan/kernel.ts';
import type { Tape } from '../plan/tape.ts';
import { describeTensor, elementCount, type Tensor } from '../plan/tensor.ts';
import { recordSlotSum } from './expert-combine.ts';
import { expertTileBound, type Placement } from './expert-placement.ts';
import { exampleOffset, exampleTiles, groupedReference } from './grouped-matmul-reference.ts';
import {
  type GroupedDims,
  type GroupedLayout,
  type GroupedVariant,
  groupedDimNames,
  groupedVariants,
  tilesDown,
} from './grouped-matmul-variants.ts';
import { prologue } from './prologue.ts';
import { recordQuantisedGroupedMatmul } from './quantised-grouped-matmul.ts';
import { ranked } from './tile-variants.ts';

type Binding = 'x' | 'w' | 'offsets' | 'tiles' | 'assignments' | 'y';
type GroupedKernel = Kernel<(typeof groupedDimNames)[number], Binding>;

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

function kernelOf(layout: GroupedLayout, variant: GroupedVariant): GroupedKernel {
  const { tile, isPlain = false } = variant;
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
    dims: groupedDimNames,
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
  groupedVariants(layout).map((variant) => ({
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
