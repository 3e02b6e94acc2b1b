// The table test that every kernel passes: GPU and WASM against reference, stray writes, and a cost that makes sense.
import { describe, expect, it } from 'vitest';
import type { Dims, Kernel, Scalars } from '../../src/plan/kernel.ts';
import { baselineCapabilities, familyOf } from '../../src/plan/kernel.ts';
import { freeze, type Plan } from '../../src/plan/plan.ts';
import { persistentTensor } from '../../src/plan/store.ts';
import { Tape } from '../../src/plan/tape.ts';
import type { Tensor } from '../../src/plan/tensor.ts';
import { CpuRuntime } from '../../src/runtime/cpu-runtime.ts';
import { exampleScalars } from '../../src/runtime/kernel-probe.ts';
import { PipelineCache } from '../../src/runtime/pipelines.ts';
import { verifyKernel, verifyOn } from '../../src/runtime/verify.ts';
import { hasWasmKernel, loadWasmKernels, type WasmKernels } from '../../src/runtime/wasm/kernels.ts';
import { ownThread } from '../../src/runtime/wasm/pool.ts';
import { WasmRuntime } from '../../src/runtime/wasm-runtime.ts';
import { describeGpu, getTestDevice } from '../gpu-device.ts';
import { storeWholeVectors } from './whole-vector-stores.ts';

let pipelines: PipelineCache | undefined;
let wasm: Promise<WasmKernels> | undefined;
/** What was checked on WASM, whose kernels serve all variants of a family alike. */
const checkedFamilies = new Set<string>();

/** Checks a kernel at each shape; shapes should be 1, prime, tile − 1, tile, tile + 1 and larger. */
export function describeKernel<D extends string, B extends string>(
  kernel: Kernel<D, B>,
  shapes: readonly Dims<D>[],
  options: { readonly tolerance?: number; readonly scalars?: Scalars } = {},
): void {
  describeOnWasm(kernel as unknown as Kernel, shapes, options);
  describeOnGpu(kernel, shapes, options);
}

/** Checks a kernel at each shape on the GPU alone. */
export function describeOnGpu<D extends string, B extends string>(
  kernel: Kernel<D, B>,
  shapes: readonly Dims<D>[],
  options: { readonly tolerance?: number; readonly scalars?: Scalars } = {},
): void {
  if (shapes.length === 0) return; // of what full runs alone have
  describeGpu(kernel.name, () => {
    it.for(shapes.map((dims) => [JSON.stringify(dims), dims] as const))(
      'agrees with its reference at %s',
      async ([, dims], { skip }) => {
        const { device, capabilities } = await getTestDevice();
        const missing = (kernel.requires ?? []).filter((feature) => !capabilities.features.has(feature));
        if (missing.length > 0) return skip(`the test device lacks ${missing.join(', ')}`);
        pipelines ??= new PipelineCache(device);
        // As written wherever no store goes to a component of a shared vector: one run shows the sums and the races.
        const racing = { ...kernel, source: storeWholeVectors(kernel.source) } as unknown as Kernel;
        const result = await verifyKernel(device, racing, dims, {
          ...options,
          pipelines,
        });
        expect(result.message).toBeUndefined();
        expect(result.maximumError).toBeLessThanOrEqual(result.tolerance);
      },
    );

    it.each(shapes.map((dims) => [JSON.stringify(dims), dims] as const))(
      'has a finite cost at %s',
      (_, dims) => {
        const useful = kernel.usefulFlops(dims, exampleScalars);
        const launched = (kernel.launchedFlops ?? kernel.usefulFlops)(dims, exampleScalars);
        expect(useful).toBeGreaterThanOrEqual(0);
        expect(launched).toBeGreaterThanOrEqual(useful);
        expect(kernel.bytes(dims, exampleScalars)).toBeGreaterThan(0);
        expect(Number.isSafeInteger(kernel.workgroups(dims))).toBe(true);
        expect(kernel.workgroups(dims)).toBeGreaterThan(0);
      },
    );
  });
}

/**
 * Shapes of more workgroups than a row of the grid holds, in a full run: the references take a second for each. That every
 * kernel reads the folded grid is a rule of test/architecture/kernels.test.ts, and gpu-runtime.test.ts runs one.
 */
