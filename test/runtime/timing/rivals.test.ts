// Variants that seemed quicker, timed again beside what they would stand for, on a machine that others use.
import { describe, expect, it } from 'vitest';
import { copyForward } from '../../../src/kernels/copy.ts';
import type { Kernel } from '../../../src/plan/kernel.ts';
import { confirmRivals, type TimedShape } from '../../../src/runtime/timing/rivals.ts';
import { near } from '../../near.ts';
import { sharedMachine } from './shared-machine.ts';

describe('rivals that seemed quicker', () => {
  const named = (name: string) => ({ ...(copyForward as unknown as Kernel), name });
  const dims = { vectors: 64 };
  /** A shape that took `seemed` seconds in the rounds of all, and takes `really`. */
  const shape = (name: string, seemed: number, time: TimedShape['time']): TimedShape => ({
    ...{ kernel: named(name), dims, time },
    seconds: { value: seemed, spread: 0.01, repeats: 3 },
  });

  it('keep what they gain beside the built-in kernel, and lose what was chance', async () => {
    const machine = sharedMachine();
    const builtIn = [shape('copy/a', 0.01, machine(0.01)), shape('copy/slow', 0.05, machine(0.05))];
    const variants = [
      shape('copy/lucky', 0.006, machine(0.0105)),
      shape('copy/quick', 0.007, machine(0.005)),
      shape('copy/slower', 0.02, machine(0.02)),
      shape('other/alone', 0.001, machine(0.02)),
    ];
    const [lucky, quick, slower, alone] = await confirmRivals(builtIn, variants, 60);
    expect(lucky?.value).toBeGreaterThan(0.0095);
    expect(quick?.value).toBeLessThan(0.006);
    expect(slower).toBe(variants[2]?.seconds);
    expect(alone).toBe(variants[3]?.seconds);
  });

  it('gain nothing where no time is left to confirm them', async () => {
    const time = async () => 1;
    const [seconds] = await confirmRivals([shape('copy/a', 2, time)], [shape('copy/b', 1, time)], -1);
    expect(seconds).toMatchObject({ value: near(2) });
  });
});
