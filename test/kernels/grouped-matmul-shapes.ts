// Sizes at which every variant of the grouped products is checked: around the tiles, with each option somewhere.
import { expertTileBound } from '../../src/kernels/expert-placement.ts';
import { groupedMatmulKernels } from '../../src/kernels/grouped-matmul.ts';
import type { GroupedDims, GroupedLayout } from '../../src/kernels/grouped-matmul-variants.ts';
import { familyOf } from '../../src/plan/kernel.ts';
import type { KernelCase } from './describe-kernel.ts';

const layouts = ['nn', 'nt', 'tn'] as const;
const isFull = process.env.FLOPSCOPE_FULL !== undefined;

function size(
  layout: GroupedLayout,
  height: number,
  placed: number,
  columns: number,
  other: number,
  experts: number,
): GroupedDims {
  const common = { columns, experts, perToken: 0, accumulate: 0 };
  if (layout === 'tn') return { ...common, rows: other, inner: placed, tileRows: 0, tileBound: 0 };
  return {
    ...common,
    rows: placed,
    inner: other,
    tileRows: height,
    tileBound: expertTileBound(placed, experts, height),
  };
}

/** Sizes 1 and around the tiles of a height, with each option somewhere; the last has all. */
function shapes(layout: GroupedLayout, height: number): GroupedDims[] {
  return [
    size(layout, height, 1, 1, 1, 1),
    { ...size(layout, height, 64, 128, 64, 9), perToken: 1 },
    { ...size(layout, height, 129, 63, 130, 2), accumulate: 1 },
    { ...size(layout, height, 302, 65, 31, 7), perToken: 2, accumulate: 1 },
  ];
}

/** Sizes around tiles of 32 × 64 whose columns come in fours, and whose inner sizes, or rows for tn, in twos or fours. */
function alignedShapes(layout: GroupedLayout): GroupedDims[] {
  return [
    size(layout, 32, 1, 4, 4, 1),
    { ...size(layout, 32, 64, 64, 32, 9), perToken: 1 },
    { ...size(layout, 32, 129, 60, 132, 2), accumulate: 1 },
    { ...size(layout, 32, 302, 132, 36, 7), perToken: 2, accumulate: 1 },
  ];
}

/** One variant of each shader. The others differ from it in the sizes of their tiles, which are constants. */
const thorough = /plain|pairs8-32x8|subgroup4-16x8|tiled-64x64/;

/**
 * The variants with their sizes. Each size is a pipeline, which a software driver takes a second to compile: all of them in
 * one layout for one variant of a shader, the last in the other layouts, and in one layout for the other variants.
 */
export function groupedMatmulCases(): KernelCase<keyof GroupedDims & string>[] {
  return layouts.flatMap((layout, place) => {
    const kernels = groupedMatmulKernels.filter(({ name }) => familyOf(name) === `groupedMatmul.${layout}`);
    let others = 0;
    return kernels.flatMap((kernel) => {
      const height = Number(/-(\d+)x/.exec(kernel.name)?.[1] ?? 5);
      const all = kernel.name.includes('/pairs') ? alignedShapes(layout) : shapes(layout, height);
      if (isFull) return [{ kernel, shapes: all }];
      const isThorough = thorough.test(kernel.name);
      if (!isThorough && others++ % layouts.length !== place) return [];
      return [{ kernel, shapes: isThorough && layout === 'nn' ? all : all.slice(-1) }];
    });
  });
}
