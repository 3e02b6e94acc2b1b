// Kernels alone: the plan of one dispatch, its guards and its numbers.
import { describe, expect, it } from 'vitest';
import type { Kernel } from '../../src/plan/kernel.ts';
import { guardsIntact, probeOf } from '../../src/runtime/kernel-probe.ts';
import { addScaled } from './tiny-kernels.ts';

describe('probeOf', () => {
  it('gives the same guarded values every time, standard normal enough', () => {
    const kernel = addScaled as unknown as Kernel;
    const [first, second] = [probeOf(kernel, { elements: 5_000 }), probeOf(kernel, { elements: 5_000 })];
    const values = first.storages[0]?.values ?? new Float32Array();
    expect(values).toEqual(second.storages[0]?.values);
    expect(values).not.toEqual(first.storages[1]?.values);
    expect([values[0], values.at(-1), values.length]).toEqual([12_345, 12_345, 5_128]);
    const inner = [...values.slice(64, -64)];
    expect(Math.abs(inner.reduce((sum, value) => sum + value, 0) / inner.length)).toBeLessThan(0.05);
    expect(first.plan.dispatches[0]?.bindings.x?.offset).toBe(64);
  });
});

describe('guardsIntact', () => {
  it('sees the first and the last element around a tensor, and not what is in it', () => {
    const before = new Float32Array(2 * 64 + 3).fill(12_345);
    const changed = (index: number) => before.map((value, at) => (at === index ? value + 1 : value));
    expect([0, 63, 64, 66, 67, 130].map((index) => guardsIntact(changed(index), before))).toEqual([
      false,
      false,
      true,
      true,
      false,
      false,
    ]);
  });
});
