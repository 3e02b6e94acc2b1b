// What replays of one submission are given, and what each leaves behind.
import { afterEach, expect, it } from 'vitest';
import { persistentTensor } from '../../src/plan/store.ts';
import { GpuRuntime } from '../../src/runtime/gpu-runtime.ts';
import { Uploads, uploadBytes } from '../../src/runtime/uploads.ts';
import { describeGpu, getTestDevice } from '../gpu-device.ts';
import { addPlan } from './tiny-kernels.ts';

const runtimes: GpuRuntime[] = [];
afterEach(() => {
  for (const runtime of runtimes.splice(0)) runtime.dispose();
});

describeGpu('replays with writes and reads of their own', () => {
  const scalars = { learningRate: 1 };

  it.each([0.000_01, 0.03, 1])(
    'compute one by one in one submission, at %s s a dispatch',
    async (seconds) => {
      const { device } = await getTestDevice();
      const { plan, x, y } = addPlan(64 * 3, 2);
      const runtime = await GpuRuntime.create(device, [plan], { estimate: () => seconds });
      runtimes.push(runtime);
      const fill = (value: number) => new Float32Array(64 * 3).fill(value);
      const replays = [1, 10, 100].map((value) => ({
        plan,
        scalars,
        writes: [
          { tensor: x, data: fill(value) },
          { tensor: y, data: fill(0) },
        ],
        reads: [y],
      }));
      for (let again = 0; again < 2; again++) {
        const { done } = await runtime.submit(replays, [x]);
        const arrays = await done;
        expect(arrays.map((array) => [array[0], array[191]])).toEqual([
          [2, 6],
          [20, 24],
          [200, 204],
          [100, 100],
        ]);
      }
    },
  );
});

describeGpu('Uploads', () => {
  it('refuses more than its buffer holds, and elements of another type', async () => {
    const { device } = await getTestDevice();
    const uploads = new Uploads(device);
    const buffer = device.createBuffer({ size: 16, usage: GPUBufferUsage.COPY_DST });
    const half = persistentTensor('half', [uploadBytes / 8], 'u32', 'data');
    const write = { tensor: half, data: new Uint32Array(uploadBytes / 8) };
    expect(uploads.write([[write], [write]], () => buffer).map((copies) => copies.length)).toEqual([1, 1]);
    expect(() => uploads.write([[write, write, write]], () => buffer)).toThrow(/at most 1048576/);
    const wrong = { tensor: half, data: new Float32Array(1) };
    expect(() => uploads.write([[wrong]], () => buffer)).toThrow(/half.*cannot take/);
    uploads.dispose();
    buffer.destroy();
  });
});
