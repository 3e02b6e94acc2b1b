// One kernel timed alone, under the step record that its cost is stated for.
import { expect, it } from 'vitest';
import type { Kernel } from '../../../src/plan/kernel.ts';
import { exampleScalars } from '../../../src/runtime/kernel-probe.ts';
import { measureKernel, probeScalarsOf } from '../../../src/runtime/timing/probing.ts';
import { addScaled } from '../tiny-kernels.ts';
import { knownProbing } from './known-probing.ts';

it('takes off what a pass costs beside its dispatches', async () => {
  const probing = knownProbing(() => 3e-4, { passSeconds: 0.001 });
  const { value } = await measureKernel(probing, addScaled as unknown as Kernel, { elements: 64 });
  expect(value).toBeCloseTo(3e-4, 9);
});

it('a kernel may say under which step record it is timed', () => {
  const kernel = { probeScalars: ({ rows = 0 }) => ({ length: rows }) } as unknown as Kernel;
  expect(probeScalarsOf(kernel, { rows: 7 })).toMatchObject({ ...exampleScalars, length: 7 });
});
