// Compilation: what is shared, what an error says, and that every kernel of the lab compiles on Dawn's null device.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { create, globals } from 'webgpu';
import type { Capabilities, Dims, Kernel } from '../../src/plan/kernel.ts';
import { openDevice } from '../../src/runtime/device.ts';
import { PipelineCache, shaderText } from '../../src/runtime/pipelines.ts';
import { addScaled, broken } from './tiny-kernels.ts';

const modules = import.meta.glob<Record<string, unknown>>('../../src/kernels/*.ts', { eager: true });
const kernels = [
  ...new Set(
    Object.values(modules)
      .flatMap((module) => Object.values(module))
      .flatMap((value) => (Array.isArray(value) ? value : [value]))
      .filter(
        (value): value is Kernel => typeof value === 'object' && value !== null && 'entryPoint' in value,
      ),
  ),
];

const plainKernel = addScaled as unknown as Kernel;

// The null backend validates everything and runs nothing; the instance must outlive its device.
const instance = create(['backend=null', 'enable-dawn-features=allow_unsafe_apis']);
let device: GPUDevice;
let capabilities: Capabilities;
const uncaptured: string[] = [];

beforeAll(async () => {
  Object.assign(globalThis, globals);
  const opened = await openDevice(instance);
  if (opened.kind !== 'device') throw new Error(opened.message);
  ({ device, capabilities } = opened);
  device.addEventListener('uncapturederror', ({ error }) => uncaptured.push(error.message));
});

afterAll(() => device.destroy());

describe('every kernel', () => {
  const rows = kernels.flatMap((kernel) =>
    kernel.selfTest.map((dims) => [`${kernel.name} at ${JSON.stringify(dims)}`, kernel, dims] as const),
  );

  it.each(rows)('compiles: %s', async (_, kernel, dims) => {
    const missing = (kernel.requires ?? []).filter((feature) => !device.features.has(feature));
    if (missing.length > 0) return expect(missing.length).toBeGreaterThan(0);
    const compiled = new PipelineCache(device).compile(kernel, dims);
    // Only memory that this device does not have may keep a kernel from it, and then it must not suit.
    const reason = await compiled.then(
      () => undefined,
      (error: Error) => error.message,
    );
    if (reason && kernel.suits?.(dims, capabilities) === false)
      return expect(reason).toContain('workgroup storage');
    const { bindingNumbers } = await compiled;
    expect(bindingNumbers.size).toBe(kernel.reads.length + kernel.writes.length);
  });
});

describe('PipelineCache', () => {
  const dims = { elements: 100 };

  it('makes one pipeline per kernel and dims', async () => {
    const cache = new PipelineCache(device);
    const [a, b, c] = await Promise.all([
      cache.compile(plainKernel, dims),
      cache.compile(plainKernel, { elements: 100 }),
      cache.compile(plainKernel, { elements: 101 }),
    ]);
    expect(a).toBe(b);
    expect(c).not.toBe(a);
    expect(cache.size).toBe(2);
  });

  it('reports progress over all dispatches', async () => {
    const dispatch = { kernel: plainKernel, dims, bindings: {}, workgroups: 2, label: '', phase: 'forward' };
    const seen: [number, number][] = [];
    const dispatches = [dispatch, { ...dispatch }, { ...dispatch }] as never;
    const compiled = await new PipelineCache(device).compileAll(dispatches, (done, all) =>
      seen.push([done, all]),
    );
    expect(seen).toEqual([
      [1, 3],
      [2, 3],
      [3, 3],
    ]);
    expect(compiled.size).toBe(3);
  });

  it('names kernel, dims and line when the WGSL is wrong, and raises no error elsewhere', async () => {
    const bad = broken('test.bad', 'y[i] = nonsense;') as unknown as Kernel;
    const cache = new PipelineCache(device);
    const attempt = cache.compile(bad, dims);
    await expect(attempt).rejects.toThrow(/^test\.bad: does not compile for \{"elements":100\}/);
    await expect(attempt).rejects.toThrow(/line \d+: unresolved value 'nonsense'/);
    await expect(cache.compile(bad, dims)).rejects.toThrow(/test\.bad/);
    expect(uncaptured).toEqual([]);
  });

  it('says which binding the WGSL lacks', async () => {
    const wrong = { ...plainKernel, name: 'test.names', reads: ['z'] } as Kernel;
    await expect(new PipelineCache(device).compile(wrong, dims)).rejects.toThrow(
      'test.names: the WGSL declares no @group(0) variable z.',
    );
  });

  it('names the kernel whose entry point is missing', async () => {
    const wrong = { ...plainKernel, name: 'test.entry', entryPoint: 'nowhere' } as Kernel;
    await expect(new PipelineCache(device).compile(wrong, dims)).rejects.toThrow(
      /^test\.entry: does not compile/,
    );
    expect(uncaptured).toEqual([]);
  });
});

describe('shaderText', () => {
  it('puts enable lines above the source and values into the declarations of constants', () => {
    const kernel = {
      ...plainKernel,
      source: 'override tile: u32; // of rows\noverride scale: f32 = 1.0;\noverride tiles: u32;',
      requires: ['shader-f16', 'subgroups', 'timestamp-query'],
      constants: (dims: Dims) => ({ tile: dims.tile ?? 0, scale: 0.125 }),
    } as Kernel;
    expect(shaderText(kernel, { tile: 8 }).split('\n')).toEqual([
      'enable f16;',
      'enable subgroups;',
      'const tile = 8u; // of rows',
      'const scale: f32 = 0.125;',
      'override tiles: u32;',
    ]);
  });

  it('refuses a constant that the source does not declare', () => {
    const kernel = { ...plainKernel, constants: () => ({ lanes: 8 }) } as Kernel;
    expect(() => shaderText(kernel, {})).toThrow(
      /does not declare the constant. Write `override lanes: u32;`/,
    );
  });
});
