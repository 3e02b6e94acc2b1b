// Muon against its references, against what makes a matrix orthogonal, and against a step that is not finite.
import { describe, expect, it } from 'vitest';
import {
  type MatrixOptions,
  muon,
  muonApply,
  muonMomentum,
  muonNormalise,
  muonPolynomial,
} from '../../src/kernels/muon.ts';
import { describeKernel } from './describe-kernel.ts';
import { runOp } from './run-op.ts';

const matrices = [
  { rows: 1, columns: 1, stride: 1, firstElement: 0 },
  { rows: 7, columns: 5, stride: 12, firstElement: 3 },
  { rows: 1, columns: 127, stride: 127, firstElement: 0 },
  { rows: 8, columns: 16, stride: 16, firstElement: 0 },
  { rows: 3, columns: 43, stride: 50, firstElement: 7 },
  { rows: 101, columns: 97, stride: 97, firstElement: 0 },
];

describeKernel(
  muonMomentum,
  matrices.map((matrix, i) => ({ ...matrix, momentum: i === 0 ? 0 : 0.95, clearGradient: i % 2 })),
);
describeKernel(
  muonNormalise,
  matrices.map(({ rows, columns }, i) => ({ rows, columns, groups: 1 + 7 * i })),
);
describeKernel(
  muonPolynomial,
  [1, 7, 11, 12, 101].map((columns) => ({ columns })),
);
describeKernel(
  muonApply,
  matrices.map((matrix, i) => ({ ...matrix, rate: 1 + i, scale: 0.3, weightDecay: 0.1 * i })),
);

const options: MatrixOptions = {
  ...{ momentum: 0, weightDecay: 0, matrixRate: 1, matrixScale: 'shape', clearGradient: 0 },
};

/** Minus the update of a matrix, at rate 1 and clip factor 1. */
async function updateOf(rows: number, columns: number, values: readonly number[], finite = 1) {
  const shape = [rows, columns];
  const zeros = values.map(() => 0);
  const { inputs } = await runOp(
    {
      weights: { shape, values: zeros },
      gradients: { shape, values },
      moment1: { shape, values: zeros },
      metrics: { shape: [4], values: [0, 1, finite, 1] },
    },
    (tape, { weights, gradients, moment1, metrics }) => {
      const matrix = { rows, columns, stride: columns, firstElement: 0 };
      muon(tape, { weights, gradients, moment1 }, matrix, metrics, options);
      return weights;
    },
    { training: false, scalars: { learningRate: 1 } },
  );
  return inputs;
}

function draw(count: number): number[] {
  let state = 9;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

describe('a Muon step', () => {
  it.each([
    [5, 5],
    [4, 9],
    [9, 4],
    [1, 6],
  ])('of [%i, %i] has singular values near one', async (rows, columns) => {
    const { weights } = await updateOf(rows, columns, draw(rows * columns));
    const scale = Math.sqrt(Math.max(1, columns / rows));
    const squares = weights.reduce((sum, value) => sum + (value / scale) ** 2, 0);
    // The sum of squares is that of the singular values, each from 0.6 to 1.25.
    const side = Math.min(rows, columns);
    expect(squares / side).toBeGreaterThan(0.36);
    expect(squares / side).toBeLessThan(1.57);
  });

  it('points the same way whatever the size of the gradient', async () => {
    const values = draw(24);
    const small = await updateOf(
      4,
      6,
      values.map((value) => 1e-3 * value),
    );
    const large = await updateOf(
      4,
      6,
      values.map((value) => 1e3 * value),
    );
    small.weights.forEach((value, i) => {
      expect(value).toBeCloseTo(large.weights[i] ?? 0, 3);
    });
  });

  it('that is not finite changes neither weights nor momentum', async () => {
    const { weights, moment1 } = await updateOf(
      3,
      3,
      draw(9).map((value) => value / 0),
      0,
    );
    expect([...weights, ...moment1].every((value) => value === 0)).toBe(true);
  });

  it('of a gradient of zeros is zero', async () => {
    const { weights } = await updateOf(2, 3, [0, 0, 0, 0, 0, 0]);
    expect(weights.every((value) => value === 0)).toBe(true);
  });
});
