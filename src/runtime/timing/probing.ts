// Kernels made ready to be timed by themselves, on whatever runs plans: what calibration and benches ask of it.

import type { Measurement } from '../../plan/device-profile.ts';
import type { Dims, Kernel, Scalars } from '../../plan/kernel.ts';
import type { Plan } from '../../plan/plan.ts';
import { exampleScalars } from '../kernel-probe.ts';
import { measureSlope, type SlopeOptions, type TimePass } from './slope.ts';

/** The step record under which a kernel is timed: what its cost is stated for. */
export function probeScalarsOf(kernel: Kernel, dims: Dims): Scalars {
  return { ...exampleScalars, ...kernel.probeScalars?.(dims) };
}

/** One shape of one kernel, ready to run. */
export interface ShapeProbe {
  readonly kernel: Kernel;
  readonly dims: Dims;
  /** Of this dispatch alone, on tensors of its own. */
  readonly plan: Plan;
  readonly time: TimePass;
}

/** Prepares kernels to be timed, and frees all at the end. */
export interface Probing {
  /** What the figures rest on, for labels. Ask when something was timed. */
  readonly method: string;
  /** Compiles, fills tensors and runs once. */
  prepare(kernel: Kernel, dims: Dims): Promise<ShapeProbe>;
  /** True if a kernel gives at a shape what its reference gives. */
  agrees(kernel: Kernel, dims: Dims): Promise<boolean>;
  /** Seconds of one pass of prepared dispatches in this order, the whole of it so many times over. */
  seconds(shapes: readonly Pick<ShapeProbe, 'plan'>[], repetitions: number): Promise<number>;
  /** Seconds of so many submissions of next to nothing, of which the last is waited for and read back. */
  submissionSeconds(count: number): Promise<number>;
  dispose(): void;
}

/** Seconds of one dispatch of a kernel on tensors of its own, by the slope over repeats in one pass. */
export async function measureKernel(
  probing: Probing,
  kernel: Kernel,
  dims: Dims,
  options?: SlopeOptions,
): Promise<Measurement> {
  return measureSlope((await probing.prepare(kernel, dims)).time, options);
}
