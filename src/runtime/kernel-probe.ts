// One kernel alone: a plan of one dispatch on tensors of its own, filled with plausible numbers, for checks and calibration.
import type { BindingSpec, Dims, Dispatch, Kernel, NumberArray, Scalars } from '../plan/kernel.ts';
import type { Plan } from '../plan/plan.ts';
import { persistentTensor } from '../plan/store.ts';
import { type ElementType, elementCount, type Tensor, viewOf } from '../plan/tensor.ts';

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
  slot: 1,
};

/** Elements around every tensor that a kernel must leave alone: stray writes raise no error in WebGPU. */
export const guardElements = 64;
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

/** Where a probe's tensors lie. */
export type PlaceTensor = (name: string, shape: readonly number[], type: ElementType) => Tensor;

const inItsOwnStorage: PlaceTensor = (name, shape, type) => persistentTensor(name, shape, type, 'state');

/** Builds the plan that runs one kernel alone. Values depend on the kernel's specs and nothing else. */
export function probeOf(kernel: Kernel, dims: Dims, place = inItsOwnStorage): KernelProbe {
  const specs = kernel.tensors(dims);
  const bindings: Record<string, Tensor> = {};
  const storages = Object.entries(specs).map(([name, spec]) => {
    const type = spec.elementType ?? 'f32';
    const elements = elementCount(spec.shape);
    // Guards lie in the tensor's own buffer: a view with an offset is what packed parameters are, too.
    const whole = place(name, [elements + 2 * guardElements], type);
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
    plan: { name: kernel.name, dispatches: [dispatch], buffers: [], bufferOf: new Map(), persistent },
    storages,
  };
}

function guardedValues(spec: BindingSpec, elements: number, name: string): NumberArray {
  const length = elements + 2 * guardElements;
  const values = spec.elementType === 'u32' ? new Uint32Array(length) : new Float32Array(length);
  values.fill(sentinel);
  // Seeded by the binding's name: operands differ, and every run draws the same.
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

/** True if the elements around a tensor are what they were. */
export function guardsIntact(actual: NumberArray, before: NumberArray): boolean {
  for (let i = 0; i < guardElements; i++) {
    const j = actual.length - 1 - i;
    if (actual[i] !== before[i] || actual[j] !== before[j]) return false;
  }
  return true;
}
