// A calibrated device measures what an experiment needs beyond that, once.
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { kernelsOf, typicalPlans } from '../../src/lab/cost/calibration.ts';
import type { DeviceProfile } from '../../src/plan/device-profile.ts';
import type { Kernel } from '../../src/plan/kernel.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { Devices } from '../../src/worker/devices.ts';
import { exampleProfile } from '../cli/example-profile.ts';
import { describeGpu, getTestDevice, getTestGpu } from '../gpu-device.ts';
import { MemoryStorage } from './memory-storage.ts';

const experiment = {
  model: { layers: 1, width: 16, heads: 2, context: 8, vocabulary: 20 },
  train: { steps: 1, batch: 2, optimizer: { learningRate: 0.1 } },
  data: {},
};

describeGpu('calibrating for an experiment', () => {
  beforeEach(() => void vi.stubGlobal('navigator', { gpu: getTestGpu() }));

  it('measures the kernels that nothing is known of, and keeps them', async () => {
    const { capabilities } = await getTestDevice();
    const plans = typicalPlans(experiment, { capabilities });
    const names = kernelsOf(plans).map(({ name }) => name);
    const [missing = '', ...others] = names;
    const { profile } = exampleProfile;
    const point = Object.values(profile.kernels)[0] ?? [];
    const known: DeviceProfile = {
      ...profile,
      kernels: Object.fromEntries(others.map((name) => [name, point])),
    };
    const storage = new MemoryStorage();
    storage.profile = async () => known;
    const devices = new Devices(storage.asRunStorage(), () => undefined);
    const report = await devices.calibrate(false, () => undefined, plans);
    expect(report.seconds).toBeGreaterThan(0);
    const { profile: after } = await devices.engine();
    expect(Object.keys(after?.kernels ?? {}).sort()).toEqual([...names].sort());
    expect(after?.kernels[missing]?.length).toBeGreaterThan(0);
    expect(after?.kernels[others[0] ?? '']).toBe(point);
    expect([...storage.profiles.values()]).toEqual([after]);
    // Nothing is left to measure.
    expect((await devices.calibrate(false, () => undefined, plans)).seconds).toBe(0);
    (await devices.gpu('test')).device.destroy();
  });
});

/**
 * The plans with kernels that are checked at their first shape: each is a pipeline, and the kernels' own tests, with those of
 * the self-test, have more. All shapes in a full run.
 */
function atFirstShapes(plans: readonly Plan[]): readonly Plan[] {
  if (process.env.FLOPSCOPE_FULL) return plans;
  const kernels = new Map<Kernel, Kernel>();
  for (const kernel of kernelsOf(plans))
    kernels.set(kernel, { ...kernel, selfTest: kernel.selfTest.slice(0, 1) });
  return plans.map((plan) => ({
    ...plan,
    dispatches: plan.dispatches.map((one) => ({ ...one, kernel: kernels.get(one.kernel) ?? one.kernel })),
  }));
}

/** Checks the kernels of some plans, as the page asks for it. */
async function selfTest(devices: Devices, plans: readonly Plan[]) {
  const checks = await devices.checks();
  return checks.selfTest(
    await devices.engine(),
    () => undefined,
    () => plans,
  );
}

