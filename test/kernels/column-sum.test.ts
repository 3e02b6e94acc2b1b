// Column sums against the reference, in one pass and in two.
import { describe, expect, it } from 'vitest';
import { columnSum, recordColumnSum } from '../../src/kernels/column-sum.ts';
import { baselineCapabilities } from '../../src/plan/kernel.ts';
import { Tape } from '../../src/plan/tape.ts';
import { describeKernel } from './describe-kernel.ts';

const bare = { hasBias: 0, hasResidual: 0 };

describeKernel(columnSum, [
  { rows: 1, columns: 1, xStride: 1, slices: 1, ...bare, accumulate: 0 },
  { rows: 7, columns: 31, xStride: 31, slices: 1, hasBias: 1, hasResidual: 0, accumulate: 1 },
  { rows: 8, columns: 32, xStride: 40, slices: 1, hasBias: 0, hasResidual: 1, accumulate: 0 },
  { rows: 9, columns: 33, xStride: 33, slices: 2, hasBias: 1, hasResidual: 1, accumulate: 1 },
  { rows: 1031, columns: 257, xStride: 257, slices: 5, ...bare, accumulate: 0 },
]);

describe('recordColumnSum', () => {
  it('sums many rows in two passes and adds only in the second', () => {
    const tape = new Tape({ capabilities: baselineCapabilities });
    const [x, y] = [tape.tensor('x', [4096, 64]), tape.tensor('y', [64])];
    recordColumnSum(tape, { x, y }, { rows: 4096, columns: 64, accumulate: 1 });
    expect(tape.dispatches.map(({ dims }) => [dims.rows, dims.slices, dims.accumulate])).toEqual([
      [4096, 4, 0],
      [4, 1, 1],
    ]);
  });
});
