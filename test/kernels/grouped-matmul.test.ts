// Every variant of every grouped product against its reference, gradients, and experts one by one.
import { describe, expect, it } from 'vitest';
import { expertTileBound, placeTokens } from '../../src/kernels/expert-placement.ts';
import { expertLinear, groupedMatmulKernels } from '../../src/kernels/grouped-matmul.ts';
import { expertTileRows } from '../../src/kernels/grouped-matmul-variants.ts';
import { baselineCapabilities, type Kernel } from '../../src/plan/kernel.ts';
import { Tape } from '../../src/plan/tape.ts';
import { checkGradient, describeCases, describeOnWasm } from './describe-kernel.ts';
import { groupedMatmulCases } from './grouped-matmul-shapes.ts';
import { expectClose, runOp } from './run-op.ts';

await describeCases(groupedMatmulCases());

// A tile of more rows than are gathered at once elsewhere: a device may choose any height.
const high = { rows: 300, columns: 5, inner: 7, experts: 1, tileRows: 300, perToken: 2, accumulate: 0 };
for (const kernel of groupedMatmulKernels.filter(({ name }) => /\.n[nt]\/plain/.test(name))) {
  describeOnWasm(kernel as unknown as Kernel, [{ ...high, tileBound: expertTileBound(300, 1, 300) }]);
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
