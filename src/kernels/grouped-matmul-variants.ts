// The variants of the grouped products: tiles of subgroups for software adapters, of workgroups for GPUs, and the plain loops.
import pairsSource from '../../shaders/grouped-matmul-pairs.wgsl?raw';
import plainSource from '../../shaders/grouped-matmul-plain.wgsl?raw';
import subgroupSource from '../../shaders/grouped-matmul-subgroup.wgsl?raw';
import tiledSource from '../../shaders/grouped-matmul-tiled.wgsl?raw';
import blockSource from '../../shaders/matmul-block.wgsl?raw';
import pairSumsSource from '../../shaders/matmul-pair-sums.wgsl?raw';
import productsSource from '../../shaders/matmul-products.wgsl?raw';
import tilesSource from '../../shaders/matmul-tiles.wgsl?raw';
import type { Capabilities, Dims, Feature } from '../plan/kernel.ts';
import { isSoftwareLike } from '../plan/software-like.ts';
import { fillsWidth, softwareSubgroups } from './tile-variants.ts';

/** As for matmul: nn x·w, nt x·wᵀ over the rows of the experts; tn xᵀ·w per expert, summed over its rows. */
export type GroupedLayout = 'nn' | 'nt' | 'tn';

/** Names of the sizes. */
export const groupedDimNames = [
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
export type GroupedDims = Dims<(typeof groupedDimNames)[number]>;

/** One way to compute them. */
export interface GroupedVariant {
  /** Behind the slash of the kernel. */
  readonly name: string;
  /** WGSL behind the prologue. */
  readonly source: string;
  /** `main` unless given: shaders that load by layout have an entry point each. */
  readonly entryPoint?: GroupedLayout;
  /** True of the plain loops: a number of y an invocation, by tiles of any height. */
  readonly isPlain?: boolean;
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

function subgroupVariant(lanes: 4 | 8, height: 16 | 32, vectors: 1 | 2): GroupedVariant {
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
function pairsVariant(layout: GroupedLayout, vectors: 1 | 2): GroupedVariant {
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

function tiledVariant(down: number, across: number, blocks: 1 | 2, minimumTiles: number): GroupedVariant {
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
export function tilesDown({ rows, experts, tileBound }: GroupedDims, height: number): number {
  return tileBound === 0 ? experts * Math.ceil(rows / height) : tileBound;
}

/** Variants of a layout, the one to prefer first. */
export const groupedVariants = (layout: GroupedLayout): readonly GroupedVariant[] => [
  pairsVariant(layout, 2),
  pairsVariant(layout, 1),
  ...softwareSubgroups.map(([lanes, rows, vectors]) => subgroupVariant(lanes, rows, vectors)),
  // Real GPUs: the heights are those that expertTileRows chooses from.
  tiledVariant(8, 16, 2, 128),
  tiledVariant(16, 16, 1, 1),
  tiledVariant(8, 16, 1, 1),
  tiledVariant(4, 16, 1, 1),
  { name: 'plain', source: plainSource, isPlain: true, constants: {}, tile: [1, 1] },
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
