// Every variant of every layout against the reference: sizes around the tiles, strides, options and slices.
import { describe, expect, it } from 'vitest';
import { matmulKernels, recordMatmul } from '../../src/kernels/matmul.ts';
import { activationUses, noEpilogue } from '../../src/kernels/matmul-epilogue.ts';
import type { MatmulDims, MatmulLayout } from '../../src/kernels/matmul-sizes.ts';
import { baselineCapabilities, type Capabilities, familyOf, type Kernel } from '../../src/plan/kernel.ts';
import { Tape } from '../../src/plan/tape.ts';
import { getTestDevice } from '../gpu-device.ts';
import { describeKernel, skipWide } from './describe-kernel.ts';

const layouts = ['nn', 'nt', 'tn'] as const;
const isFull = process.env.FLOPSCOPE_FULL !== undefined;

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

const skipped = process.env.FLOPSCOPE_SKIP_GPU !== undefined;
const lanes = skipped ? 0 : (await getTestDevice()).capabilities.subgroupMinSize;

/** One variant of each shader. The others differ from it in the sizes of their tiles, which are constants. */
const thorough = /plain|row|pairs8-32x8|tiled-64x64-4x4/;
const thoroughSubgroup = lanes >= 8 ? 'subgroup8-32x8' : 'subgroup4-16x8';

for (const [place, layout] of layouts.entries()) {
  const kernels = matmulKernels
    .filter(({ name }) => familyOf(name) === `matmul.${layout}`)
    // A subgroup variant is right on subgroups at least as wide as its lanes; suits() keeps it from the others.
    .filter((kernel) => !skipWide(kernel, kernel.constants?.(size(layout, 1, 1, 1)).lanes ?? 0, lanes));
  const isThorough = ({ name }: (typeof kernels)[number]) =>
    thorough.test(name) || name.endsWith(thoroughSubgroup);
  for (const kernel of kernels.filter(isThorough)) {
    const all = kernel.name.endsWith('/row')
      ? rowShapes(layout)
      : kernel.name.endsWith('/row-vectors')
        ? rowVectorShapes(layout)
        : kernel.name.includes('/pairs')
          ? alignedShapes(layout)
          : shapes(layout);
    // Each shape is a pipeline, which a software driver takes a second to compile: all of them in one layout.
    describeKernel(kernel, isFull || layout === 'nn' ? all : all.slice(-1));
  }
  for (const [index, kernel] of kernels.filter((one) => !isThorough(one)).entries()) {
    if (!isFull && index % layouts.length !== place) continue; // each in one layout
    const isPaired = kernel.name.includes('/pairs');
    describeKernel(kernel, isPaired ? alignedShapes(layout).slice(-1) : [mixedShape(layout)]);
  }
}

function recorded(
  capabilities: Capabilities,
  layout: MatmulLayout,
  rows: number,
  columns: number,
  inner: number,
) {
  const tape = new Tape({ capabilities });
  const tensors = {
    x: tape.tensor('x', [rows * inner]),
    w: tape.tensor('w', [inner * columns]),
    y: tape.tensor('y', [rows * columns]),
  };
  recordMatmul(tape, layout, tensors, { rows, columns, inner });
  return tape.dispatches.map(({ kernel }) => kernel.name);
}

