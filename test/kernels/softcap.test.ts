// The soft cap against its reference, at logits far beyond the cap too.
import { describe, expect, it } from 'vitest';
import { recordSoftcap, softcapKernel } from '../../src/kernels/softcap.ts';
import { baselineCapabilities } from '../../src/plan/kernel.ts';
import { Tape } from '../../src/plan/tape.ts';
import { describeKernel } from './describe-kernel.ts';

describeKernel(softcapKernel, [
  { elements: 1, softcap: 30 },
  { elements: 127, softcap: 0.5 },
  { elements: 128, softcap: 30 },
  { elements: 129, softcap: 15 },
  { elements: 10_007, softcap: 1000 },
]);

describe('the soft cap', () => {
  it('keeps the order of logits and stays within the cap', () => {
    const logits = Float64Array.of(-1e6, -40, -1, 0, 1, 40, 1e6);
    softcapKernel.reference({ logits }, { elements: 7, softcap: 30 }, {});
    expect([...logits].sort((a, b) => a - b)).toEqual([...logits]);
    expect(Math.max(...logits)).toBeLessThanOrEqual(30);
    expect(logits[4]).toBeCloseTo(1, 3);
  });

  it('records nothing for a model without one', () => {
    const tape = new Tape({ capabilities: baselineCapabilities });
    recordSoftcap(tape, tape.tensor('logits', [4]), 0);
    expect(tape.dispatches).toEqual([]);
    recordSoftcap(tape, tape.tensor('logits', [4]), 30);
    expect(tape.dispatches).toHaveLength(1);
  });
});
