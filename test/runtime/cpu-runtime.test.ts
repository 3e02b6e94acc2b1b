// The reference executor: storage types, pooled slots, views and reads.
import { describe, expect, it } from 'vitest';
import { copyForward } from '../../src/kernels/copy.ts';
import { softmaxForward } from '../../src/kernels/softmax.ts';
import { baselineCapabilities, type Kernel } from '../../src/plan/kernel.ts';
import { freeze } from '../../src/plan/plan.ts';
import { persistentTensor } from '../../src/plan/store.ts';
import { Tape } from '../../src/plan/tape.ts';
import { rowsOf } from '../../src/plan/tensor.ts';
import { CpuRuntime } from '../../src/runtime/cpu-runtime.ts';
import { addPlan } from './tiny-kernels.ts';

const scalars = { learningRate: 0.5 };

describe('CpuRuntime', () => {
  it('computes in double precision where asked, and in single otherwise', async () => {
    const x = persistentTensor('x', [1, 3], 'f32', 'state');
    const tape = new Tape({ capabilities: baselineCapabilities });
    const y = tape.tensor('y', [1, 3]);
    tape.dispatch(softmaxForward, { rows: 1, columns: 3 }, { x, y });
    const plan = freeze('softmax', tape, [y]);
    const exact = Math.exp(0.1) / (Math.exp(0.1) + Math.exp(0.2) + Math.exp(0.3));
    const first: number[] = [];
    for (const float of ['f64', 'f32'] as const) {
      const runtime = new CpuRuntime([plan], [], float);
      runtime.write(x, Float64Array.of(0.1, 0.2, 0.3));
      const { done, gpuSeconds } = await runtime.submit([{ plan, scalars: {} }], [y]);
      const [values] = await done;
      expect(values).toBeInstanceOf(float === 'f64' ? Float64Array : Float32Array);
      expect(await gpuSeconds).toBeUndefined();
      first.push(values?.[0] ?? 0);
    }
    expect(Math.abs((first[0] ?? 0) - exact)).toBeLessThan(1e-16);
    expect(Math.abs((first[1] ?? 0) - exact)).toBeGreaterThan(1e-10);
    expect(first[1]).toBeCloseTo(exact, 6);
  });

  it('runs replays in order, each with its scalars', async () => {
    const { plan, x, y } = addPlan(64);
    const runtime = new CpuRuntime([plan]);
    runtime.write(x, new Float32Array(64).fill(1));
    await runtime.submit([1, 10, 100].map((learningRate) => ({ plan, scalars: { learningRate } })));
    expect((await runtime.read(y))[63]).toBe(111);
  });

  it('keeps indices whole in double precision', async () => {
    const tokens = persistentTensor('tokens', [4], 'u32', 'data');
    const runtime = new CpuRuntime([], [tokens.storage], 'f64');
    runtime.write(tokens, Uint32Array.of(1, 2, 4_000_000_000, 3));
    expect(await runtime.read(tokens)).toEqual(Uint32Array.of(1, 2, 4_000_000_000, 3));
    expect(runtime.allocatedBytes).toBe(16);
  });

  it('binds a view from its offset, and reads and writes its own elements only', async () => {
    const table = persistentTensor('table', [4, 64], 'f32', 'state');
    const tape = new Tape({ capabilities: baselineCapabilities });
    const y = tape.tensor('y', [64]);
    tape.dispatch(copyForward, { vectors: 16 }, { x: rowsOf(table, 2, 1), y });
    const plan = freeze('row', tape, [y]);
    const runtime = new CpuRuntime([plan]);
    runtime.write(rowsOf(table, 2, 1), new Float32Array(64).fill(7));
    expect(() => runtime.write(rowsOf(table, 2, 1), new Float32Array(65))).toThrow(RangeError);
    await runtime.submit([{ plan, scalars: {} }]);
    expect(new Set(await runtime.read(y))).toEqual(new Set([7]));
    expect([...(await runtime.read(table))].filter((value) => value === 7)).toHaveLength(64);
  });

  it('shares persistent storages between plans and pools their slots', async () => {
    const one = addPlan(64, 1, 'one');
    const two = addPlan(64, 1, 'two', one.y);
    const runtime = new CpuRuntime([one.plan, two.plan]);
    expect(runtime.allocatedBytes).toBe(3 * 256);
    runtime.write(one.x, new Float32Array(64).fill(2));
    runtime.write(two.x, new Float32Array(64).fill(20));
    await runtime.submit([
      { plan: one.plan, scalars },
      { plan: two.plan, scalars },
    ]);
    expect((await runtime.read(one.y))[0]).toBe(11);
  });

  it('gives copies, not live views', async () => {
    const { plan, x } = addPlan(64);
    const runtime = new CpuRuntime([plan]);
    const before = await runtime.read(x);
    runtime.write(x, new Float32Array(64).fill(3));
    expect(before[0]).toBe(0);
  });

  it('hands empty arrays for bindings that a dispatch leaves out', async () => {
    const { plan } = addPlan(64);
    const [dispatch] = plan.dispatches;
    const kernel = {
      ...dispatch?.kernel,
      optional: ['bias'],
      reference: (arrays: Record<string, Float32Array>) => expect(arrays.bias).toHaveLength(0),
    } as unknown as Kernel;
    const changed = { ...plan, dispatches: [{ ...dispatch, kernel }] } as typeof plan;
    await new CpuRuntime([changed]).submit([{ plan: changed, scalars }]);
    expect.assertions(1);
  });

  it('refuses tensors of no plan, and f16', async () => {
    const { plan } = addPlan(64);
    const runtime = new CpuRuntime([plan]);
    await expect(runtime.read(addPlan(64).x)).rejects.toThrow(/belongs to no plan/);
    const half = persistentTensor('half', [4], 'f16', 'weights');
    expect(() => new CpuRuntime([], [half.storage])).toThrow(/f16 tensors have no reference storage/);
  });
});
