// Every variant of every layout against the reference: sizes around the tiles, strides, options and slices.
import { describe, expect, it } from 'vitest';
import { recordMatmul } from '../../src/kernels/matmul.ts';
import type { MatmulLayout } from '../../src/kernels/matmul-sizes.ts';
import { slicesOfRow } from '../../src/kernels/matmul-slices.ts';
import { wasmCapabilities } from '../../src/lab/plans/engine.ts';
import { baselineCapabilities, type Capabilities, type Kernel } from '../../src/plan/kernel.ts';
import { freeze, type Plan } from '../../src/plan/plan.ts';
import { persistentTensor } from '../../src/plan/store.ts';
import { Tape } from '../../src/plan/tape.ts';
import { elementCount } from '../../src/plan/tensor.ts';
import { CpuRuntime } from '../../src/runtime/cpu-runtime.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { relativeError } from '../../src/runtime/verify.ts';
import { loadWasmKernels } from '../../src/runtime/wasm/kernels.ts';
import { ownThread } from '../../src/runtime/wasm/pool.ts';
import { WasmRuntime } from '../../src/runtime/wasm-runtime.ts';
import { describeCases } from './describe-kernel.ts';
import { matmulCases } from './matmul-shapes.ts';

await describeCases(matmulCases());

function recorded(
  capabilities: Capabilities,
  layout: MatmulLayout,
  rows: number,
  columns: number,
  inner: number,
) {
  const tape = new Tape({ capabilities });
  const tensors = {
    x: tape.tensor('x', [rows * inner]),
    w: tape.tensor('w', [inner * columns]),
    y: tape.tensor('y', [rows * columns]),
  };
  recordMatmul(tape, layout, tensors, { rows, columns, inner });
  return tape.dispatches.map(({ kernel }) => kernel.name);
}

