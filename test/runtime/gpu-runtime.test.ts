// The GPU executor on a real device: same numbers as the reference, whatever the slicing, and nothing made in a step.
import { afterEach, expect, it } from 'vitest';
import { softmax } from '../../src/kernels/softmax.ts';
import { baselineCapabilities } from '../../src/plan/kernel.ts';
import { freeze } from '../../src/plan/plan.ts';
import { persistentTensor } from '../../src/plan/store.ts';
import { Tape } from '../../src/plan/tape.ts';
import { CpuRuntime } from '../../src/runtime/cpu-runtime.ts';
import { GpuRuntime, type GpuRuntimeOptions } from '../../src/runtime/gpu-runtime.ts';
import { relativeError } from '../../src/runtime/verify.ts';
import { describeGpu, getTestDevice } from '../gpu-device.ts';
import { near } from '../near.ts';
import { addPlan, broken } from './tiny-kernels.ts';

const scalars = { learningRate: 0.5 };
const disposables: GpuRuntime[] = [];

async function createRuntime(
  plans: Parameters<typeof GpuRuntime.create>[1],
  options?: GpuRuntimeOptions,
): Promise<GpuRuntime> {
  const { device } = await getTestDevice();
  const runtime = await GpuRuntime.create(device, plans, options);
  disposables.push(runtime);
  return runtime;
}

afterEach(() => {
  for (const runtime of disposables.splice(0)) runtime.dispose();
});

const ramp = (length: number) => Float32Array.from({ length }, (_, i) => (i % 37) - 18);

/** Counts calls of a device's create methods until the function returned is called. */
function countCreations(device: GPUDevice): () => string[] {
  const made: string[] = [];
  const target = device as unknown as Record<string, unknown>;
  const names = ['createBuffer', 'createBindGroup', 'createComputePipeline', 'createComputePipelineAsync']
    .concat(['createShaderModule', 'createQuerySet', 'createBindGroupLayout', 'createPipelineLayout'])
    .filter((name) => typeof target[name] === 'function');
  for (const name of names) {
    const original = target[name] as (...values: unknown[]) => unknown;
    target[name] = (...values: unknown[]) => {
      made.push(name);
      return original.apply(device, values);
    };
  }
  return () => {
    for (const name of names) delete target[name];
    return made;
  };
}

