// Kernels made ready to be timed by themselves: compiled, on tensors of their own, run once.

import type { Measurement } from '../../plan/device-profile.ts';
import type { Dims, Kernel, Scalars } from '../../plan/kernel.ts';
import { GpuRuntime } from '../gpu-runtime.ts';
import { exampleScalars, probeOf } from '../kernel-probe.ts';
import { PipelineCache } from '../pipelines.ts';
import { measureSlope, type SlopeOptions, type TimePass } from './slope.ts';
import type { PassTimer } from './timer.ts';

/** The step record under which a kernel is timed: what its cost is stated for. */
export function probeScalarsOf(kernel: Kernel, dims: Dims): Scalars {
  return { ...exampleScalars, ...kernel.probeScalars?.(dims) };
}

/** One shape of one kernel, ready to run. */
export interface ShapeProbe {
  readonly kernel: Kernel;
  readonly dims: Dims;
  readonly time: TimePass;
  /** Adds one dispatch to a pass. */
  readonly encode: (pass: GPUComputePassEncoder) => void;
}

/** Seconds of one dispatch of a kernel on tensors of its own, by the slope over repeats in one pass. */
export async function measureKernel(
  device: GPUDevice,
  timer: PassTimer,
  pipelines: PipelineCache,
  kernel: Kernel,
  dims: Dims,
  options?: SlopeOptions,
): Promise<Measurement> {
  const probing = new Probing(device, timer, pipelines);
  try {
    return await measureSlope((await probing.prepare(kernel, dims)).time, options);
  } finally {
    probing.dispose();
  }
}

/** Prepares kernels to be timed, and frees all at the end. */
export class Probing {
  readonly #device: GPUDevice;
  readonly #timer: PassTimer;
  readonly #pipelines: PipelineCache;
  readonly #runtimes: GpuRuntime[] = [];

  constructor(device: GPUDevice, timer: PassTimer, pipelines = new PipelineCache(device)) {
    this.#device = device;
    this.#timer = timer;
    this.#pipelines = pipelines;
  }

  /** Compiles, fills tensors and runs once; returns how to run and to time it. */
  async prepare(kernel: Kernel, dims: Dims): Promise<Pick<ShapeProbe, 'encode' | 'time'>> {
    const { plan, storages } = probeOf(kernel, dims);
    const runtime = await GpuRuntime.create(this.#device, [plan], {
      pipelines: this.#pipelines,
      isTimed: false,
    });
    this.#runtimes.push(runtime);
    for (const { whole, values } of storages) runtime.write(whole, values);
    runtime.setScalars(plan, probeScalarsOf(kernel, dims));
    const encode = (pass: GPUComputePassEncoder) => runtime.encodeDispatch(pass, plan, 0);
    const time: TimePass = (repetitions) =>
      this.#timer.seconds((pass) => {
        for (let i = 0; i < repetitions; i++) encode(pass);
      });
    await time(1);
    return { encode, time };
  }

  dispose(): void {
    for (const runtime of this.#runtimes.splice(0)) runtime.dispose();
  }
}
