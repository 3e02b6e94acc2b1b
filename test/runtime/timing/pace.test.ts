// The mixture of kernels that tells a device's pace.
import { expect, it } from 'vitest';
import type { Kernel } from '../../../src/plan/kernel.ts';
import { GpuProbing } from '../../../src/runtime/timing/gpu-probing.ts';
import { Pace } from '../../../src/runtime/timing/pace.ts';
import { describeGpu, getTestDevice } from '../../gpu-device.ts';
import { addScaled, broken } from '../tiny-kernels.ts';

const sized = (kernel: unknown, elements: number) =>
  ({ ...(kernel as Kernel), calibration: [{ elements: 1 }, { elements }, { elements: 1 }] }) as Kernel;

describeGpu('Pace', () => {
  it('times the middle shapes of the first kernels, and takes longer for more of them', async () => {
    const { device } = await getTestDevice();
    const small = sized(addScaled, 1_000);
    const large = sized(addScaled, 4_000_000);
    const one = await Pace.open(new GpuProbing(device), [small, small, small, small, large]);
    const two = await Pace.open(new GpuProbing(device), [large, large]);
    try {
      expect(await one.seconds()).toBeGreaterThan(0);
      // The fifth kernel is not in the mixture.
      await expect.poll(async () => (await two.seconds()) / (await one.seconds())).toBeGreaterThan(1);
    } finally {
      one.dispose();
      two.dispose();
    }
  });

  it('frees what it made when a kernel does not compile', async () => {
    const { device } = await getTestDevice();
    const bad = { ...sized(broken('test.bad', 'y[i] = nonsense;'), 64) } as Kernel;
    await expect(Pace.open(new GpuProbing(device), [bad])).rejects.toThrow(/^test\.bad/);
  });
});
