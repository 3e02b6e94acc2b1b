// Errors that no call returns, and lost devices: every test opens a device of its own and breaks it.
import { afterEach, expect, it } from 'vitest';
import { type OpenDevice, openDevice } from '../../src/runtime/device.ts';
import { watchFaults } from '../../src/runtime/faults.ts';
import { GpuRuntime } from '../../src/runtime/gpu-runtime.ts';
import { describeGpu, getTestGpu } from '../gpu-device.ts';
import { addPlan } from './tiny-kernels.ts';

const scalars = { learningRate: 0.5 };
const opened: OpenDevice[] = [];

async function freshDevice(): Promise<GPUDevice> {
  const device = await openDevice(getTestGpu());
  if (device.kind !== 'device') throw new Error(device.message);
  opened.push(device);
  return device.device;
}

afterEach(() => {
  for (const { device } of opened.splice(0)) device.destroy();
});

/** A command that Dawn refuses: a copy past the end of a buffer. */
function provokeError(device: GPUDevice): void {
  const buffer = device.createBuffer({ size: 16, usage: GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST });
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(buffer, 0, buffer, 8, 16);
  device.queue.submit([encoder.finish()]);
}

describeGpu('faults', () => {
  it('of a device reach everybody who watches it, until they stop', async () => {
    const device = await freshDevice();
    const seen: string[] = [];
    const stop = watchFaults(device, ({ message }) => seen.push(`a ${message}`));
    watchFaults(device, ({ message }) => seen.push(`b ${message}`));
    provokeError(device);
    await device.queue.onSubmittedWorkDone();
    await expect.poll(() => seen.length).toBeGreaterThan(1);
    expect(seen[0]).toMatch(/^a GPU: /);
    stop();
    const before = seen.filter((message) => message.startsWith('a')).length;
    device.destroy();
    await expect.poll(() => seen.at(-1)).toMatch(/^b The GPU was lost: destroyed/);
    expect(seen.filter((message) => message.startsWith('a'))).toHaveLength(before);
  });

  it('of a device that is lost already are told at once', async () => {
    const device = await freshDevice();
    watchFaults(device, () => undefined);
    device.destroy();
    await device.lost;
    await Promise.resolve();
    const names: string[] = [];
    watchFaults(device, ({ name }) => names.push(name));
    expect(names).toEqual(['DeviceLostError']);
  });

  it('surface at the next submission and at every read after', async () => {
    const device = await freshDevice();
    const { plan, y } = addPlan(64);
    const runtime = await GpuRuntime.create(device, [plan]);
    await runtime.submit([{ plan, scalars }]);
    const seen: string[] = [];
    watchFaults(device, ({ message }) => seen.push(message));
    provokeError(device);
    await expect.poll(() => seen.length).toBeGreaterThan(0);
    await expect(runtime.submit([{ plan, scalars }])).rejects.toThrow(/^GPU: /);
    await expect(runtime.read(y)).rejects.toThrow(/^GPU: /);
    await expect(runtime.idle()).rejects.toThrow(/^GPU: /);
  });

  it('settle every pending promise when the device goes, by the name of the loss', async () => {
    const device = await freshDevice();
    const { plan, y } = addPlan(64 * 20_000, 4);
    const runtime = await GpuRuntime.create(device, [plan]);
    await runtime.submit([{ plan, scalars }]);
    const small = { ...y, shape: [64] };
    const gpuSeconds: Promise<unknown>[] = [];
    const submissions = Array.from({ length: 9 }, () => runtime.submit([{ plan, scalars }], [small]));
    const pending: Promise<unknown>[] = submissions.map(async (submission) => {
      gpuSeconds.push((await submission).gpuSeconds);
      return (await submission).done;
    });
    pending.push(runtime.read(y), runtime.idle());
    await submissions[0]; // and destroyed in the same turn: the last of nine cannot be through
    device.destroy();
    const settled = await Promise.allSettled(pending);
    await Promise.all(gpuSeconds);
    const reasons = settled.flatMap((result) => (result.status === 'rejected' ? [result.reason.name] : []));
    expect(reasons.length).toBeGreaterThan(0);
    expect(new Set(reasons)).toEqual(new Set(['DeviceLostError']));
    await expect(runtime.submit([{ plan, scalars }])).rejects.toThrow(/The GPU was lost/);
    runtime.dispose();
  });
});
