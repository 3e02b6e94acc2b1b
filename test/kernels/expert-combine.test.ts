// The sum over a token's experts against its references and finite differences.
import { describe, expect, it } from 'vitest';
import { combineExperts, combineKernel, spreadKernel, weightDots } from '../../src/kernels/expert-combine.ts';
import { placeTokens } from '../../src/kernels/expert-placement.ts';
import { baselineCapabilities } from '../../src/plan/kernel.ts';
import { Tape } from '../../src/plan/tape.ts';
import { checkGradient, describeKernel } from './describe-kernel.ts';
import { expectClose, runOp } from './run-op.ts';

const options = { weighted: 1, hasResidual: 0, accumulate: 0 };
describeKernel(combineKernel, [
  { tokens: 1, perToken: 1, columns: 1, ...options },
  { tokens: 3, perToken: 7, columns: 127, ...options, hasResidual: 1 },
  { tokens: 64, perToken: 2, columns: 65, ...options, weighted: 0, accumulate: 1 },
]);
describeKernel(spreadKernel, [
  { tokens: 1, perToken: 1, columns: 1, experts: 1 },
  { tokens: 13, perToken: 2, columns: 127, experts: 5 },
]);
describeKernel(weightDots, [
  { tokens: 1, perToken: 1, columns: 1 },
  { tokens: 13, perToken: 7, columns: 129 },
  { tokens: 32, perToken: 2, columns: 64 },
]);

checkGradient(
  'combineExperts with a residual and dropped choices',
  {
    outputs: { shape: [8, 3] },
    weights: { shape: [4, 2] },
    residual: { shape: [4, 3] },
    selected: { shape: [4, 2], elementType: 'u32', fill: (_, i) => [0, 1, 1, 2, 1, 0, 1, 2][i] ?? 0 },
  },
  (tape, { outputs, weights, residual, selected }) => {
    const placement = placeTokens(tape, selected, 3, { tileRows: 16, capacity: 3 });
    return combineExperts(tape, outputs, weights, placement, residual);
  },
);

describe('combineExperts', () => {
  it('takes each slot’s row with its weight, and nothing for a dropped slot', async () => {
    const { y } = await runOp(
      {
        outputs: { shape: [4, 1], values: [1, 10, 100, 1000] },
        weights: { shape: [2, 2], values: [2, 3, 5, 7] },
        selected: { shape: [2, 2], values: [1, 0, 1, 0], elementType: 'u32' },
      },
      (tape, { outputs, weights, selected }) =>
        combineExperts(tape, outputs, weights, placeTokens(tape, selected, 2, { tileRows: 1, capacity: 1 })),
    );
    // Rows: expert 0 has token 0's slot 1, expert 1 has token 0's slot 0; token 1 found both full.
    expectClose(y, [2 * 10 + 3 * 1, 0]);
  });

  it('refuses operands that do not fit by name', () => {
    const tape = new Tape({ capabilities: baselineCapabilities });
    const placement = placeTokens(tape, tape.tensor('selected', [4, 2], 'u32'), 3, { tileRows: 16 });
    const weights = tape.tensor('shares', [4, 2]);
    expect(() => combineExperts(tape, tape.tensor('outs', [7, 3]), weights, placement)).toThrow(
      /outs.*shares/,
    );
  });
});
