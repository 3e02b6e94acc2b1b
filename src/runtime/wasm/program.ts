// A plan as WASM threads read it: calls with addresses and sizes filled in, and step scalars by their names.
import type { Dispatch } from '../../plan/kernel.ts';
import type { Plan } from '../../plan/plan.ts';
import type { Tensor } from '../../plan/tensor.ts';
import type { WasmKernels } from './kernels.ts';
import type { WasmMemory } from './memory.ts';

/** One dispatch, without anything that a message to a worker cannot carry. */
export interface WasmCall {
  readonly name: string;
  /** Arguments in order; those of step scalars, scratch and units are filled in by the thread. */
  readonly values: readonly number[];
  /** Where step scalars go among the arguments. */
  readonly scalars: readonly (readonly [index: number, scalar: string])[];
  /** Where the thread's scratch goes; -1 if it takes none. */
  readonly scratch: number;
  /** Where the first and, behind it, the last unit go; -1 if one thread does it all. */
  readonly range: number;
  readonly units: number;
}

/** The calls of one plan; undefined where a dispatch runs by its reference. */
export type WasmProgram = readonly (WasmCall | undefined)[];

/** What of a plan says how much scratch it takes. */
export interface Dispatches {
  readonly dispatches: readonly Pick<Dispatch, 'kernel' | 'dims'>[];
}

/** Largest scratch that a dispatch of the plans asks for. Bytes. */
export function scratchBytesOf(kernels: WasmKernels, plans: readonly Dispatches[]): number {
  const sizes = plans.flatMap(({ dispatches }) =>
    dispatches.map(({ kernel, dims }) => kernels.measure(kernel, dims)?.scratchBytes ?? 0),
  );
  return sizes.reduce((largest, size) => Math.max(largest, size), 0);
}

/** Reads a plan. */
export function compileProgram(kernels: WasmKernels, plan: Plan, memory: WasmMemory): WasmProgram {
  return plan.dispatches.map((dispatch) =>
    compileCall(kernels, dispatch, (tensor) => memory.addressOf(tensor)),
  );
}

/** @throws if the function has a parameter that is no dim, binding or scalar. */
function compileCall(
  kernels: WasmKernels,
  { kernel, dims, bindings }: Dispatch,
  addressOf: (tensor: Tensor) => number,
): WasmCall | undefined {
  const found = kernels.measure(kernel, dims);
  if (!found) return undefined;
  const { name, parameters, sizes, units } = found;
  const scalars: [number, string][] = [];
  const values = parameters.map((parameter, index) => {
    const tensor = bindings[parameter];
    if (tensor) return addressOf(tensor);
    if (parameter in sizes) return sizes[parameter] ?? 0;
    const isOwn = ['scratch', 'first', 'last'].includes(parameter);
    // A kernel checks by a dim whether an optional tensor is there.
    if (!isOwn && !kernel.optional?.includes(parameter)) scalars.push([index, parameter]);
    return 0;
  });
  return {
    name,
    values,
    scalars,
    scratch: parameters.indexOf('scratch'),
    range: parameters.indexOf('first'),
    units,
  };
}
