// Runs one kernel on the GPU and by its reference with the same numbers, and says how far they are apart.
import type { BindingSpec, Dims, Dispatch, Kernel, NumberArray, Scalars } from '../plan/kernel.ts';
import type { Plan } from '../plan/plan.ts';
import { persistentTensor } from '../plan/store.ts';
import { elementCount, type Tensor, viewOf } from '../plan/tensor.ts';
import { CpuRuntime } from './cpu-runtime.ts';
import { GpuRuntime } from './gpu-runtime.ts';
import type { PipelineCache } from './pipelines.ts';

/** How far a kernel is from its reference at one shape. */
export interface Verification {
  readonly kernel: string;
  readonly dims: Dims;
  /** max |GPU − reference| ÷ max(1, max |reference|) over all written tensors. */
  readonly maximumError: number;
  readonly tolerance: number;
  readonly passed: boolean;
  readonly message?: string;
}

/** Step record of checks and calibration: plausible values for every field of the prologue's `struct Step`. */
export const exampleScalars: Scalars = {
  step: 3,
  sampleOffset: 5,
  dropoutSeed: 1234,
  length: 5,
  lossScale: 0.125,
  learningRate: 0.01,
  biasCorrection1: 0.271,
  biasCorrection2: 0.0297,
  samplingSeed: 99,
  temperature: 0.8,
  topK: 5,
  topP: 0.9,
};

/** Elements around every tensor that a kernel must leave alone: stray writes raise no error in WebGPU. */
const guardElements = 64;
const sentinel = 12_345;
/** Different numbers in a tensor that says nothing of its values: odd, so that rows differ. */
const drawnValues = 65_521;

/** A plan of one dispatch on guarded persistent tensors, and the values to fill them with. */
export interface KernelProbe {
  readonly plan: Plan;
  readonly storages: readonly {
    readonly name: string;
    readonly whole: Tensor;
    readonly values: NumberArray;
  }[];
}

/** Builds the plan that runs one kernel alone. Values depend on the kernel's specs and nothing else. */
export function probeOf(kernel: Kernel, dims: Dims): KernelProbe {
  const specs = kernel.tensors(dims);
  const bindings: Record<string, Tensor> = {};
  const storages = Object.entries(specs).map(([name, spec]) => {
    const type = spec.elementType ?? 'f32';
    const elements = elementCount(spec.shape);
    const whole = persistentTensor(name, [elements + 2 * guardElements], type, 'state');
    bindings[name] = viewOf(whole, guardElements, spec.shape, name);
    return { name, whole, values: guardedValues(spec, elements, name) };
  });
  const dispatch: Dispatch = {
    kernel,
    dims,
    bindings,
    workgroups: kernel.workgroups(dims),
    label: kernel.name,
    phase: 'forward',
  };
  const persistent = new Set(storages.map(({ whole }) => whole.storage));
  return {
    plan: { name: kernel.name, dispatches: [dispatch], slots: [], slotOf: new Map(), persistent },
    storages,
  };
}

/** Checks one kernel at one shape on a device. A kernel that does not compile or run is reported, not thrown. */
export async function verifyKernel(
  device: GPUDevice,
  kernel: Kernel,
  dims: Dims,
  options: {
    readonly pipelines?: PipelineCache;
    readonly scalars?: Scalars;
    readonly tolerance?: number;
  } = {},
): Promise<Verification> {
  const tolerance = options.tolerance ?? kernel.tolerance ?? 1e-5;
  const result = { kernel: kernel.name, dims, tolerance };
  const { plan, storages } = probeOf(kernel, dims);
  const replay = { plan, scalars: { ...exampleScalars, ...options.scalars } };
  const cpu = new CpuRuntime([plan]);
  let gpu: GpuRuntime | undefined;
  try {
    gpu = await GpuRuntime.create(device, [plan], options.pipelines ? { pipelines: options.pipelines } : {});
    for (const { whole, values } of storages) {
      cpu.write(whole, values);
      gpu.write(whole, values);
    }
    await cpu.submit([replay]);
    await gpu.submit([replay]);
    let maximumError = 0;
    for (const { name, whole, values } of storages) {
      const [expected, actual] = [await cpu.read(whole), await gpu.read(whole)];
      if (!guardsIntact(actual, values)) {
        return {
          ...result,
          maximumError: Infinity,
          passed: false,
          message: `${name} was written out of bounds`,
        };
      }
      // The guards' large values must not count as the tensor's scale.
      const inside = (array: NumberArray) => array.subarray(guardElements, array.length - guardElements);
      if (kernel.writes.includes(name))
        maximumError = Math.max(maximumError, relativeError(inside(expected), inside(actual)));
    }
    return { ...result, maximumError, passed: maximumError <= tolerance };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { ...result, maximumError: Infinity, passed: false, message };
  } finally {
    gpu?.dispose();
  }
}

/** max |expected − actual| ÷ max(1, max |expected|); Infinity if either holds what is no number. */
export function relativeError(expected: NumberArray, actual: NumberArray): number {
  let difference = 0;
  let largest = 1;
  for (let i = 0; i < expected.length; i++) {
    const distance = Math.abs(expected[i] - actual[i]);
    if (!Number.isFinite(distance)) {
      if (Object.is(expected[i], actual[i])) continue;
      return Infinity;
    }
    difference = Math.max(difference, distance);
    largest = Math.max(largest, Math.abs(expected[i]));
  }
  return difference / largest;
}

function guardedValues(spec: BindingSpec, elements: number, name: string): NumberArray {
  const length = elements + 2 * guardElements;
  const values = spec.elementType === 'u32' ? new Uint32Array(length) : new Float32Array(length);
  values.fill(sentinel);
  let state = [...name].reduce((sum, letter) => Math.imul(sum, 31) + letter.charCodeAt(0), 17) >>> 0;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const drawn = spec.fill ? elements : Math.min(elements, drawnValues);
  for (let i = 0; i < drawn; i++) {
    // Sum of uniforms: standard normal enough for test data, and bounded.
    values[guardElements + i] = spec.fill
      ? spec.fill(uniform(), i)
      : uniform() + uniform() + uniform() + uniform() - 2;
  }
  // Large tensors repeat themselves: drawing every number took calibration seconds.
  const inside = values.subarray(guardElements, guardElements + elements);
  for (let i = drawn; i < elements; i += drawn)
    inside.set(inside.subarray(0, Math.min(drawn, elements - i)), i);
  return values;
}

function guardsIntact(actual: NumberArray, before: NumberArray): boolean {
  for (let i = 0; i < guardElements; i++) {
    const j = actual.length - 1 - i;
    if (actual[i] !== before[i] || actual[j] !== before[j]) return false;
  }
  return true;
}
