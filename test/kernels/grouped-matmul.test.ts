// Every variant of every grouped product against its reference, gradients, and experts one by one.
import { describe, expect, it } from 'vitest';
import { expertTileBound, placeTokens } from '../../src/kernels/expert-placement.ts';
import {
  expertLinear,
  expertTileRows,
  type GroupedDims,
  type GroupedLayout,
  groupedMatmulKernels,
} from '../../src/kernels/grouped-matmul.ts';
import { baselineCapabilities, familyOf } from '../../src/plan/kernel.ts';
import { Tape } from '../../src/plan/tape.ts';
import { getTestDevice } from '../gpu-device.ts';
import { checkGradient, describeKernel, skipWide } from './describe-kernel.ts';
import { expectClose, runOp } from './run-op.ts';

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

/** Sizes around tiles of 32 × 64 whose columns come in fours, and whose inner sizes, or rows for tn, in twos or fours. */
function alignedShapes(layout: GroupedLayout): GroupedDims[] {
  return [
    size(layout, 32, 1, 4, 4, 1),
    { ...size(layout, 32, 64, 60, 28, 3), perToken: 1 },
    size(layout, 32, 6, 64, 32, 9),
    { ...size(layout, 32, 129, 68, 132, 2), accumulate: 1 },
    { ...size(layout, 32, 302, 132, 36, 7), perToken: 2, accumulate: 1 },
  ];
}

const layouts = ['nn', 'nt', 'tn'] as const;
const isFull = process.env.FLOPSCOPE_FULL !== undefined;
const skipped = process.env.FLOPSCOPE_SKIP_GPU !== undefined;
const lanes = skipped ? 0 : (await getTestDevice()).capabilities.subgroupMinSize;

/** Sizes 1 and around the tiles of a height, with each option somewhere; the last has all. */
function shapes(layout: GroupedLayout, height: number): GroupedDims[] {
  return [
    size(layout, height, 1, 1, 1, 1),
    { ...size(layout, height, 64, 65, 31, 3), perToken: 1 },
    size(layout, height, 6, 128, 64, 9),
    { ...size(layout, height, 129, 63, 130, 2), accumulate: 1 },
    { ...size(layout, height, 302, 70, 33, 7), perToken: 2, accumulate: 1 },
  ];
}

/** One variant of each shader. The others differ from it in the sizes of their tiles, which are constants. */
const thorough = /plain|pairs8-32x8|tiled-64x64/;
const thoroughSubgroup = lanes >= 8 ? 'subgroup8-32x8' : 'subgroup4-16x8';

for (const [place, layout] of layouts.entries()) {
  const kernels = groupedMatmulKernels
    .filter(({ name }) => familyOf(name) === `groupedMatmul.${layout}`)
    .filter((kernel) => !skipWide(kernel, kernel.constants?.({} as GroupedDims).lanes ?? 0, lanes));
  let others = 0;
  for (const kernel of kernels) {
    const height = Number(/-(\d+)x/.exec(kernel.name)?.[1] ?? 5);
    const all = kernel.name.includes('/pairs') ? alignedShapes(layout) : shapes(layout, height);
    const isThorough = thorough.test(kernel.name) || kernel.name.endsWith(thoroughSubgroup);
    // Each shape is a pipeline, which a software driver takes a second to compile: all of them in one layout.
    if (isThorough) describeKernel(kernel, isFull || layout === 'nn' ? all : all.slice(-1));
    else if (isFull || others++ % layouts.length === place) describeKernel(kernel, all.slice(-1)); // in one layout
  }
}

const selected = {
  shape: [5, 2],
  elementType: 'u32' as const,
  fill: (_: number, i: number) => [2, 0, 0, 1, 2, 0, 2, 1, 0, 2][i] ?? 0,
};

checkGradient(
  'expertLinear on tokens',
  { x: { shape: [5, 4] }, w: { shape: [4, 4, 3] }, selected },
  (tape, { x, w, selected: chosen }) =>
    expertLinear(tape, x, w, placeTokens(tape, chosen, 4, { tileRows: 2 }), { perToken: 2 }),
);
checkGradient(
  'expertLinear on rows',
  { x: { shape: [10, 4] }, w: { shape: [3, 4, 3] }, selected },
  (tape, { x, w, selected: chosen }) =>
    expertLinear(tape, x, w, placeTokens(tape, chosen, 3, { tileRows: 2 })),
);

describe('expertLinear', () => {
  it('multiplies each row with the matrix of its expert', async () => {
    const { y } = await runOp(
      {
        x: { shape: [3, 2], values: [1, 2, 3, 4, 5, 6] },
        w: { shape: [2, 2, 1], values: [1, 10, 100, 1000] },
        selected: { shape: [3, 1], values: [1, 0, 1], elementType: 'u32' },
      },
      (tape, { x, w, selected: chosen }) =>
        expertLinear(tape, x, w, placeTokens(tape, chosen, 2, { tileRows: 16 }), { perToken: 1 }),
    );
    expectClose(y, [43, 2100, 6500]);
  });

  it('leaves experts without tokens a gradient of zero', async () => {
    const { gradients } = await runOp(
      {
        x: { shape: [2, 1], values: [3, 4] },
        w: { shape: [3, 1, 1], values: [1, 1, 1] },
        selected: { shape: [2, 1], values: [2, 2], elementType: 'u32' },
      },
      (tape, { x, w, selected: chosen }) =>
        expertLinear(tape, x, w, placeTokens(tape, chosen, 3, { tileRows: 16 }), { perToken: 1 }),
      { dy: [1, 1] },
    );
    expect(gradients.w).toEqual([0, 0, 7]);
  });

  it('refuses matrices of another number of experts', () => {
    const tape = new Tape({ capabilities: baselineCapabilities });
    const placement = placeTokens(tape, tape.tensor('selected', [4, 1], 'u32'), 3, { tileRows: 16 });
    const [x, w] = [tape.tensor('tokens', [4, 5]), tape.tensor('matrices', [2, 5, 6])];
    expect(() => expertLinear(tape, x, w, placement, { perToken: 1 })).toThrow(
      /tokens.*matrices.*3 experts/s,
    );
  });
});

describe('expertTileRows', () => {
  it('takes low tiles for few rows per expert and high ones for many', () => {
    const heights = [2, 64, 800, 8192].map((choices) => expertTileRows(baselineCapabilities, choices, 16));
    expect(heights).toEqual([1, 16, 64, 64]);
  });
});
