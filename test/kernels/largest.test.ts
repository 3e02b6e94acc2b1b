// The greedy choice against its reference: rows of one column, and around the 64 invocations; the first of equals.
import { describe, expect, it } from 'vitest';
import { largest, largestKernel } from '../../src/kernels/largest.ts';
import { baselineCapabilities } from '../../src/plan/kernel.ts';
import { Tape } from '../../src/plan/tape.ts';
import { describeKernel } from './describe-kernel.ts';

describeKernel(
  largestKernel,
  [1, 63, 64, 65, 1009].map((columns) => ({ rows: 3, columns })),
);

describe('largest', () => {
  it('takes the first of equals', () => {
    const chosen = new Uint32Array(2);
    const x = Float32Array.of(1, 5, 5, 0, 0, 0);
    largestKernel.reference({ x, chosen }, { rows: 2, columns: 3 }, {});
    expect([...chosen]).toEqual([1, 0]);
  });

  it('refuses a place of another size', () => {
    const tape = new Tape({ capabilities: baselineCapabilities });
    const [logits, chosen] = [tape.tensor('logits', [3, 5]), tape.tensor('chosen', [2], 'u32')];
    expect(() => largest(tape, logits, chosen)).toThrow('chosen [2] u32 cannot hold 3 choices');
  });
});
