// The variants of the matrix product: shaders, their tiles, and the sizes and devices that each is for.
import blockSource from '../../shaders/matmul-block.wgsl?raw';
import columnsSource from '../../shaders/matmul-columns.wgsl?raw';
import lanesSource from '../../shaders/matmul-lanes.wgsl?raw';
import pairSumsSource from '../../shaders/matmul-pair-sums.wgsl?raw';
import pairsSource from '../../shaders/matmul-pairs.wgsl?raw';
import plainSource from '../../shaders/matmul-plain.wgsl?raw';
import productsSource from '../../shaders/matmul-products.wgsl?raw';
import rowSource from '../../shaders/matmul-row.wgsl?raw';
import rowVectorsSource from '../../shaders/matmul-row-vectors.wgsl?raw';
import subgroupSource from '../../shaders/matmul-subgroup.wgsl?raw';
import tiledSource from '../../shaders/matmul-tiled.wgsl?raw';
import tilesSource from '../../shaders/matmul-tiles.wgsl?raw';
import type { Capabilities, Feature } from '../plan/kernel.ts';
import { isSoftwareLike } from '../plan/software-like.ts';
import type { MatmulDims, MatmulLayout } from './matmul-sizes.ts';
import { tilesOf } from './matmul-slices.ts';
import { fillsWidth, softwareSubgroups } from './tile-variants.ts';

/** One way to compute a product: a shader, its constants, the tile of one workgroup, and where it pays. */
export interface MatmulVariant {
  /** Behind the slash of the kernel: tables of what is quickest here keep it. */
  readonly name: string;
  /** WGSL behind the prologue and the epilogue. */
  readonly source: string;
  /** `main` unless given. */
  readonly entryPoint?: string;
  /** Features of the device without which it does not compile. */
  readonly requires?: readonly Feature[];
  /** Values of the shader’s override constants, besides the dims. */
  readonly constants: Readonly<Record<string, number>>;
  /** Sums in the registers of an invocation, where they are many. */
  readonly sums?: number;
  /** Sizes and row lengths must fit its vectors (`fitsPairs`). */
  readonly isAligned?: boolean;
  /** Calibrated on single rows. */
  readonly isForFewRows?: boolean;
  /** Rows and columns of y that one workgroup computes. */
  readonly tile: readonly [rows: number, columns: number];
  /** True where it computes the right thing and is worth trying. */
  readonly suits?: (dims: MatmulDims, device: Capabilities) => boolean;
  /** True where it goes before the variants that follow it; always if absent. */
  readonly pays?: (dims: MatmulDims) => boolean;
}

/** `lanes` × 4·vectors columns and `rows` rows in the registers of one subgroup. */
function subgroupVariant(lanes: number, rows: 16 | 32, vectors: 1 | 2): MatmulVariant {
  const width = 4 * vectors * lanes;
  return {
    name: `subgroup${lanes}-${rows}x${4 * vectors}`,
    source: productsSource + subgroupSource,
    requires: ['subgroups'],
    constants: { lanes, tileRows: rows, columnVectors: vectors },
    sums: 4 * rows * vectors,
    tile: [rows, width],
    // Where there are 32-row tiles, these are left with prompts' ends and single tokens.
    isForFewRows: rows === 16 && lanes === 8,
    suits: (_, device) =>
      isSoftwareLike(device)
        ? device.subgroupMinSize === lanes
        : device.subgroupMinSize >= lanes && lanes > 8,
    pays: (dims) => fillsTile(dims, rows, width, vectors),
  };
}

/** False where the narrower or lower tile, which follows in the list, would compute much less padding. */
function fillsTile({ rows, columns }: MatmulDims, tileRows: number, width: number, vectors: 1 | 2): boolean {
  return (vectors === 1 || fillsWidth(columns, width)) && (tileRows === 16 || rows > 16);
}

/** One row, a subgroup as many columns: on a software adapter a tile of 16 rows would compute 15 that nobody wants. */
function lanesVariant(layout: 'nn' | 'nt', lanes: 4 | 8): MatmulVariant {
  return {
    name: `lanes${lanes}`,
    source: lanesSource,
    entryPoint: layout,
    requires: ['subgroups'],
    constants: { lanes },
    tile: [1, layout === 'nn' ? 4 * lanes : lanes],
    isForFewRows: true,
    suits: ({ rows }, device) => isSoftwareLike(device) && device.subgroupMinSize === lanes && rows === 1,
  };
}