describe('recordMatmul', () => {
  const software = { ...baselineCapabilities, features: new Set(['subgroups']), subgroupMinSize: 8 };

  it('takes register tiles on software adapters of 8 and of 4 lanes', () => {
    const of8 = recorded({ ...software, subgroupMaxSize: 8 }, 'nn', 768, 384, 128);
    expect(of8).toEqual(['matmul.nn/pairs8-32x8']);
    const of4 = recorded({ ...software, subgroupMinSize: 4, subgroupMaxSize: 4 }, 'nn', 768, 384, 128);
    expect(of4).toEqual(['matmul.nn/subgroup4-16x8']);
  });

  it('takes single steps where a size or row length does not fill the vectors of pairs', () => {
    const of8 = { ...software, subgroupMaxSize: 8 };
    expect(recorded(of8, 'nn', 768, 384, 127)).toEqual(['matmul.nn/subgroup8-32x8']);
    expect(recorded(of8, 'nt', 768, 381, 128)).toEqual(['matmul.nt/subgroup8-32x8']);
    expect(recorded(of8, 'tn', 766, 384, 128)).toEqual(['matmul.tn/subgroup8-32x8']);
    expect(recorded(of8, 'tn', 768, 96, 128)).toEqual(['matmul.tn/pairs8-32x4']);
  });

  it('takes narrower register tiles where the wide one would be mostly padding', () => {
    const names = recorded({ ...software, subgroupMaxSize: 8 }, 'nn', 768, 65, 128);
    expect(names).toEqual(['matmul.nn/subgroup8-32x4']);
  });

  it('takes workgroup memory elsewhere, with smaller tiles for smaller products', () => {
    expect(recorded(baselineCapabilities, 'nn', 4096, 1024, 512)).toEqual(['matmul.nn/tiled-128x128-8x8']);
    expect(recorded(baselineCapabilities, 'nn', 1024, 512, 512)).toEqual(['matmul.nn/tiled-64x64-4x4']);
    expect(recorded(baselineCapabilities, 'nt', 256, 65, 128)).toEqual(['matmul.nt/tiled-32x32-4x4']);
  });

  it('takes the row variant for decoding, but a subgroup for one row, a register tile for more, on software adapters', () => {
    expect(recorded(baselineCapabilities, 'nn', 1, 384, 128)).toEqual(['matmul.nn/row-vectors']);
    expect(recorded(baselineCapabilities, 'nt', 1, 65, 128)).toEqual(['matmul.nt/row-vectors']);
    expect(recorded(baselineCapabilities, 'nn', 1, 65, 128)).toEqual(['matmul.nn/row']); // rows of no whole vec4s
    const small = { ...baselineCapabilities, maxInvocationsPerWorkgroup: 128 };
    expect(recorded(small, 'nn', 1, 384, 128)).toEqual(['matmul.nn/row']);
    const of8 = { ...software, subgroupMaxSize: 8 };
    expect(recorded(of8, 'nn', 1, 384, 128)).toEqual(['matmul.nn/lanes8']);
    expect(recorded(of8, 'nn', 2, 384, 128)).toEqual(['matmul.nn/subgroup8-16x8']);
    const of4 = { ...of8, subgroupMinSize: 4, subgroupMaxSize: 4 };
    expect(recorded(of4, 'nt', 1, 65, 128)).toEqual(['matmul.nt/lanes4']);
  });

  it('slices a weight gradient over many tokens on a wide device', () => {
    expect(recorded(baselineCapabilities, 'tn', 128, 384, 4096)).toEqual([
      'matmul.tn/tiled-64x64-4x4',
      'columnSum',
    ]);
    expect(recorded({ ...software, subgroupMaxSize: 8 }, 'tn', 128, 384, 4096)).toHaveLength(1);
  });

  it('slices one row times a large matrix on the processor, whose threads then read whole rows', () => {
    expect(recorded(wasmCapabilities, 'nn', 1, 512, 640)).toEqual(['matmul.nn/row', 'columnSum']);
    expect(recorded(wasmCapabilities, 'nn', 1, 384, 384)).toHaveLength(1); // caches hold it
    expect(recorded(wasmCapabilities, 'nt', 1, 512, 640)).toHaveLength(1); // its columns are the rows of w
    expect(recorded(wasmCapabilities, 'nn', 2, 512, 640)).toHaveLength(1);
    const slices = (columns: number, inner: number) => slicesOfRow({ rows: 1, columns, inner });
    expect(slices(3072, 768)).toBe(16); // of 48 rows
    expect(slices(2048, 2048)).toBe(42);
    expect(slices(32_000, 8192)).toBe(64); // enough for processors with more than 16 threads
  });

  it('adds bias, residual and what was there to the slices of a row on the processor', async () => {
    const [columns, inner] = [509, 641];
    const run = async (capabilities: Capabilities, create: (plan: Plan) => Promise<Runtime> | Runtime) => {
      const tape = new Tape({ capabilities });
      const shapes = { x: [inner], w: [inner, columns], bias: [columns], residual: [columns], y: [columns] };
      const tensor = (name: keyof typeof shapes) => persistentTensor(name, shapes[name], 'f32', 'state');
      const { x, w, bias, residual, y } = {
        ...{ x: tensor('x'), w: tensor('w'), y: tensor('y') },
        ...{ bias: tensor('bias'), residual: tensor('residual') },
      };
      const size = { rows: 1, columns, inner, accumulate: 1 } as const;
      recordMatmul(tape, 'nn', { x, w, bias, residual, y }, size);
      const plan = freeze('row', tape);
      const runtime = await create(plan);
      for (const [turn, one] of [x, w, bias, residual, y].entries())
        runtime.write(
          one,
          Float32Array.from({ length: elementCount(one.shape) }, (_, index) => Math.sin(index + turn)),
        );
      await runtime.submit([{ plan, scalars: {} }]);
      const result = await runtime.read(y);
      runtime.dispose();
      return { dispatches: plan.dispatches.length, result: Float32Array.from(result) };
    };
    const kernels = await loadWasmKernels(false);
    const sliced = await run(wasmCapabilities, (plan) => WasmRuntime.create(kernels, ownThread(), [plan]));
    const whole = await run(baselineCapabilities, (plan) => new CpuRuntime([plan]));
    expect([sliced.dispatches, whole.dispatches]).toEqual([2, 1]);
    expect(relativeError(whole.result, sliced.result)).toBeLessThan(1e-5);
  });

  it('cuts the weight gradients of nanoGPT until the largest tiles fill a device', () => {
    for (const [inputs, outputs] of [
      [384, 1152],
      [384, 384],
      [384, 1536],
      [1536, 384],
    ] as const) {
      const tape = new Tape({ capabilities: baselineCapabilities });
      const [x, w] = [tape.tensor('x', [16_384 * inputs]), tape.tensor('dy', [16_384 * outputs])];
      const y = tape.tensor('dw', [inputs * outputs]);
      recordMatmul(tape, 'tn', { x, w, y }, { rows: inputs, columns: outputs, inner: 16_384 });
      const [product] = tape.dispatches;
      expect(product?.kernel.name).toBe('matmul.tn/tiled-128x128-8x8');
      expect(product?.workgroups).toBeGreaterThanOrEqual(256);
      expect(product?.dims.slices).toBeLessThanOrEqual(32);
    }
  });

  it.each([
    ['tiled-64x64-4x4', 36 * 8],
    ['tiled-64x64-8x8', 36 * 8],
    ['tiled-32x32-4x4', 144], // enough as they are
    ['tiled-128x128-8x8', 9 * 29],
  ])('cuts a weight gradient by the tile that a table takes: %s', (variant, workgroups) => {
    const variants = (runnable: readonly Kernel[]) => runnable.find(({ name }) => name.endsWith(variant));
    const tape = new Tape({ capabilities: baselineCapabilities, variants });
    const [x, w] = [tape.tensor('x', [16_384 * 384]), tape.tensor('dy', [16_384 * 384])];
    const y = tape.tensor('dw', [384 * 384]);
    recordMatmul(tape, 'tn', { x, w, y }, { rows: 384, columns: 384, inner: 16_384 });
    const [product] = tape.dispatches;
    expect(product?.kernel.name).toBe(`matmul.tn/${variant}`);
    expect(product?.workgroups).toBe(workgroups);
  });

  it('cuts no sum whose tiles fill a device, or which is short', () => {
    expect(recorded(baselineCapabilities, 'tn', 2048, 1024, 16_384)).toEqual(['matmul.tn/tiled-128x128-8x8']);
    expect(recorded(baselineCapabilities, 'nn', 96, 96, 255)).toHaveLength(1);
  });

  it('names the tensor that is too small', () => {
    const tape = new Tape({ capabilities: baselineCapabilities });
    const [x, w, y] = [tape.tensor('x', [6]), tape.tensor('weights', [11]), tape.tensor('y', [8])];
    expect(() => recordMatmul(tape, 'nn', { x, w, y }, { rows: 2, columns: 4, inner: 3 })).toThrow(/weights/);
  });
});
