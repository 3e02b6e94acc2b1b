// Launch and step records as a kernel sees them.
import { afterEach, expect, it } from 'vitest';
import { prologue } from '../../src/kernels/prologue.ts';
import { defineKernel } from '../../src/plan/kernel.ts';
import { freeze } from '../../src/plan/plan.ts';
import { persistentTensor } from '../../src/plan/store.ts';
import { Tape } from '../../src/plan/tape.ts';
import { Records } from '../../src/runtime/dispatch-records.ts';
import { GpuRuntime } from '../../src/runtime/gpu-runtime.ts';
import { describeGpu, getTestDevice } from '../gpu-device.ts';
import { addScaled } from './tiny-kernels.ts';

/** Writes what its records hold, as bits, one row of eight words per workgroup. */
const witness = defineKernel({
  name: 'test.witness',
  role: 'other',
  source: `${prologue}
@group(0) @binding(0) var<storage, read_write> y: array<u32>;
override workgroups: u32;
@compute @workgroup_size(1)
fn forward(@builtin(workgroup_id) group: vec3<u32>) {
  let workgroup = linearWorkgroup(group);
  if (workgroup >= launch.endWorkgroup || workgroup >= workgroups) { return; }
  let base = workgroup * 8u;
  y[base] = launch.firstWorkgroup;
  y[base + 1u] = launch.endWorkgroup;
  y[base + 2u] = launch.gridWidth;
  y[base + 3u] = step.step;
  y[base + 4u] = bitcast<u32>(step.learningRate);
  y[base + 5u] = step.dropoutSeed;
  y[base + 6u] = bitcast<u32>(step.lossScale);
  y[base + 7u] = launch.operation;
}`,
  entryPoint: 'forward',
  dims: ['workgroups', 'operation'],
  reads: [],
  writes: ['y'],
  tensors: ({ workgroups }) => ({ y: { shape: [workgroups, 8], elementType: 'u32' } }),
  selfTest: [{ workgroups: 3, operation: 0 }],
  calibration: [{ workgroups: 3, operation: 0 }],
  workgroups: ({ workgroups }) => workgroups,
  usefulFlops: () => 0,
  bytes: ({ workgroups }) => 32 * workgroups,
  reference: () => undefined,
});

const bits = (value: number) => new Uint32Array(Float32Array.of(value).buffer)[0];
const runtimes: GpuRuntime[] = [];
afterEach(() => {
  for (const runtime of runtimes.splice(0)) runtime.dispose();
});

async function witnessRuntime(workgroups: number, estimate: number) {
  const { device, capabilities } = await getTestDevice();
  const y = persistentTensor('y', [workgroups, 8], 'u32', 'state');
  const tape = new Tape({ capabilities });
  tape.dispatch(witness, { workgroups, operation: 41 }, { y });
  const plan = freeze('witness', tape);
  const runtime = await GpuRuntime.create(device, [plan], { estimate: () => estimate });
  runtimes.push(runtime);
  return { runtime, plan, y };
}

describeGpu('Records', () => {
  it('carry integers and floats of the step by name, and 0 for what is not named', async () => {
    const { runtime, plan, y } = await witnessRuntime(3, 1e-5);
    const scalars = { step: 7, learningRate: 0.3, dropoutSeed: 4_294_967_295 };
    await runtime.submit([{ plan, scalars }]);
    const row = [0, 3, 3, 7, bits(0.3), 4_294_967_295, 0, 41];
    expect([...(await runtime.read(y))]).toEqual([...row, ...row, ...row]);
    const lossScale = 0.9;
    await runtime.submit([{ plan, scalars: { lossScale } }]);
    expect([...(await runtime.read(y))].slice(3, 8)).toEqual([0, 0, 0, bits(lossScale), 41]);
  });

  it('tell each slice where it starts and ends', async () => {
    const workgroups = 40;
    const { runtime, plan, y } = await witnessRuntime(workgroups, 0.04);
    await runtime.submit([{ plan, scalars: {} }]);
    const rows = [...(await runtime.read(y))];
    const starts = Array.from({ length: workgroups }, (_, row) => rows[8 * row]);
    const ends = Array.from({ length: workgroups }, (_, row) => rows[8 * row + 1]);
    expect(starts.slice(0, 11)).toEqual([...Array(10).fill(0), 10]);
    expect(ends.at(-1)).toBe(workgroups);
    expect(rows.filter((_, word) => word % 8 === 7)).toEqual(Array(workgroups).fill(41));
    starts.forEach((start, row) => {
      expect(start).toBeLessThanOrEqual(row);
      expect(ends[row]).toBeGreaterThan(row);
    });
  });

  it('need no step record where there is no dispatch, and refuse WGSL without one', async () => {
    const { device } = await getTestDevice();
    const layout = device.createBindGroupLayout({
      entries: [0, 1].map((binding) => ({
        binding,
        visibility: GPUShaderStage.COMPUTE,
        buffer: { type: 'uniform', hasDynamicOffset: true },
      })),
    });
    new Records(device, layout, undefined, []).dispose();
    new Records(device, layout, addScaled.source, [{ workgroups: 1, dims: {} }]).dispose();
    expect(() => new Records(device, layout, 'fn f() {}', [])).toThrow('wgsl: no struct Step');
  });
});
