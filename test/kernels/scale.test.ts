// Scaling against its reference and finite differences, with and without a residual.
import { describe, expect, it } from 'vitest';
import { scale, scaleKernel } from '../../src/kernels/scale.ts';
import { baselineCapabilities } from '../../src/plan/kernel.ts';
import { Tape } from '../../src/plan/tape.ts';
import { checkGradient, describeKernel } from './describe-kernel.ts';

describeKernel(scaleKernel, [
  { elements: 1, factor: 0.5, hasResidual: 1, accumulate: 0 },
  { elements: 127, factor: 0, hasResidual: 0, accumulate: 1 },
  { elements: 128, factor: -2, hasResidual: 1, accumulate: 1 },
  { elements: 129, factor: 11.3, hasResidual: 0, accumulate: 0 },
  { elements: 10_007, factor: 0.22, hasResidual: 1, accumulate: 0 },
]);

checkGradient('scale', { x: { shape: [3, 5] } }, (tape, { x }) => scale(tape, x, -1.7));
checkGradient(
  'scale with a residual',
  { x: { shape: [3, 5] }, residual: { shape: [3, 5] } },
  (tape, { x, residual }) => scale(tape, scale(tape, x, 0.3, residual), 2, residual),
);
checkGradient('scale of a tensor added to itself', { x: { shape: [7] } }, (tape, { x }) =>
  scale(tape, x, 0.4, x),
);

describe('scale', () => {
  it('refuses different sizes by name', () => {
    const tape = new Tape({ capabilities: baselineCapabilities });
    expect(() => scale(tape, tape.tensor('left', [3]), 2, tape.tensor('right', [4]))).toThrow(/left.*right/);
  });
});
