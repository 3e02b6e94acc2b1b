// Products per head of one row against their reference, and in their place inside a larger matrix.
import { describe, expect, it } from 'vitest';
import { headMatmul, headMatmuls } from '../../src/kernels/head-matmul.ts';
import { baselineCapabilities } from '../../src/plan/kernel.ts';
import { Tape } from '../../src/plan/tape.ts';
import { describeKernel } from './describe-kernel.ts';
import { runOp } from './run-op.ts';

/** [heads, columns, inner] */
const sizes = [
  [1, 1, 1],
  [3, 15, 7],
  [2, 16, 8],
  [5, 17, 33],
  [4, 300, 64],
] as const;

for (const kernel of headMatmuls) {
  describeKernel(
    kernel,
    sizes.flatMap(([heads, columns, inner], index) => {
      const common = {
        rows: 1 + (index % 3),
        heads,
        columns,
        inner,
        xStride: inner + index,
        yStride: columns + 2,
        wOffset: 3 * index,
      };
      return [
        { ...common, wHeadStep: inner + 5, wColumnStep: heads * (inner + 5), wInnerStep: 1 },
        { ...common, wHeadStep: columns + 5, wColumnStep: 1, wInnerStep: heads * (columns + 5) },
      ];
    }),
  );
}

describe('headMatmul', () => {
  it('multiplies by the part of the matrix that belongs to the head', async () => {
    // Rows of w: two heads of [one key column | two value columns].
    const w = { shape: [3, 6], values: Array.from({ length: 18 }, (_, i) => i) };
    const x = { shape: [1, 6], values: [1, 2, 3, 4, 5, 6] };
    const { y } = await runOp(
      { x, w },
      (tape, { x, w }) => {
        const y = tape.tensor('y', [1, 4]);
        const steps = { wOffset: 1, wHeadStep: 3, wColumnStep: 1, wInnerStep: 6 };
        headMatmul(
          tape,
          { x, w, y },
          { rows: 1, heads: 2, columns: 2, inner: 3, xStride: 3, yStride: 2, ...steps },
        );
        return y;
      },
      { training: false },
    );
    // [1 2 3]·[[1 2] [7 8] [13 14]] and [4 5 6]·[[4 5] [10 11] [16 17]]
    expect(y).toEqual([54, 60, 162, 177]);
  });

  it('refuses a matrix that is smaller than its steps say', () => {
    const tape = new Tape({ capabilities: baselineCapabilities });
    const [x, w, y] = [tape.tensor('x', [1, 6]), tape.tensor('w', [3, 5]), tape.tensor('y', [1, 4])];
    const steps = { wOffset: 1, wHeadStep: 3, wColumnStep: 1, wInnerStep: 6 };
    expect(() =>
      headMatmul(
        tape,
        { x, w, y },
        { rows: 1, heads: 2, columns: 2, inner: 3, xStride: 3, yStride: 2, ...steps },
      ),
    ).toThrow(/w must hold \[18\]/);
  });
});
