// Addition against its reference and finite differences, also of a tensor with itself.
import { describe, expect, it } from 'vitest';
import { add, addKernel } from '../../src/kernels/add.ts';
import { baselineCapabilities } from '../../src/plan/kernel.ts';
import { Tape } from '../../src/plan/tape.ts';
import { beyondOneGridRow, checkGradient, describeKernel } from './describe-kernel.ts';

describeKernel(addKernel, [
  { elements: 1, hasB: 1, accumulate: 0 },
  { elements: 255, hasB: 0, accumulate: 1 },
  { elements: 256, hasB: 1, accumulate: 1 },
  { elements: 257, hasB: 0, accumulate: 0 },
  ...beyondOneGridRow({ elements: 17_000_000, hasB: 0, accumulate: 0 }),
]);

checkGradient('add', { a: { shape: [3, 5] }, b: { shape: [3, 5] } }, (tape, { a, b }) => add(tape, a, b));
checkGradient('add of sums', { a: { shape: [4] }, b: { shape: [4] } }, (tape, { a, b }) =>
  add(tape, add(tape, a, b), add(tape, b, b)),
);

describe('add', () => {
  it('refuses different sizes by name', () => {
    const tape = new Tape({ capabilities: baselineCapabilities });
    expect(() => add(tape, tape.tensor('left', [3]), tape.tensor('right', [4]))).toThrow(/left.*right/);
  });
});
