// Kernels made ready to be timed.
import { expect, it } from 'vitest';
import type { Kernel } from '../../../src/plan/kernel.ts';
import { exampleScalars } from '../../../src/runtime/kernel-probe.ts';
import { PipelineCache } from '../../../src/runtime/pipelines.ts';
import { measureKernel, probeScalarsOf } from '../../../src/runtime/timing/probing.ts';
import { PassTimer } from '../../../src/runtime/timing/timer.ts';
import { describeGpu, getTestDevice } from '../../gpu-device.ts';
import { addScaled } from '../tiny-kernels.ts';

describeGpu('measureKernel', () => {
  it('gives a positive time, and a longer one for a thousand times the work', async () => {
    const { device } = await getTestDevice();
    const timer = new PassTimer(device);
    const pipelines = new PipelineCache(device);
    const kernel = addScaled as unknown as Kernel;
    const time = async (elements: number) =>
      (await measureKernel(device, timer, pipelines, kernel, { elements }, { budgetSeconds: 0.2 })).value;
    expect(await time(4_000)).toBeGreaterThan(0);
    await expect.poll(async () => (await time(4_000_000)) / (await time(4_000))).toBeGreaterThan(1);
    timer.dispose();
  });
});

it('a kernel may say under which step record it is timed', () => {
  const kernel = { probeScalars: ({ rows = 0 }) => ({ length: rows }) } as unknown as Kernel;
  expect(probeScalarsOf(kernel, { rows: 7 })).toMatchObject({ ...exampleScalars, length: 7 });
});