describeGpu('the self-test of an experiment', () => {
  beforeEach(() => void vi.stubGlobal('navigator', { gpu: getTestGpu() }));

  it('checks every kernel that a model with Muon and attention sinks dispatches, once', async () => {
    const optimizer = { kind: 'muon', learningRate: 0.1 };
    const json = {
      ...experiment,
      model: { ...experiment.model, attentionSinks: true },
      train: { ...experiment.train, optimizer },
    };
    const { capabilities } = await getTestDevice();
    const plans = atFirstShapes(typicalPlans(json, { capabilities }));
    const used = kernelsOf(plans).map(({ name }) => name);
    expect(used.some((name) => name.startsWith('muon.'))).toBe(true);
    expect(used).toContain('attention.sinks');
    const storage = new MemoryStorage();
    const devices = new Devices(storage.asRunStorage(), () => undefined);
    const first = await selfTest(devices, plans);
    expect(new Set(first.rows.map(({ kernel }) => kernel))).toEqual(new Set(used));
    expect(first).toMatchObject({ passed: true, kernels: used.length, remembered: 0 });
    // Another page on the same device runs only what is new to it.
    const later = new Devices(storage.asRunStorage(), () => undefined);
    const second = await selfTest(later, plans);
    expect(second).toMatchObject({ passed: true, kernels: used.length, remembered: used.length });
    // What was not checked is, before it runs: here a kernel that does something else than its reference.
    const [plan] = plans;
    const [dispatch] = plan?.dispatches ?? [];
    if (!plan || !dispatch) throw new Error('a plan is expected');
    const kernel = { ...dispatch.kernel, name: 'test.wrong', reference: () => undefined };
    const wrong = { ...plan, dispatches: [{ ...dispatch, kernel }] };
    const engine = await later.engine();
    await expect(engine.createRuntime([wrong], [])).rejects.toThrow('test.wrong differs from the reference');
    (await later.checks()).acceptWrong();
    (await engine.createRuntime([wrong], [])).dispose();
    for (const service of [devices, later]) (await service.gpu('test')).device.destroy();
  });
});

describeGpu('a software GPU beside the processor', () => {
  /** A browser without shared memory, whose GPU and processor were measured before: the processor so many times as quick. */
  function browserWith(speed: number) {
    vi.stubGlobal('navigator', { gpu: getTestGpu() });
    const { profile } = exampleProfile;
    const timesAsQuick = (times: number): DeviceProfile => {
      const { launchSeconds, fmaFlopsPerSecond: peak } = profile;
      return {
        ...profile,
        launchSeconds: { ...launchSeconds, value: launchSeconds.value / times },
        fmaFlopsPerSecond: { ...peak, value: peak.value * times },
      };
    };
    const speeds = { processor: speed, gpu: 1 };
    const storage = new MemoryStorage();
    storage.profile = async (key) =>
      timesAsQuick(key.startsWith('WebAssembly') ? speeds.processor : speeds.gpu);
    return { devices: new Devices(storage.asRunStorage(), () => undefined), speeds };
  }
  afterEach(() => vi.unstubAllGlobals());

  it.each([
    [10, 'wasm'],
    [0.1, 'gpu'],
  ])('the processor %f times as quick: the quicker one computes, and says why', async (speed, runtime) => {
    const { devices } = browserWith(speed);
    let closed = 0;
    const close = async () => void closed++;
    const info = await devices.takeQuicker(() => undefined, experiment, close);
    expect(info).toMatchObject({ runtime, comparison: { threads: 1, measuredShare: 1 } });
    const { gpuSeconds = 0, processorSeconds = 0 } = info.comparison ?? {};
    expect(processorSeconds < gpuSeconds).toBe(speed > 1);
    expect(closed).toBe(speed > 1 ? 1 : 0);
    expect((await devices.engine()).kind).toBe(runtime);
    expect(await devices.open()).toEqual(info);
    // A choice of a person has nothing to explain.
    await devices.choose({ runtime: 'wasm', threads: 1 });
    expect((await devices.open()).comparison).toBeUndefined();
  });

  it('is compared again for much more work, and only then', async () => {
    const { devices, speeds } = browserWith(10);
    const take = async (json: object) => {
      const { runtime } = await devices.takeQuicker(
        () => undefined,
        json,
        async () => undefined,
      );
      return runtime;
    };
    expect(await take(experiment)).toBe('wasm');
    speeds.gpu = 1000;
    expect(await take(experiment)).toBe('wasm');
    const large = { ...experiment, model: { ...experiment.model, width: 64, context: 32 } };
    expect(await take(large)).toBe('gpu');
    expect(await devices.open()).toMatchObject({ runtime: 'gpu', comparison: { threads: 1 } });
    (await devices.gpu('test')).device.destroy();
  });

  it('stays where the processor does not serve', async () => {
    const { devices } = browserWith(10);
    vi.stubGlobal('WebAssembly', undefined);
    const info = await devices.takeQuicker(
      () => undefined,
      experiment,
      async () => undefined,
    );
    expect(info).toMatchObject({ runtime: 'gpu' });
    expect(info.comparison).toBeUndefined();
    (await devices.gpu('test')).device.destroy();
  });
});
