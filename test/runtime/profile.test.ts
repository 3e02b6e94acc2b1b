// Profiling a plan: one row per dispatch, measured on a runtime of its own.
import { expect, it } from 'vitest';
import { GpuRuntime } from '../../src/runtime/gpu-runtime.ts';
import { profilePlan } from '../../src/runtime/profile.ts';
import { describeGpu, getTestDevice } from '../gpu-device.ts';
import { addPlan } from './tiny-kernels.ts';

describeGpu('profilePlan', () => {
  it('measures every dispatch, and tells how far it is', async () => {
    const { device } = await getTestDevice();
    const { plan } = addPlan(64 * 200, 3);
    const runtime = await GpuRuntime.create(device, [plan]);
    const progress: number[] = [];
    const start = performance.now();
    const profile = await profilePlan(runtime, plan, { learningRate: 0.5 }, (done) => progress.push(done));
    const wall = (performance.now() - start) / 1000;
    expect(profile.dispatches).toHaveLength(3);
    for (const { value, spread, repeats } of profile.dispatches) {
      expect(value).toBeGreaterThan(0);
      expect(value).toBeLessThan(wall); // of which it is a part
      expect(Number.isFinite(spread)).toBe(true);
      expect(repeats).toBeGreaterThanOrEqual(3);
    }
    expect([progress[0], progress.at(-1)]).toEqual([0, 3]);
    expect(profile.method).toMatch(/slope over repeats$/);
    runtime.dispose();
  });

  it('leaves another runtime of the same plan untouched', async () => {
    const { device } = await getTestDevice();
    const { plan, y } = addPlan(640);
    const [run, copy] = [await GpuRuntime.create(device, [plan]), await GpuRuntime.create(device, [plan])];
    await run.submit([{ plan, scalars: { learningRate: 1 } }]);
    const before = await run.read(y);
    await profilePlan(copy, plan, { learningRate: 1 });
    expect(await run.read(y)).toEqual(before);
    expect(await copy.read(y)).not.toEqual(before);
    run.dispose();
    copy.dispose();
  });
});
