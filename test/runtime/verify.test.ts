// The check that every kernel must pass on a visitor's device: what it catches.
import { describe, expect, it, vi } from 'vitest';
import type { Kernel } from '../../src/plan/kernel.ts';
import { relativeError, verifyKernel, verifyKernels } from '../../src/runtime/verify.ts';
import { describeGpu, getTestDevice, getTestGpu } from '../gpu-device.ts';
import { near } from '../near.ts';
import { addScaled, broken } from './tiny-kernels.ts';

const dims = { elements: 1_000 };
const verify = async (kernel: typeof addScaled, options = {}) => {
  const { device } = await getTestDevice();
  return verifyKernel(device, kernel as unknown as Kernel, dims, options);
};

describeGpu('verifyKernel', () => {
  it('passes a kernel that agrees with its reference', async () => {
    const result = await verify(addScaled, { scalars: { learningRate: 0.75 } });
    expect(result).toMatchObject({ kernel: 'test.addScaled', dims, passed: true, tolerance: near(1e-5) });
    expect(result.maximumError).toBeLessThan(1e-6);
  });

  it.each([
    ['a wrong factor', 'y[i] += x[i] * step.learningRate * 1.01 + f32(workgroup);'],
    ['a missing term', 'y[i] += x[i] * step.learningRate;'],
    ['elements left out', 'if (i != 999u) { y[i] += x[i] * step.learningRate + f32(workgroup); }'],
    ['not a number', 'y[i] = bitcast<f32>(0x7fc00000u + min(i, 1u));'],
  ])('catches %s', async (name, statement) => {
    const result = await verify(broken(`test.${name}`, statement));
    expect(result.passed).toBe(false);
    expect(result.maximumError).toBeGreaterThan(result.tolerance);
  });

  it.each([
    ['after', 'y[i] += x[i] * step.learningRate + f32(workgroup); if (i == 0u) { y[elements + 3u] = 1.0; }'],
    [
      'far after',
      'y[i] += x[i] * step.learningRate + f32(workgroup); if (i == 0u) { y[elements + 63u] = 1.0; }',
    ],
  ])('catches a stray write %s the tensor', async (_, statement) => {
    const result = await verify(broken('test.stray', statement));
    expect(result).toMatchObject({ passed: false, message: 'y was written out of bounds' });
  });

  it('reports a kernel that does not compile instead of throwing', async () => {
    const result = await verify(broken('test.syntax', 'y[i] = ;'));
    expect(result).toMatchObject({ passed: false, maximumError: Number.POSITIVE_INFINITY });
    expect(result.message).toMatch(/^test\.syntax: does not compile/);
  });

  it('lets a tolerance decide', async () => {
    const kernel = broken('test.rough', 'y[i] += x[i] * step.learningRate + f32(workgroup) + 0.001;');
    expect((await verify(kernel)).passed).toBe(false);
    expect((await verify(kernel, { tolerance: 0.01 })).passed).toBe(true);
    expect((await verify({ ...kernel, tolerance: 0.01 })).passed).toBe(true);
  });
});

describeGpu('verifyKernels', () => {
  const cases = (kernel: typeof addScaled, count: number) =>
    Array.from({ length: count }, (_, i) => ({
      kernel: kernel as unknown as Kernel,
      dims: { elements: 60 + i },
    }));

  it('waits a few times for all, not for each', async () => {
    const { device } = await getTestDevice();
    const waits = vi.spyOn(device.queue, 'onSubmittedWorkDone');
    const done: number[] = [];
    const results = await verifyKernels(device, cases(addScaled, 30), {
      onProgress: (count, total) => done.push(count / total),
    });
    expect(waits.mock.calls.length).toBeLessThan(10);
    expect(results.map(({ dims: { elements } }) => elements)).toEqual(
      cases(addScaled, 30).map((_, i) => 60 + i),
    );
    expect(results.every(({ passed }) => passed)).toBe(true);
    expect([...done].sort((a, b) => a - b)).toEqual(done);
    expect(done.at(-1)).toBe(1);
  });

  it('tells the wrong and the broken from the good beside them', async () => {
    const { device } = await getTestDevice();
    const wrong = broken('test.wrong', 'y[i] += 1.0;');
    const syntax = broken('test.syntax', 'y[i] = ;');
    const stray = broken(
      'test.stray',
      'y[i] += x[i] * step.learningRate + f32(workgroup); y[elements] = 1.0;',
    );
    const mixed = [addScaled, wrong, addScaled, syntax, stray, addScaled];
    const results = await verifyKernels(
      device,
      mixed.map((kernel) => ({ kernel: kernel as unknown as Kernel, dims })),
    );
    expect(results.map(({ kernel, passed }) => [kernel, passed])).toEqual(
      mixed.map((kernel) => [kernel.name, kernel === addScaled]),
    );
  });

  it('finds out which of many a fault belongs to', async () => {
    const device = await (await getTestGpu().requestAdapter())?.requestDevice();
    if (!device) return expect.unreachable();
    const hungry: Kernel = {
      ...(addScaled as unknown as Kernel),
      name: 'test.hungry',
      workgroups: () => 2 ** 33,
    };
    const results = await verifyKernels(device, [
      ...cases(addScaled, 2),
      { kernel: hungry, dims },
      ...cases(addScaled, 2),
    ]);
    expect(results.map(({ passed }) => passed)).toEqual([true, true, false, true, true]);
    expect(results[2]?.message).toMatch(/exceeds/);
    device.destroy();
  });
});

describe('relativeError', () => {
  it('is relative to the largest value, and absolute below 1', () => {
    expect(relativeError(Float64Array.of(100, 1), Float64Array.of(101, 1))).toEqual(near(0.01));
    expect(relativeError(Float64Array.of(0.001), Float64Array.of(0.002))).toBeCloseTo(0.001, 12);
  });

  it('accepts infinities and NaN only where both have them', () => {
    const strange = Float64Array.of(Number.POSITIVE_INFINITY, Number.NaN, 2);
    expect(relativeError(strange, strange.slice())).toBe(0);
    expect(relativeError(strange, Float64Array.of(Number.NEGATIVE_INFINITY, Number.NaN, 2))).toBe(Infinity);
    expect(relativeError(Float64Array.of(1), Float64Array.of(Number.NaN))).toBe(Infinity);
  });
});
