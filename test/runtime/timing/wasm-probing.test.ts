// Kernels made ready to be timed on the processor: in memories that they share, with and without a WASM kernel.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { copyForward } from '../../../src/kernels/copy.ts';
import { fmaPeakScalar } from '../../../src/kernels/fma-peak.ts';
import { softmaxForward } from '../../../src/kernels/softmax.ts';
import type { Kernel } from '../../../src/plan/kernel.ts';
import { calibrate } from '../../../src/runtime/calibrate.ts';
import { measureKernel } from '../../../src/runtime/timing/probing.ts';
import { WasmProbing } from '../../../src/runtime/timing/wasm-probing.ts';
import { loadWasmKernels } from '../../../src/runtime/wasm/kernels.ts';
import { ownThread } from '../../../src/runtime/wasm/pool.ts';
import { WasmRuntime } from '../../../src/runtime/wasm-runtime.ts';
import { addScaled } from '../tiny-kernels.ts';

const kernels = await loadWasmKernels(false);
const [copy, softmax, sum] = [copyForward, softmaxForward, addScaled] as unknown as Kernel[];
if (!copy || !softmax || !sum) throw new Error('there is no kernel');
const created: WasmRuntime[] = [];
let probing: WasmProbing | undefined;
const open = (arenaElements?: number) => {
  probing = new WasmProbing(async (plans, extra, scratchBytes) => {
    const runtime = await WasmRuntime.create(kernels, ownThread(), plans, extra, scratchBytes);
    created.push(runtime);
    return runtime;
  }, arenaElements);
  return probing;
};

afterEach(() => {
  probing?.dispose();
  created.length = 0;
});

describe('WasmProbing', () => {
  it('times what has a kernel and what runs by its reference, alone and among others', async () => {
    const timed = open();
    const shapes = [
      await timed.prepare(copy, { vectors: 64 }),
      await timed.prepare(sum, { elements: 64 }),
      await timed.prepare(softmax, { rows: 3, columns: 5 }),
    ];
    for (const { time } of shapes) expect(await time(3)).toBeGreaterThan(0);
    expect(await timed.seconds(shapes, 2)).toBeGreaterThan(0);
    expect(await timed.submissionSeconds(2)).toBeGreaterThan(0);
    expect(created).toHaveLength(1);
    await expect
      .poll(async () => {
        const [long, short] = [await shapes[0]?.time(4000), await shapes[0]?.time(1)];
        return (long ?? 0) / (short ?? 1);
      })
      .toBeGreaterThan(1);
  });

  it('runs what it times on numbers that the kernel is made for', async () => {
    const { plan } = await open().prepare(softmax, { rows: 2, columns: 3 });
    const y = plan.dispatches[0]?.bindings.y;
    if (!y) throw new Error('softmax writes no y');
    const rows = (await created[0]?.read(y)) ?? [];
    expect([...rows].slice(0, 3).reduce((total, value) => total + value, 0)).toBeCloseTo(1, 5);
  });

  it('takes a further memory where one is full, and one of its own for what is larger than any', async () => {
    const timed = open(2048);
    const shapes = [
      await timed.prepare(copy, { vectors: 64 }),
      await timed.prepare(copy, { vectors: 192 }),
      await timed.prepare(copy, { vectors: 4096 }),
    ];
    expect(created).toHaveLength(3);
    expect(await timed.seconds(shapes, 2)).toBeGreaterThan(0);
  });

  it('puts a small probe where there is room, whatever was prepared before it', async () => {
    const timed = open(2048);
    for (const vectors of [64, 192, 16]) await timed.prepare(copy, { vectors });
    expect(created).toHaveLength(2);
  });

  it('reads back what it submits last', async () => {
    const timed = open();
    await timed.prepare(copy, { vectors: 64 });
    const submit = vi.spyOn(created[0] as WasmRuntime, 'submit');
    await timed.submissionSeconds(3);
    expect(submit.mock.calls.map(([, reads]) => reads?.length)).toEqual([0, 0, 1]);
    timed.dispose();
    await expect(timed.submissionSeconds(1)).rejects.toThrow(/nothing to submit/);
  });

  it('says whether a kernel agrees with its reference', async () => {
    const timed = open();
    expect(await timed.agrees(softmax, { rows: 3, columns: 5 })).toBe(true);
    const wrong = { ...softmax, reference: () => undefined };
    expect(await timed.agrees(wrong, { rows: 3, columns: 5 })).toBe(false);
  });

  it('gives calibration all that a GPU gives it', async () => {
    const small = (kernel: unknown, ...calibration: Record<string, number>[]) =>
      ({ ...(kernel as Kernel), calibration }) as Kernel;
    const profile = await calibrate(open(), 'this processor', {
      arithmetic: [small(fmaPeakScalar, { steps: 4, workgroups: 2 })],
      copy: small(copyForward, { vectors: 64 }, { vectors: 8_192 }),
      kernels: [small(softmaxForward, { rows: 8, columns: 64 }, { rows: 64, columns: 64 })],
    });
    expect(profile).toMatchObject({ device: 'this processor', timer: 'wall clock, slope over repeats' });
    const { fmaFlopsPerSecond, launchSeconds, submitSeconds, paceSeconds, kernels: timed } = profile;
    for (const { value } of [fmaFlopsPerSecond, launchSeconds, submitSeconds, paceSeconds])
      expect(value).toBeGreaterThan(0);
    expect(timed['softmax.forward']?.map(({ shape }) => shape)).toEqual([
      'rows 8, columns 64',
      'rows 64, columns 64',
    ]);
  });

  it('tells how long a kernel takes', async () => {
    const { value } = await measureKernel(open(), copy, { vectors: 64 }, { budgetSeconds: 0.05 });
    expect(value).toBeGreaterThan(0);
  });
});