describe('recordMatmul', () => {
  const software = { ...baselineCapabilities, features: new Set(['subgroups']), subgroupMinSize: 8 };

  it('takes register tiles on software adapters of 8 and of 4 lanes', () => {
    const of8 = recorded({ ...software, subgroupMaxSize: 8 }, 'nn', 768, 384, 128);
    expect(of8).toEqual(['matmul.nn/pairs8-32x8']);
    const of4 = recorded({ ...software, subgroupMinSize: 4, subgroupMaxSize: 4 }, 'nn', 768, 384, 128);
    expect(of4).toEqual(['matmul.nn/subgroup4-16x8']);
  });

  it('takes single steps where a size or row length does not fill the vectors of pairs', () => {
    const of8 = { ...software, subgroupMaxSize: 8 };
    expect(recorded(of8, 'nn', 768, 384, 127)).toEqual(['matmul.nn/subgroup8-32x8']);
    expect(recorded(of8, 'nt', 768, 381, 128)).toEqual(['matmul.nt/subgroup8-32x8']);
    expect(recorded(of8, 'tn', 766, 384, 128)).toEqual(['matmul.tn/subgroup8-32x8']);
    expect(recorded(of8, 'tn', 768, 96, 128)).toEqual(['matmul.tn/pairs8-32x4']);
  });

  it('takes narrower register tiles where the wide one would be mostly padding', () => {
    const names = recorded({ ...software, subgroupMaxSize: 8 }, 'nn', 768, 65, 128);
    expect(names).toEqual(['matmul.nn/subgroup8-32x4']);
  });

  it('takes workgroup memory elsewhere, with smaller tiles for smaller products', () => {
    expect(recorded(baselineCapabilities, 'nn', 4096, 1024, 512)).toEqual(['matmul.nn/tiled-128x128-8x8']);
    expect(recorded(baselineCapabilities, 'nn', 1024, 512, 512)).toEqual(['matmul.nn/tiled-64x64-4x4']);
    expect(recorded(baselineCapabilities, 'nt', 256, 65, 128)).toEqual(['matmul.nt/tiled-32x32-4x4']);
  });

  it('takes the row variant for decoding, but a register tile on software adapters', () => {
    expect(recorded(baselineCapabilities, 'nn', 1, 384, 128)).toEqual(['matmul.nn/row-vectors']);
    expect(recorded(baselineCapabilities, 'nt', 1, 65, 128)).toEqual(['matmul.nt/row-vectors']);
    expect(recorded(baselineCapabilities, 'nn', 1, 65, 128)).toEqual(['matmul.nn/row']); // rows of no whole vec4s
    const small = { ...baselineCapabilities, maxInvocationsPerWorkgroup: 128 };
    expect(recorded(small, 'nn', 1, 384, 128)).toEqual(['matmul.nn/row']);
    const narrow = recorded({ ...software, subgroupMaxSize: 8 }, 'nn', 1, 384, 128);
    expect(narrow).toEqual(['matmul.nn/subgroup8-16x8']);
  });

  it('slices a weight gradient over many tokens on a wide device', () => {
    expect(recorded(baselineCapabilities, 'tn', 128, 384, 4096)).toEqual([
      'matmul.tn/tiled-64x64-4x4',
      'columnSum',
    ]);
    expect(recorded({ ...software, subgroupMaxSize: 8 }, 'tn', 128, 384, 4096)).toHaveLength(1);
  });

  it('cuts the weight gradients of nanoGPT until the largest tiles fill a device', () => {
    for (const [inputs, outputs] of [
      [384, 1152],
      [384, 384],
      [384, 1536],
      [1536, 384],
    ] as const) {
      const tape = new Tape({ capabilities: baselineCapabilities });
      const [x, w] = [tape.tensor('x', [16_384 * inputs]), tape.tensor('dy', [16_384 * outputs])];
      const y = tape.tensor('dw', [inputs * outputs]);
      recordMatmul(tape, 'tn', { x, w, y }, { rows: inputs, columns: outputs, inner: 16_384 });
      const [product] = tape.dispatches;
      expect(product?.kernel.name).toBe('matmul.tn/tiled-128x128-8x8');
      expect(product?.workgroups).toBeGreaterThanOrEqual(256);
      expect(product?.dims.slices).toBeLessThanOrEqual(32);
    }
  });

  it.each([
    ['tiled-64x64-4x4', 36 * 8],
    ['tiled-64x64-8x8', 36 * 8],
    ['tiled-32x32-4x4', 144], // enough as they are
    ['tiled-128x128-8x8', 9 * 29],
  ])('cuts a weight gradient by the tile that a table takes: %s', (variant, workgroups) => {
    const variants = (runnable: readonly Kernel[]) => runnable.find(({ name }) => name.endsWith(variant));
    const tape = new Tape({ capabilities: baselineCapabilities, variants });
    const [x, w] = [tape.tensor('x', [16_384 * 384]), tape.tensor('dy', [16_384 * 384])];
    const y = tape.tensor('dw', [384 * 384]);
    recordMatmul(tape, 'tn', { x, w, y }, { rows: 384, columns: 384, inner: 16_384 });
    const [product] = tape.dispatches;
    expect(product?.kernel.name).toBe(`matmul.tn/${variant}`);
    expect(product?.workgroups).toBe(workgroups);
  });

  it('cuts no sum whose tiles fill a device, or which is short', () => {
    expect(recorded(baselineCapabilities, 'tn', 2048, 1024, 16_384)).toEqual(['matmul.tn/tiled-128x128-8x8']);
    expect(recorded(baselineCapabilities, 'nn', 96, 96, 255)).toHaveLength(1);
  });

  it('names the tensor that is too small', () => {
    const tape = new Tape({ capabilities: baselineCapabilities });
    const [x, w, y] = [tape.tensor('x', [6]), tape.tensor('weights', [11]), tape.tensor('y', [8])];
    expect(() => recordMatmul(tape, 'nn', { x, w, y }, { rows: 2, columns: 4, inner: 3 })).toThrow(/weights/);
  });
});
