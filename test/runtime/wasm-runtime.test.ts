// The WASM executor: kernels and references in one plan, the order of writes and reads, and what it refuses.
import { afterAll, describe, expect, it } from 'vitest';
import { nodeThreads } from '../../src/cli/threads/wasm.ts';
import { softmaxForward } from '../../src/kernels/softmax.ts';
import { baselineCapabilities } from '../../src/plan/kernel.ts';
import { freeze } from '../../src/plan/plan.ts';
import { persistentTensor } from '../../src/plan/store.ts';
import { Tape } from '../../src/plan/tape.ts';
import { loadWasmKernels } from '../../src/runtime/wasm/kernels.ts';
import { WasmRuntime } from '../../src/runtime/wasm-runtime.ts';
import { addPlan, addScaled } from './tiny-kernels.ts';

const threads = (await nodeThreads())(2);
const kernels = await loadWasmKernels(true);
afterAll(() => threads.dispose());

describe('WasmRuntime', () => {
  it('runs dispatches without a kernel by their references, in their place', async () => {
    const x = persistentTensor('x', [64], 'f32', 'state');
    const tape = new Tape({ capabilities: baselineCapabilities });
    const y = tape.tensor('y', [64]);
    tape.dispatch(softmaxForward, { rows: 1, columns: 64 }, { x, y });
    tape.dispatch(addScaled, { elements: 64 }, { x, y });
    tape.dispatch(addScaled, { elements: 64 }, { x, y });
    tape.dispatch(softmaxForward, { rows: 1, columns: 64 }, { x: y, y: x });
    const plan = freeze('mixed', tape, [y]);
    const runtime = await WasmRuntime.create(kernels, threads, [plan]);
    runtime.write(x, new Float32Array(64).fill(1));
    const { done, encodeSeconds, gpuSeconds } = await runtime.submit(
      [{ plan, scalars: { learningRate: 10 } }],
      [x, y],
    );
    const [last, sum] = await done;
    expect(sum?.[0]).toBeCloseTo(1 / 64 + 20, 5);
    expect(last?.[63]).toBeCloseTo(1 / 64, 6);
    expect(encodeSeconds).toBeGreaterThanOrEqual(0);
    expect(await gpuSeconds).toBeGreaterThan(0);
  });

  it('runs replays in order, each with its scalars', async () => {
    const { plan, x, y } = addPlan(64);
    const runtime = await WasmRuntime.create(kernels, threads, [plan]);
    runtime.write(x, new Float32Array(64).fill(1));
    await runtime.submit([1, 10, 100].map((learningRate) => ({ plan, scalars: { learningRate } })));
    expect((await runtime.read(y))[63]).toBe(111);
  });

  it('keeps writes and reads in order with submissions that nobody waited for', async () => {
    const { plan, x, y } = addPlan(64);
    const runtime = await WasmRuntime.create(kernels, threads, [plan]);
    const data = new Float32Array(64).fill(1);
    runtime.write(x, data);
    const first = await runtime.submit([{ plan, scalars: { learningRate: 1 } }], [y]);
    runtime.write(x, data.fill(1000));
    data.fill(0);
    const second = await runtime.submit([{ plan, scalars: { learningRate: 1 } }], [y]);
    expect((await first.done)[0]?.[5]).toBe(1);
    expect((await second.done)[0]?.[5]).toBe(1001);
  });

  it('shares persistent storages between plans and pools their slots', async () => {
    const one = addPlan(64, 1, 'one');
    const two = addPlan(64, 1, 'two', one.y);
    const runtime = await WasmRuntime.create(kernels, threads, [one.plan, two.plan]);
    expect(runtime.allocatedBytes).toBe(3 * 256);
  });

  it('refuses what does not fit, other plans, and work after its end', async () => {
    const { plan, x } = addPlan(64);
    const other = addPlan(64, 1, 'other');
    const runtime = await WasmRuntime.create(kernels, threads, [plan]);
    expect(() => runtime.write(x, new Float32Array(65))).toThrow(/65/);
    await expect(runtime.submit([{ plan: other.plan, scalars: {} }])).rejects.toThrow(
      /plan other was not given/,
    );
    await expect(runtime.read(other.x)).rejects.toThrow(/belongs to no plan/);
    runtime.dispose();
    await expect((await runtime.submit([{ plan, scalars: {} }])).done).rejects.toThrow(/disposed/);
  });
});
