// Timing one pass, with and without timestamp queries.
import { expect, it } from 'vitest';
import { GpuRuntime } from '../../../src/runtime/gpu-runtime.ts';
import { PassTimer } from '../../../src/runtime/timing/timer.ts';
import { describeGpu, getTestDevice, getTestGpu } from '../../gpu-device.ts';
import { addPlan } from '../tiny-kernels.ts';

/** Median seconds of passes of `repetitions` dispatches. */
async function timePasses(device: GPUDevice, timer: PassTimer, repetitions: number): Promise<number> {
  const { plan } = addPlan(64 * 500);
  const runtime = await GpuRuntime.create(device, [plan]);
  runtime.setScalars(plan, {});
  const times: number[] = [];
  for (let i = 0; i < 5; i++) {
    times.push(
      await timer.seconds((pass) => {
        for (let n = 0; n < repetitions; n++) runtime.encodeDispatch(pass, plan, 0);
      }),
    );
  }
  runtime.dispose();
  return times.sort((a, b) => a - b)[2] ?? 0;
}

describeGpu('PassTimer', () => {
  it('finds more work to take longer', async () => {
    const { device } = await getTestDevice();
    const timer = new PassTimer(device);
    const [short, long] = [await timePasses(device, timer, 1), await timePasses(device, timer, 64)];
    expect(short).toBeGreaterThanOrEqual(0);
    expect(long).toBeGreaterThan(4 * short);
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
    const [short, long] = [await timePasses(device, timer, 1), await timePasses(device, timer, 200)];
    expect(long).toBeGreaterThan(short);
    timer.dispose();
    device.destroy();
  });
});
