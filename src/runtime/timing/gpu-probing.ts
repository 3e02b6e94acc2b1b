// Kernels made ready to be timed on a GPU: compiled, on buffers of their own, encoded over and over into one pass.

import type { Dims, Kernel } from '../../plan/kernel.ts';
import type { Plan } from '../../plan/plan.ts';
import { GpuRuntime } from '../gpu-runtime.ts';
import { probeOf } from '../kernel-probe.ts';
import { PipelineCache } from '../pipelines.ts';
import { mapped } from '../settle.ts';
import { verifyKernel } from '../verify.ts';
import { type Probing, probeScalarsOf, type ShapeProbe } from './probing.ts';
import { PassTimer } from './timer.ts';

/** Times kernels on one GPU. */
export class GpuProbing implements Probing {
  readonly #device: GPUDevice;
  readonly #pipelines: PipelineCache;
  readonly #timer: PassTimer;
  readonly #runtimes = new Map<Plan, GpuRuntime>();
  readonly #from: GPUBuffer;
  readonly #to: GPUBuffer;

  constructor(device: GPUDevice, pipelines = new PipelineCache(device)) {
    this.#device = device;
    this.#pipelines = pipelines;
    this.#timer = new PassTimer(device);
    this.#from = device.createBuffer({ size: 16, usage: GPUBufferUsage.COPY_SRC });
    this.#to = device.createBuffer({ size: 16, usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ });
  }

  get method(): string {
    return this.#timer.method;
  }

  async prepare(kernel: Kernel, dims: Dims): Promise<ShapeProbe> {
    const { plan, storages } = probeOf(kernel, dims);
    const options = { pipelines: this.#pipelines, isTimed: false };
    const runtime = await GpuRuntime.create(this.#device, [plan], options);
    this.#runtimes.set(plan, runtime);
    for (const { whole, values } of storages) runtime.write(whole, values);
    runtime.setScalars(plan, probeScalarsOf(kernel, dims));
    const probe = {
      kernel,
      dims,
      plan,
      time: (repetitions: number) => this.seconds([{ plan }], repetitions),
    };
    await probe.time(1);
    return probe;
  }

  async agrees(kernel: Kernel, dims: Dims): Promise<boolean> {
    return (await verifyKernel(this.#device, kernel, dims, { pipelines: this.#pipelines })).passed;
  }

  seconds(shapes: readonly Pick<ShapeProbe, 'plan'>[], repetitions: number): Promise<number> {
    return this.#timer.seconds((pass) => {
      for (let i = 0; i < repetitions; i++) {
        for (const { plan } of shapes) this.#runtimes.get(plan)?.encodeDispatch(pass, plan, 0);
      }
    });
  }

  async submissionSeconds(count: number): Promise<number> {
    const start = performance.now();
    for (let i = 0; i < count; i++) {
      const encoder = this.#device.createCommandEncoder();
      encoder.copyBufferToBuffer(this.#from, 0, this.#to, 0, 16);
      this.#device.queue.submit([encoder.finish()]);
    }
    await mapped(this.#device, this.#to);
    this.#to.unmap();
    return (performance.now() - start) / 1000;
  }

  dispose(): void {
    for (const runtime of this.#runtimes.values()) runtime.dispose();
    this.#runtimes.clear();
    this.#timer.dispose();
    this.#from.destroy();
    this.#to.destroy();
  }
}
