// Calibration with small probes: a profile of finite, positive figures that predictions can use.
import { afterEach, beforeEach, expect, it } from 'vitest';
import { copyForward } from '../../src/kernels/copy.ts';
import { fmaPeakScalar } from '../../src/kernels/fma-peak.ts';
import type { DeviceProfile } from '../../src/plan/device-profile.ts';
import { type Kernel, shapeText } from '../../src/plan/kernel.ts';
import { predictPlan } from '../../src/plan/predict.ts';
import { calibrate } from '../../src/runtime/calibrate.ts';
import { calibrateQuickly, isTimed } from '../../src/runtime/calibrate-quickly.ts';
import { GpuProbing } from '../../src/runtime/timing/gpu-probing.ts';
import { describeGpu, getTestDevice } from '../gpu-device.ts';
import { addPlan, addScaled, broken } from './tiny-kernels.ts';

const small = (kernel: unknown, ...calibration: Record<string, number>[]) =>
  ({ ...(kernel as Kernel), calibration }) as Kernel;

const probes = {
  arithmetic: [small(fmaPeakScalar, { steps: 16, workgroups: 16 })],
  copy: small(copyForward, { vectors: 64 }, { vectors: 8_192 }, { vectors: 65_536 }),
  kernels: [small(addScaled, { elements: 640 }, { elements: 64_000 })],
};

describeGpu('calibrate', () => {
  let probing: GpuProbing;
  beforeEach(async () => {
    probing = new GpuProbing((await getTestDevice()).device);
  });
  afterEach(() => probing.dispose());

  it('gives finite and positive figures, and says how far it is', async () => {
    const fractions: number[] = [];
    const profile = await calibrate(probing, 'test device', probes, (fraction) => fractions.push(fraction));
    expect(profile).toMatchObject({ version: 5, device: 'test device' });
    const points = profile.kernels['test.addScaled'] ?? [];
    expect(points.map(({ shape }) => shape)).toEqual(['elements 640', 'elements 64000']);
    const measured = [
      profile.fmaFlopsPerSecond,
      profile.paceSeconds,
      ...profile.copyBytesPerSecond.map(({ rate }) => rate),
      profile.launchSeconds,
      profile.submitSeconds,
      ...points.map(({ seconds }) => seconds),
    ];
    for (const { value, spread, repeats } of measured) {
      expect(Number.isFinite(value) && value > 0).toBe(true);
      expect(Number.isFinite(spread) && spread >= 0).toBe(true);
      expect(repeats).toBeGreaterThanOrEqual(3);
    }
    expect(profile.copyBytesPerSecond.map(({ bytes }) => bytes)).toEqual([262_144, 2_097_152]);
    expect(fractions[0]).toBe(0);
    expect(fractions.at(-1)).toBe(1);
    expect([...fractions].sort((a, b) => a - b)).toEqual(fractions);
    expect(JSON.parse(JSON.stringify(profile))).toEqual(profile);

    const prediction = predictPlan(addPlan(64_000, 3).plan, profile);
    expect(prediction.seconds).toBeGreaterThan(0);
    expect(Number.isFinite(prediction.seconds)).toBe(true);
    expect(Number.isFinite(prediction.relativeError)).toBe(true);
  });

  it('times other variants of the kernels, but none that is wrong or does not compile', async () => {
    const other = (name: string, kernel: unknown = addScaled) =>
      small({ ...(kernel as Kernel), name }, { elements: 640 }, { elements: 64_000 });
    const wrong = other('test.addScaled/wrong');
    const variants = [
      other('test.addScaled/good'),
      { ...wrong, source: wrong.source.replace('y[i] += ', 'y[i] += 1.5 + ') },
      other('test.addScaled/bad', broken('test.bad', 'y[i] = nonsense;')),
    ];
    const profile = await calibrate(probing, 'test device', { ...probes, variants });
    expect(profile.variants).toEqual(['test.addScaled/good']);
    expect(Object.keys(profile.kernels)).toEqual(['test.addScaled', 'test.addScaled/good']);
  });

  it('measures within seconds the shapes of one piece of work, and adds those of the next', async () => {
    const { arithmetic, copy } = probes;
    const quickly = (elements: number, known?: DeviceProfile) => {
      const shapes = [{ kernel: addScaled as unknown as Kernel, dims: { elements } }];
      const work = { arithmetic, copy, shapes };
      return calibrateQuickly(probing, 'test device', work, undefined, known);
    };
    const first = await quickly(640);
    const second = await quickly(64_000, first);
    expect(second).toMatchObject({ version: 5, isQuick: true, device: 'test device' });
    expect(second.fmaFlopsPerSecond).toBe(first.fmaFlopsPerSecond);
    const shapes = second.kernels['test.addScaled']?.map(({ shape }) => shape);
    expect(shapes).toEqual(['elements 640', 'elements 64000']);
    const plan = addPlan(64_000, 3).plan;
    const [dispatch] = plan.dispatches;
    expect(dispatch && [isTimed(first, dispatch), isTimed(second, dispatch)]).toEqual([false, true]);
    const { seconds, relativeError } = predictPlan(plan, second);
    expect(Number.isFinite(seconds) && seconds > 0).toBe(true);
    expect(relativeError).toBeGreaterThan(0.1); // the pace was not followed
  });

  it('says which probe does not compile', async () => {
    const bad = small(broken('test.bad', 'y[i] = nonsense;'), { elements: 64 });
    await expect(calibrate(probing, 'x', { ...probes, kernels: [bad] })).rejects.toThrow(/^test\.bad/);
  });

  it('names shapes for people', () => {
    expect(shapeText({ rows: 3, columns: 257 })).toBe('rows 3, columns 257');
  });
});
