// Kernels made ready to be timed on a GPU.
import { expect, it } from 'vitest';
import type { Kernel } from '../../../src/plan/kernel.ts';
import { GpuProbing } from '../../../src/runtime/timing/gpu-probing.ts';
import { measureKernel } from '../../../src/runtime/timing/probing.ts';
import { describeGpu, getTestDevice } from '../../gpu-device.ts';
import { addScaled } from '../tiny-kernels.ts';

describeGpu('GpuProbing', () => {
  it('gives a positive time, and a longer one for a thousand times the work', async () => {
    const { device } = await getTestDevice();
    const probing = new GpuProbing(device);
    const kernel = addScaled as unknown as Kernel;
    const time = async (elements: number) =>
      (await measureKernel(probing, kernel, { elements }, { budgetSeconds: 0.2 })).value;
    expect(await time(4_000)).toBeGreaterThan(0);
    await expect.poll(async () => (await time(4_000_000)) / (await time(4_000))).toBeGreaterThan(1);
    probing.dispose();
  });
});