/** A tile of 32 rows and 32·vectors columns in the registers of a subgroup of 8, two products at a time. */
function pairsVariant(layout: MatmulLayout, vectors: 1 | 2): MatmulVariant {
  const width = 32 * vectors;
  return {
    name: `pairs8-32x${4 * vectors}`,
    source: pairSumsSource + pairsSource,
    entryPoint: layout,
    requires: ['subgroups'],
    constants: { lanes: 8, columnVectors: vectors },
    sums: 128 * vectors,
    tile: [32, width],
    isAligned: true,
    suits: (dims, device) =>
      isSoftwareLike(device) && device.subgroupMinSize === 8 && fitsPairs(layout, dims),
    pays: (dims) => fillsTile(dims, 32, width, vectors),
  };
}

/** True where every vector of matmul-pairs.wgsl is whole: two along the inner size, four across it. */
function fitsPairs(layout: MatmulLayout, dims: MatmulDims): boolean {
  const { rows, columns, inner, xStride, wStride, yStride, slices } = dims;
  const fours = [
    columns,
    yStride,
    ...(layout === 'tn' ? [rows, xStride] : []),
    layout === 'nt' ? 0 : wStride,
  ];
  return [xStride, wStride, inner / slices].every((n) => n % 2 === 0) && fours.every((n) => n % 4 === 0);
}

/** Blocks of 4 × 4 per invocation, staged through workgroup memory; `minimumTiles` keeps a wide device filled. */
function tiledVariant(
  threads: 64 | 256,
  blocks: 1 | 2,
  tileInner: number,
  minimumTiles: number,
): MatmulVariant {
  const [side, block] = [Math.sqrt(threads), 4 * blocks];
  const tile = [block * side, block * side] as const;
  return {
    name: `tiled-${tile[0]}x${tile[1]}-${block}x${block}`,
    source: blockSource + tilesSource + tiledSource + columnsSource,
    constants: { threadsDown: side, threadsAcross: side, blocks, tileInner },
    sums: block * block,
    tile,
    suits: (_, device) => !isSoftwareLike(device) && device.maxInvocationsPerWorkgroup >= threads,
    // A large tile loads less for each product, but with few tiles most of a wide device has nothing to do.
    pays: (dims) => tilesOf(dims, tile) * dims.slices >= minimumTiles,
  };
}

/** At most 4 rows times a matrix that is read in vec4s, many under way at a time. */
function rowVectorsVariant(layout: 'nn' | 'nt'): MatmulVariant {
  return {
    name: 'row-vectors',
    source: rowVectorsSource,
    entryPoint: layout,
    constants: {},
    // nn: eight vec4s of neighbouring columns; nt: eight columns, each along its row of w
    tile: [4, layout === 'nn' ? 32 : 8],
    isAligned: true,
    suits: (dims, device) =>
      // From five rows on a tile reads w as often, and computes more at a time.
      dims.rows <= 4 &&
      !isSoftwareLike(device) &&
      device.maxInvocationsPerWorkgroup >= 256 &&
      fitsRowVectors(layout, dims),
  };
}

/** True where every vec4 of matmul-row-vectors.wgsl is whole, and so is every slice. */
function fitsRowVectors(layout: 'nn' | 'nt', dims: MatmulDims): boolean {
  const { columns, inner, xStride, wStride, slices } = dims;
  const isSliced = inner % slices === 0 && wStride % 4 === 0;
  if (layout === 'nn') return isSliced && columns % 4 === 0;
  return isSliced && (inner / slices) % 4 === 0 && xStride % 4 === 0;
}

/** In the order of preference; a variant that does not pay goes behind those that do. */
export function matmulVariants(layout: MatmulLayout): readonly MatmulVariant[] {
  const innerLevels = layout === 'nt' ? 5 : 3; // 32 or 8 invocations share one column: they follow w's contiguous side
  return [
    ...(layout === 'tn' ? [] : [rowVectorsVariant(layout), lanesVariant(layout, 8), lanesVariant(layout, 4)]),
    {
      name: 'row',
      source: rowSource,
      constants: { columnLanes: layout === 'nt' ? 4 : 16, innerLevels },
      tile: [4, layout === 'nt' ? 4 : 16],
      // On software adapters the sums in workgroup memory cost more than the padding of a register tile.
      suits: ({ rows }, device) => rows <= 4 && !isSoftwareLike(device),
    },
    pairsVariant(layout, 2),
    pairsVariant(layout, 1),
    ...softwareSubgroups.map(([lanes, rows, vectors]) => subgroupVariant(lanes, rows, vectors)),
    // Real GPUs: the largest tile of which there are enough, then smaller ones, which fit any size.
    tiledVariant(256, 2, 8, 128),
    tiledVariant(256, 1, 16, 64),
    tiledVariant(64, 1, 16, 1),
    tiledVariant(64, 2, 16, 1),
    // Behind the tiles, which are quicker on most: where these are measured to win, a variant table names
    // them.
    subgroupVariant(16, 16, 2),
    subgroupVariant(32, 32, 1),
    { name: 'plain', source: plainSource, constants: { threads: 64 }, tile: [1, 1] },
  ];
}
