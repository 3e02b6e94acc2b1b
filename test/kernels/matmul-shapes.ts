// Sizes at which every variant of every layout of the dense product is checked: around its tiles, with each option somewhere.
import { matmulKernels } from '../../src/kernels/matmul.ts';
import { activationUses, noEpilogue } from '../../src/kernels/matmul-epilogue.ts';
import type { MatmulDims, MatmulLayout } from '../../src/kernels/matmul-sizes.ts';
import { familyOf } from '../../src/plan/kernel.ts';
import type { KernelCase } from './describe-kernel.ts';

const layouts = ['nn', 'nt', 'tn'] as const;
const isFull = process.env.FLOPSCOPE_FULL !== undefined;

type MatmulKernel = (typeof matmulKernels)[number];

function size(layout: MatmulLayout, rows: number, columns: number, inner: number, pad = 0): MatmulDims {
  const xStride = (layout === 'tn' ? rows : inner) + pad;
  const wStride = (layout === 'nt' ? inner : columns) + pad;
  const options = { slices: 1, hasBias: 0, hasResidual: 0, accumulate: 0, ...noEpilogue };
  return { rows, columns, inner, xStride, wStride, yStride: columns + pad, ...options };
}

/** Forward products keep the sums that they activate, products of gradients multiply them by slopes. */
const epilogues = {
  nn: { activation: activationUses.appliedAndKept, kind: 0 },
  nt: { activation: activationUses.slope, kind: 1 },
  tn: {},
};

/** A size over every tile's edge, with strides and options; what every variant must pass. */
function mixedShape(layout: MatmulLayout): MatmulDims {
  return { ...size(layout, 130, 193, 67, 1), hasBias: 1, accumulate: 1, ...epilogues[layout] };
}

/** Sizes 1, below, at and above the tiles, with each option somewhere: one variant of each shader passes them all. */
function shapes(layout: MatmulLayout): MatmulDims[] {
  return [
    size(layout, 1, 1, 1),
    { ...size(layout, 17, 65, 31), hasBias: 1, hasResidual: 1, dropout: 0.3, time: 5, operation: 3 },
    { ...size(layout, 64, 128, 33, 7), accumulate: 1 },
    { ...size(layout, 31, 63, 130), slices: 4 },
    mixedShape(layout),
  ];
}

function rowShapes(layout: MatmulLayout): MatmulDims[] {
  return [
    size(layout, 1, 1, 1),
    { ...size(layout, 1, 65, 127), hasBias: 1, hasResidual: 1, activation: activationUses.applied, kind: 2 },
    { ...size(layout, 4, 33, 64, 7), accumulate: 1, ...epilogues[layout] },
    { ...size(layout, 3, 31, 130), slices: 4 },
  ];
}

/** Rows of whole vec4s: below, at and above the four loads of an invocation, and more columns than a workgroup has. */
function rowVectorShapes(layout: MatmulLayout): MatmulDims[] {
  return [
    size(layout, 1, 4, 4),
    { ...size(layout, 1, 68, 516), hasBias: 1, hasResidual: 1, activation: activationUses.applied, kind: 1 },
    { ...size(layout, 4, 36, 128, 8), accumulate: 1, ...epilogues[layout] },
    { ...size(layout, 3, 28, 1088), slices: 2 },
  ];
}

/** The same within the sizes and row lengths of whole vectors. */
function alignedShapes(layout: MatmulLayout): MatmulDims[] {
  return [
    size(layout, 4, 4, 2),
    { ...size(layout, 28, 68, 30), hasBias: 1, hasResidual: 1, dropout: 0.3, time: 7, operation: 3 },
    { ...size(layout, 32, 64, 34, 4), accumulate: 1 },
    { ...size(layout, 36, 60, 136), slices: 4 },
    { ...size(layout, 132, 196, 66, 8), hasBias: 1, accumulate: 1, ...epilogues[layout] },
  ];
}

function allShapes({ name }: MatmulKernel, layout: MatmulLayout): MatmulDims[] {
  if (name.endsWith('/row')) return rowShapes(layout);
  if (name.endsWith('/row-vectors')) return rowVectorShapes(layout);
  return name.includes('/pairs') ? alignedShapes(layout) : shapes(layout);
}

/** One variant of each shader. The others differ from it in the sizes of their tiles, which are constants. */
const thorough = /plain|row|lanes|pairs8-32x8|subgroup4-16x8|subgroup16|tiled-64x64-4x4/;

/**
 * The variants with their sizes. Each size is a pipeline, which a software driver takes a second to compile: all of them in
 * one layout for one variant of a shader, the last in the other layouts, and in one layout for the other variants.
 */
export function matmulCases(): KernelCase<keyof MatmulDims & string>[] {
  return layouts.flatMap((layout, place) => {
    const kernels = matmulKernels.filter(({ name }) => familyOf(name) === `matmul.${layout}`);
    let others = 0;
    return kernels.flatMap((kernel) => {
      const all = allShapes(kernel, layout);
      if (isFull) return [{ kernel, shapes: all }];
      const isThorough = thorough.test(kernel.name);
      if (!isThorough && others++ % layouts.length !== place) return [];
      return [{ kernel, shapes: isThorough && layout === 'nn' ? all : all.slice(-1) }];
    });
  });
}
