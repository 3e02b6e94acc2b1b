// The one query set of a device, and clocks that are not to be believed.
import { describe, expect, it, vi } from 'vitest';
import { GpuRuntime } from '../../../src/runtime/gpu-runtime.ts';
import { measureSlope } from '../../../src/runtime/timing/slope.ts';
import { PassTimer } from '../../../src/runtime/timing/timer.ts';
import { Timestamps } from '../../../src/runtime/timing/timestamps.ts';
import { describeGpu, getTestGpu } from '../../gpu-device.ts';
import { addPlan } from '../tiny-kernels.ts';

const second = 1_000_000_000n;

/** A device that has nothing but timestamps, all from one set, which it makes once. */
function clockDevice() {
  const createQuerySet = vi.fn(() => ({ label: 'timestamps' }) as unknown as GPUQuerySet);
  const device = { features: new Set(['timestamp-query']), createQuerySet } as unknown as GPUDevice;
  return { device, createQuerySet };
}

describe('Timestamps', () => {
  it('hands out ranges of one set that do not overlap, and takes them back', () => {
    const { device, createQuerySet } = clockDevice();
    const timestamps = Timestamps.of(device);
    expect(Timestamps.of(device)).toBe(timestamps);
    const ranges = Array.from({ length: 16 }, () => timestamps.take(128));
    const taken = ranges.flatMap((range) =>
      Array.from({ length: range?.count ?? 0 }, (_, i) => (range?.first ?? 0) + i),
    );
    expect(new Set(taken).size).toBe(16 * 128);
    expect(timestamps.take(2)).toBeUndefined();
    const [, , third] = ranges;
    if (!third) return expect.unreachable();
    timestamps.give(third);
    expect(timestamps.take(2)?.first).toBe(third.first);
    expect(timestamps.take(126)?.first).toBe(third.first + 2);
    expect(timestamps.take(1)).toBeUndefined();
    expect(createQuerySet).toHaveBeenCalledTimes(1);
  });

  it('has none where the device has none', () => {
    expect(Timestamps.of({ features: new Set() } as unknown as GPUDevice).take(2)).toBeUndefined();
  });

  it('believes a clock once it was seen to run, to its quantum', () => {
    const timestamps = Timestamps.of(clockDevice().device);
    expect(timestamps.seconds(5n, 5n, 0.5)).toBeUndefined();
    expect([timestamps.isProven, timestamps.isSilent]).toEqual([false, true]);
    expect(timestamps.seconds(2n ** 62n, 2n ** 62n + second / 4n, 0.5)).toBeCloseTo(0.25, 12);
    expect([timestamps.isProven, timestamps.isSilent]).toEqual([true, false]);
    expect(timestamps.seconds(5n, 5n, 0.5)).toBe(0);
  });

  it('believes neither a clock that ran backwards nor one that counts more than has passed', () => {
    const timestamps = Timestamps.of(clockDevice().device);
    expect(timestamps.seconds(second, second + 1000n, 1)).toBeCloseTo(1e-6, 15);
    expect(timestamps.seconds(second, 0n, 1)).toBeUndefined();
    expect(timestamps.seconds(0n, 3n * second, 1)).toBeUndefined();
  });
});

/** A device whose passes take `seconds()` of wall time and whose timestamps read as `ticks` says. */
function timedDevice(ticks: (seconds: number) => readonly [bigint, bigint]) {
  let repetitions = 0;
  const pass = { repeat: () => repetitions++, end: () => undefined };
  const ready = () => new Promise<void>((resolve) => setTimeout(resolve, repetitions));
  const buffer = () => ({
    mapAsync: ready,
    getMappedRange: () => {
      const range = BigUint64Array.from(ticks(repetitions / 1000)).buffer;
      repetitions = 0;
      return range;
    },
    unmap: () => undefined,
    destroy: () => undefined,
  });
  const encoder = {
    beginComputePass: () => pass,
    resolveQuerySet: () => undefined,
    copyBufferToBuffer: () => undefined,
    finish: () => ({}),
  };
  const { device } = clockDevice();
  return Object.assign(device, {
    createBuffer: buffer,
    createCommandEncoder: () => encoder,
    queue: { submit: () => undefined },
  });
}

/** A pass of so many repetitions of one millisecond. */
const encode = (repetitions: number) => (pass: GPUComputePassEncoder) => {
  for (let i = 0; i < repetitions; i++) (pass as unknown as { repeat: () => void }).repeat();
};

describe('PassTimer', () => {
  it('goes by the wall clock where timestamps are all 0, and says so', async () => {
    vi.stubGlobal('GPUBufferUsage', {});
    vi.stubGlobal('GPUMapMode', {});
    const timer = new PassTimer(timedDevice(() => [0n, 0n]));
    const passes: number[] = [];
    const { value } = await measureSlope(
      (repetitions) => {
        passes.push(repetitions);
        return timer.seconds(encode(repetitions));
      },
      { rounds: 3 },
    );
    expect(value).toBeGreaterThan(0);
    expect(Math.max(...passes)).toBeLessThanOrEqual(64); // not 4096
    expect(timer.method).toBe('wall clock (this device’s timestamps are all 0), slope over repeats');
  });

  it('repeats no heavy pass to the end where a clock stops', async () => {
    vi.stubGlobal('GPUBufferUsage', {});
    vi.stubGlobal('GPUMapMode', {});
    let passed = 0;
    const timer = new PassTimer(timedDevice(() => [0n, passed++ === 0 ? 1000n : 0n]));
    const passes: number[] = [];
    await measureSlope(
      (repetitions) => {
        passes.push(repetitions);
        return timer.seconds(encode(repetitions));
      },
      { rounds: 3 },
    );
    expect(Math.max(...passes)).toBeLessThanOrEqual(1024);
  });

  it('takes the wall clock for a pass in which the device’s ran backwards', async () => {
    vi.stubGlobal('GPUBufferUsage', {});
    vi.stubGlobal('GPUMapMode', {});
    const readings: (readonly [bigint, bigint])[] = [
      [0n, second / 1000n],
      [second, 0n],
    ];
    const timer = new PassTimer(timedDevice(() => readings.shift() ?? [0n, 0n]));
    expect(await timer.seconds(encode(4))).toBeCloseTo(0.001, 9);
    expect(await timer.seconds(encode(4))).toBeGreaterThanOrEqual(0.003);
  });
});

describeGpu('timers and runtimes of one device', () => {
  it('make one query set, however many there are', async () => {
    const adapter = await getTestGpu().requestAdapter();
    const device = await adapter?.requestDevice({ requiredFeatures: ['timestamp-query'] });
    if (!device) return expect.unreachable();
    const made = vi.spyOn(device, 'createQuerySet');
    const { plan } = addPlan(64);
    const runtimes = await Promise.all(Array.from({ length: 33 }, () => GpuRuntime.create(device, [plan])));
    const timers = Array.from({ length: 33 }, () => new PassTimer(device));
    expect(made).toHaveBeenCalledTimes(1);
    // Whoever found no range left goes by the wall clock and still works.
    const [last] = runtimes.slice(-1);
    const submission = await last?.submit([{ plan, scalars: {} }]);
    await submission?.done;
    expect(await submission?.gpuSeconds).toBeUndefined();
    for (const one of [...runtimes, ...timers]) one.dispose();
    expect(Timestamps.of(device).take(2048)?.first).toBe(0);
    device.destroy();
  });
});