export function beyondOneGridRow<T>(...shapes: readonly T[]): readonly T[] {
  return process.env.FLOPSCOPE_FULL === undefined ? [] : shapes;
}

/** A variant with the shapes that show it. */
export interface KernelCase<D extends string = string, B extends string = string> {
  readonly kernel: Kernel<D, B>;
  readonly shapes: readonly Dims<D>[];
  readonly scalars?: Scalars;
}

/** Lanes of the subgroups that a variant is written for; 0 where it needs none. */
export function lanesOf({ name }: { readonly name: string }): number {
  return Number(/\/(?:subgroup|pairs|lanes)(\d+)/.exec(name)?.[1] ?? 0);
}

/** Lanes for which the driver must be asked when it begins: files of their own check the variants that want as many. */
const lanesOfOwn: readonly number[] = [8, 16];

/** Checks variants, but those for eight or sixteen lanes. */
export async function describeCases<D extends string, B extends string>(
  cases: readonly KernelCase<D, B>[],
): Promise<void> {
  for (const { kernel, shapes, ...options } of cases) {
    if (lanesOfOwn.includes(lanesOf(kernel))) continue;
    const missing = await missingLanes(kernel);
    if (missing === undefined) describeKernel(kernel, shapes, options);
    else it.skip(`${kernel.name}: ${missing}`, () => undefined);
  }
}

/**
 * Checks the variants for so many lanes on the GPU. Where lanes are missing, which these files' projects ask the driver for,
 * tests end as those without a device do: in CI as failed.
 * @returns their names
 */
export async function describeLanes<D extends string, B extends string>(
  lanes: number,
  cases: readonly KernelCase<D, B>[],
): Promise<string[]> {
  const own = cases.filter((one) => lanesOf(one.kernel) === lanes);
  for (const { kernel, shapes, ...options } of own) {
    const missing = await missingLanes(kernel);
    if (missing === undefined) describeOnGpu(kernel, shapes, options);
    else it.skip(`${kernel.name} [skipped: ${missing}]`, () => undefined);
  }
  return own.map(({ kernel }) => kernel.name);
}

/**
 * Why the device cannot run a variant whose subgroups are wider than its own; undefined where it can. A variant is right on
 * subgroups at least as wide as its lanes; suits() keeps it from the others.
 */
async function missingLanes(kernel: { readonly name: string }): Promise<string | undefined> {
  const wanted = lanesOf(kernel);
  if (wanted === 0 || process.env.FLOPSCOPE_SKIP_GPU !== undefined) return undefined;
  const lanes = (await getTestDevice()).capabilities.subgroupMinSize;
  return wanted > lanes ? `its ${wanted} lanes are more than the ${lanes} here` : undefined;
}

/** Checks the WASM kernel of a family alone, where it has one, in one thread that takes its units in several runs. */
export function describeOnWasm(
  kernel: Kernel,
  shapes: readonly Dims[],
  options: { readonly tolerance?: number; readonly scalars?: Scalars } = {},
): void {
  const fresh = shapes.filter((dims) => {
    const key = JSON.stringify([familyOf(kernel.name), dims, options, sampleOf(kernel, dims)]);
    return !checkedFamilies.has(key) && checkedFamilies.add(key);
  });
  if (fresh.length === 0 || !hasWasmKernel(familyOf(kernel.name))) return;
  describe(`${familyOf(kernel.name)} on WASM`, () => {
    it.each(fresh.map((dims) => [JSON.stringify(dims), dims] as const))(
      'agrees with its reference at %s',
      async (_, dims) => {
        wasm ??= loadWasmKernels(false);
        const kernels = await wasm;
        const createRuntime = (plan: Plan) => WasmRuntime.create(kernels, ownThread(), [plan]);
        const result = await verifyOn(createRuntime, kernel, dims, options);
        expect(result.message).toBeUndefined();
        expect(result.maximumError).toBeLessThanOrEqual(result.tolerance);
      },
    );
  });
}

/** What tells inputs of a kernel at one shape apart from others: how each tensor's first elements are filled. */
function sampleOf(kernel: Kernel, dims: Dims) {
  const fills = Object.values(kernel.tensors(dims)).map(({ fill }) => fill);
  return fills.map((fill) => fill && Array.from({ length: 80 }, (_, index) => fill(0.6, index)));
}