describeGpu('GpuRuntime', () => {
  it('gives the numbers of the reference for a plan with gradients and pooled slots', async () => {
    const x = persistentTensor('x', [5, 70], 'f32', 'weights');
    const dx = persistentTensor('dx', [5, 70], 'f32', 'gradients');
    const dy = persistentTensor('dy', [5, 70], 'f32', 'state');
    const tape = new Tape({ capabilities: baselineCapabilities, training: true });
    tape.parameter(x, dx);
    const y = softmax(tape, softmax(tape, x));
    tape.adoptGradient(y, dy);
    tape.backward();
    const plan = freeze('softmax twice', tape, [y]);
    const gpu = await createRuntime([plan]);
    const cpu = new CpuRuntime([plan]);
    for (const runtime of [gpu, cpu]) {
      runtime.write(x, ramp(350));
      runtime.write(dy, ramp(350).reverse());
      await runtime.submit([{ plan, scalars }]);
    }
    expect(relativeError(await cpu.read(y), await gpu.read(y))).toBeLessThan(1e-6);
    expect(relativeError(await cpu.read(dx), await gpu.read(dx))).toBeLessThan(1e-6);
    expect((await gpu.read(dx)).some((value) => value !== 0)).toBe(true);
  });

  it('gives the same bits however finely dispatches are sliced', async () => {
    const results: (readonly number[])[] = [];
    for (const secondsPerDispatch of [1e-6, 0.04, 0.3]) {
      const { plan, x, y } = addPlan(6_500, 3);
      const runtime = await createRuntime([plan], { estimate: () => secondsPerDispatch });
      runtime.write(x, ramp(6_500));
      await runtime.submit([{ plan, scalars }]);
      results.push([...(await runtime.read(y))]);
    }
    expect(results[0]?.[6_400]).toEqual(near(3 * (((6_400 % 37) - 18) * 0.5 + 100)));
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
  });

  it('gives the same bits when a plan is replayed from the same numbers', async () => {
    const { plan, x, y } = addPlan(1_000, 4);
    const runtime = await createRuntime([plan]);
    runtime.write(x, ramp(1_000));
    const once = async () => {
      runtime.write(y, new Float32Array(1_000));
      await runtime.submit([{ plan, scalars }]);
      return runtime.read(y);
    };
    expect(await once()).toEqual(await once());
  });

  it('runs grids of more workgroups than one dimension holds', async () => {
    const elements = 64 * 65_600;
    const { plan, x, y } = addPlan(elements);
    const runtime = await createRuntime([plan]);
    runtime.write(x, new Float32Array(elements).fill(2));
    await runtime.submit([{ plan, scalars }]);
    const values = await runtime.read(y);
    expect([values[0], values[elements - 1], values[64 * 65_535]]).toEqual([1, 65_600, 65_536]);
  });

  it('gives every replay of one submission its own step record', async () => {
    const { plan, x, y } = addPlan(64);
    const runtime = await createRuntime([plan]);
    runtime.write(x, new Float32Array(64).fill(1));
    const replays = [1, 10, 100].map((learningRate) => ({ plan, scalars: { learningRate } }));
    const { done } = await runtime.submit(replays, [y]);
    expect((await done)[0]?.[0]).toBe(111);
  });

  it('makes no buffer, pipeline or bind group after its creation', async () => {
    const { device } = await getTestDevice();
    const { plan, x, y } = addPlan(1_000, 3);
    const runtime = await createRuntime([plan], { estimate: () => 0.2 });
    const stop = countCreations(device);
    for (let step = 0; step < 6; step++) {
      runtime.write(x, ramp(1_000));
      await (await runtime.submit([{ plan, scalars }], [y])).done;
    }
    expect(stop()).toEqual([]);
  });

  it('reads more submissions than its ring holds, each with its own numbers', async () => {
    const { plan, x, y } = addPlan(64);
    const runtime = await createRuntime([plan]);
    runtime.write(x, new Float32Array(64).fill(2));
    const pending = Array.from({ length: 11 }, () => runtime.submit([{ plan, scalars }], [y]));
    const values = await Promise.all(
      pending.map(async (submission) => (await (await submission).done)[0]?.[0]),
    );
    expect(values).toEqual(Array.from({ length: 11 }, (_, i) => i + 1));
  });

  it('orders writes and reads with submissions', async () => {
    const { plan, x, y } = addPlan(64);
    const runtime = await createRuntime([plan]);
    const values: unknown[] = [];
    for (const value of [2, 4, 6]) {
      runtime.write(x, new Float32Array(64).fill(value));
      await runtime.submit([{ plan, scalars }]);
      values.push((await runtime.read(y))[0]);
    }
    expect(values).toEqual([1, 3, 6]);
  });

  it('says how long the device was busy, where it has a clock', async () => {
    const { device } = await getTestDevice();
    const { plan } = addPlan(64 * 4_000, 4);
    const runtime = await createRuntime([plan]);
    const start = performance.now();
    const first = await runtime.submit([{ plan, scalars }]);
    const seconds = await first.gpuSeconds;
    const wall = (performance.now() - start) / 1000;
    if (device.features.has('timestamp-query')) {
      expect(seconds).toBeGreaterThan(0);
      expect(seconds).toBeLessThan(wall);
    } else expect(seconds).toBeUndefined();
    await first.done;
  });

  it('estimates a plan by what it measured', async () => {
    const { plan } = addPlan(64, 2);
    const runtime = await createRuntime([plan], { estimate: () => 1e6 });
    expect(runtime.observedSeconds(plan)).toBeUndefined();
    await runtime.submit([{ plan, scalars }]);
    expect(runtime.observedSeconds(plan)).toBeLessThan(1e4); // no estimate any more
  });

  it('refuses what it cannot run, and says why', async () => {
    const { plan, x } = addPlan(64);
    const other = addPlan(64);
    const runtime = await createRuntime([plan]);
    const replay = { plan, scalars };
    await expect(runtime.submit([{ plan: other.plan, scalars }])).rejects.toThrow(
      /was not given at creation/,
    );
    await expect(runtime.submit([replay], [other.y])).rejects.toThrow(/belongs to no plan/);
    await expect(runtime.submit(Array.from({ length: 257 }, () => replay))).rejects.toThrow(/at most 256/);
    expect(() => runtime.write(x, new Float32Array(65))).toThrow(/cannot take 65 elements/);
    expect(() => runtime.write(x, new Uint32Array(64))).toThrow(/of Uint32Array/);
    expect(() => runtime.write(x, new Float64Array(64))).toThrow(/of Float64Array/);
  });

  it('keeps its ring whole when a submission fails before it is read', async () => {
    const { plan, y } = addPlan(20_000);
    const runtime = await createRuntime([plan]);
    for (let i = 0; i < 6; i++) {
      await expect(runtime.submit([{ plan, scalars }], [y])).rejects.toThrow(/does not fit in the ring/);
    }
    await (await runtime.submit([{ plan, scalars }])).done;
  });

  it('names the kernel that does not compile and leaves the device in order', async () => {
    const kernel = broken('test.bad', 'y[i] = nonsense;');
    const { plan } = addPlan(64);
    const [dispatch] = plan.dispatches;
    const bad = { ...plan, dispatches: [{ ...dispatch, kernel }] } as typeof plan;
    await expect(createRuntime([bad])).rejects.toThrow(/test\.bad: does not compile for \{"elements":64\}/);
    await createRuntime([plan]);
  });

  it('takes two creations at once, of which one fails', async () => {
    const { plan } = addPlan(64);
    const [dispatch] = plan.dispatches;
    const kernel = broken('test.worse', 'y[i] = 1;;}');
    const bad = { ...plan, dispatches: [{ ...dispatch, kernel }] } as typeof plan;
    const [good, failed] = await Promise.allSettled([createRuntime([plan]), createRuntime([bad])]);
    expect([good.status, failed.status]).toEqual(['fulfilled', 'rejected']);
  });

  it('counts the bytes of its tensors and frees every buffer', async () => {
    const { device } = await getTestDevice();
    const { plan } = addPlan(64);
    const made: GPUBuffer[] = [];
    const createBuffer = device.createBuffer.bind(device);
    Object.assign(device, {
      createBuffer: (descriptor: GPUBufferDescriptor) => {
        const buffer = createBuffer(descriptor);
        made.push(buffer);
        return buffer;
      },
    });
    const runtime = await createRuntime([plan]);
    delete (device as { createBuffer?: unknown }).createBuffer;
    expect(runtime.allocatedBytes).toBe(2 * 64 * 4);
    expect(made.length).toBeGreaterThan(5);
    const destroyed = new Set<GPUBuffer>();
    for (const buffer of made) {
      const destroy = buffer.destroy.bind(buffer);
      Object.assign(buffer, {
        destroy: () => {
          destroyed.add(buffer);
          destroy();
        },
      });
    }
    runtime.dispose();
    expect(made.filter((buffer) => !destroyed.has(buffer)).map(({ label }) => label)).toEqual([]);
    await expect(runtime.submit([{ plan, scalars }])).rejects.toThrow(/was disposed/);
  });

  it('settles what is pending when it is disposed', async () => {
    const { plan, y } = addPlan(64 * 2_000, 3);
    const runtime = await createRuntime([plan]);
    await runtime.submit([{ plan, scalars }]);
    const small = { ...y, shape: [64] };
    const pending = Array.from({ length: 8 }, () =>
      runtime.submit([{ plan, scalars }], [small]).then(({ done }) => done),
    );
    runtime.dispose();
    const settled = await Promise.allSettled(pending);
    expect(settled.map(({ status }) => status)).toContain('rejected');
  });
});
