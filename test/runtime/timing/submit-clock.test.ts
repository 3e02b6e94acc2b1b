// Timestamps around submits.
import { afterEach, describe, expect, it } from 'vitest';
import { GpuRuntime } from '../../../src/runtime/gpu-runtime.ts';
import {
  clockBytes,
  passTicks,
  SubmitClock,
  timedSubmits,
} from '../../../src/runtime/timing/submit-clock.ts';
import { describeGpu, getTestDevice } from '../../gpu-device.ts';
import { addPlan } from '../tiny-kernels.ts';

const runtimes: GpuRuntime[] = [];
afterEach(() => {
  for (const runtime of runtimes.splice(0)) runtime.dispose();
});

describe('passTicks', () => {
  it('pairs the begin and the end of each pass', () => {
    const ticks = BigUint64Array.of(5n, 1_000_000_005n, 7n, 7n, 9n, 8n);
    expect(passTicks(ticks.buffer, 2)).toEqual([
      { begin: 5n, end: 1_000_000_005n },
      { begin: 7n, end: 7n },
    ]);
    expect(passTicks(ticks.buffer, 0)).toEqual([]);
  });
});

describeGpu('SubmitClock', () => {
  it('gives each submit of each slot queries of its own, and none beyond its number', async () => {
    const { device } = await getTestDevice();
    const clock = new SubmitClock(device, 2);
    const seen = new Set<number | undefined>();
    for (const slot of [0, 1]) {
      for (let submit = 0; submit < timedSubmits; submit++) {
        const writes = clock.timestampWrites(slot, submit);
        if (!device.features.has('timestamp-query')) expect(writes).toBeUndefined();
        else seen.add(writes?.beginningOfPassWriteIndex).add(writes?.endOfPassWriteIndex);
      }
      expect(clock.timestampWrites(slot, timedSubmits)).toBeUndefined();
    }
    expect(seen.size).toBe(device.features.has('timestamp-query') ? 2 * 2 * timedSubmits : 0);
    expect(clockBytes).toBe(256); // resolve offsets must be multiples of 256
    clock.dispose();
  });

  it('sums over the submits of a submission, and says nothing when there were too many', async () => {
    const { device } = await getTestDevice();
    // A plan that was never measured takes a submit of its own.
    const plans = Array.from({ length: timedSubmits + 1 }, () => addPlan(64 * 100).plan);
    const runtime = await GpuRuntime.create(device, plans);
    runtimes.push(runtime);
    const replays = plans.map((plan) => ({ plan, scalars: {} }));
    expect(await (await runtime.submit(replays)).gpuSeconds).toBeUndefined();
    const start = performance.now();
    const seconds = await (await runtime.submit(replays)).gpuSeconds;
    if (!device.features.has('timestamp-query')) return expect(seconds).toBeUndefined();
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThan((performance.now() - start) / 1000);
  });
});