/** An input of a gradient check: a shape, and values unless standard normal. u32 inputs are not differentiated. */
export interface GradientInput {
  readonly shape: readonly number[];
  readonly elementType?: 'f32' | 'u32';
  readonly fill?: (uniform: number, index: number) => number;
}

/**
 * Central differences of Σ y ∘ r in float64 by the references, against the gradients that the tape records.
 * Tolerances are PyTorch gradcheck's: absolute 1e-5, relative 1e-3.
 */
export function checkGradient(
  name: string,
  inputs: Readonly<Record<string, GradientInput>>,
  record: (tape: Tape, tensors: Readonly<Record<string, Tensor>>) => Tensor,
  scalars: Scalars = exampleScalars,
): void {
  it(`${name} has the gradients of finite differences`, async () => {
    const values: Record<string, number[]> = {};
    let state = 12_345;
    const uniform = () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state / 2 ** 32;
    };
    const make = ({ shape, fill }: GradientInput) =>
      Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, index) =>
        fill ? fill(uniform(), index) : uniform() + uniform() + uniform() + uniform() - 2,
      );
    for (const [key, input] of Object.entries(inputs)) values[key] = make(input);

    const build = (training: boolean) => {
      const tape = new Tape({ capabilities: baselineCapabilities, training });
      const tensors: Record<string, Tensor> = {};
      const gradients: Record<string, Tensor> = {};
      for (const [key, { shape, elementType = 'f32' }] of Object.entries(inputs)) {
        const tensor = persistentTensor(key, shape, elementType, 'state');
        tensors[key] = tensor;
        if (training && elementType === 'f32') {
          gradients[key] = persistentTensor(`∂${key}`, shape, 'f32', 'state');
          tape.parameter(tensor, gradients[key]);
        }
      }
      const y = record(tape, tensors);
      const dy = persistentTensor('dy', y.shape, 'f32', 'state');
      if (training) {
        tape.adoptGradient(y, dy);
        tape.backward();
      }
      const plan = freeze(name, tape, [y]);
      const extra = [...Object.values(tensors), ...Object.values(gradients), dy].map(
        ({ storage }) => storage,
      );
      const runtime = new CpuRuntime([plan], extra, 'f64');
      return { runtime, plan, tensors, gradients, y, dy };
    };

    const forward = build(false);
    const weights = make({ shape: forward.y.shape });
    const evaluate = async () => {
      for (const [key, tensor] of Object.entries(forward.tensors)) {
        forward.runtime.write(tensor, array(inputs[key], values[key]));
      }
      await forward.runtime.submit([{ plan: forward.plan, scalars }]);
      const y = await forward.runtime.read(forward.y);
      return weights.reduce((sum, weight, i) => sum + weight * y[i], 0);
    };

    const training = build(true);
    for (const [key, tensor] of Object.entries(training.tensors)) {
      training.runtime.write(tensor, array(inputs[key], values[key]));
    }
    training.runtime.write(training.dy, Float64Array.from(weights));
    await training.runtime.submit([{ plan: training.plan, scalars }]);

    const epsilon = 1e-6;
    for (const [key, gradient] of Object.entries(training.gradients)) {
      const analytic = await training.runtime.read(gradient);
      const numbers = values[key] ?? [];
      for (let i = 0; i < numbers.length; i++) {
        const saved = numbers[i] ?? 0;
        numbers[i] = saved + epsilon;
        const above = await evaluate();
        numbers[i] = saved - epsilon;
        const below = await evaluate();
        numbers[i] = saved;
        const numeric = (above - below) / (2 * epsilon);
        const error = Math.abs(numeric - analytic[i]);
        expect(error, `∂${key}[${i}]: ${analytic[i]} against ${numeric}`).toBeLessThanOrEqual(
          1e-5 + 1e-3 * Math.abs(numeric),
        );
      }
    }
  });
}

function array(input: GradientInput | undefined, values: readonly number[] = []): Float64Array | Uint32Array {
  return input?.elementType === 'u32' ? Uint32Array.from(values) : Float64Array.from(values);
}
