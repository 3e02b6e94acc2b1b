// Timing one pass, with and without timestamp queries.
import { expect, it } from 'vitest';
import { GpuRuntime } from '../../../src/runtime/gpu-runtime.ts';
import { PassTimer } from '../../../src/runtime/timing/timer.ts';
import { describeGpu, getTestDevice, getTestGpu } from '../../gpu-device.ts';
import { addPlan } from '../tiny-kernels.ts';

/**
 * Expects passes of `many` dispatches to take more than `factor` times as long as those of one, each at its quickest:
 * what else the machine does only adds time, so there are as many passes as it takes.
 */
async function expectLonger(
  device: GPUDevice,
  timer: PassTimer,
  many: number,
  factor: number,
): Promise<void> {
  const { plan } = addPlan(64 * 500);
  const runtime = await GpuRuntime.create(device, [plan]);
  runtime.setScalars(plan, {});
  const pass = (repetitions: number) =>
    timer.seconds((encoder) => {
      for (let n = 0; n < repetitions; n++) runtime.encodeDispatch(encoder, plan, 0);
    });
  const quickest = { one: Number.POSITIVE_INFINITY, many: Number.POSITIVE_INFINITY };
  const look = async () => {
    quickest.one = Math.min(quickest.one, await pass(1));
    quickest.many = Math.min(quickest.many, await pass(many));
    return quickest.many - factor * quickest.one;
  };
  await expect.poll(look).toBeGreaterThan(0);
  expect(quickest.one).toBeGreaterThanOrEqual(0);
  runtime.dispose();
}

describeGpu('PassTimer', () => {
  it('finds more work to take longer', async () => {
    const { device } = await getTestDevice();
    const timer = new PassTimer(device);
    await expectLonger(device, timer, 64, 4);
    expect(timer.method).toMatch(
      device.features.has('timestamp-query') ? /^timestamp queries/ : /^wall clock/,
    );
    timer.dispose();
  });

  it('falls back to the wall clock where there are no timestamp queries', async () => {
    const adapter = await getTestGpu().requestAdapter();
    const device = await adapter?.requestDevice();
    if (!device) return expect.unreachable();
    const timer = new PassTimer(device);
    expect(timer.method).toMatch(/^wall clock/);
    await expectLonger(device, timer, 200, 1);
    timer.dispose();
    device.destroy();
  });
});
