// Measures a device: arithmetic peak, bandwidth by size, launch cost, and every given kernel at a few shapes.
import type { Dims, Kernel } from '../plan/kernel.ts';
import {
  bandwidthAt,
  costOf,
  type DeviceProfile,
  type EfficiencyPoint,
  type Measurement,
} from '../plan/predict.ts';
import { GpuRuntime } from './gpu-runtime.ts';
import { PipelineCache } from './pipelines.ts';
import { measureSlope, type SlopeOptions, summarize } from './slope.ts';
import { PassTimer } from './timer.ts';
import { exampleScalars, probeOf } from './verify.ts';

/** The kernels that calibration runs; it knows none by name. */
export interface CalibrationProbes {
  /** Pure arithmetic, in the forms that devices may prefer: the fastest counts. */
  readonly arithmetic: readonly Kernel[];
  /** Pure copying at its `calibration` sizes; the smallest also measures a launch. */
  readonly copy: Kernel;
  /** Every kernel whose efficiency is wanted. */
  readonly kernels: readonly Kernel[];
}

/** Runs the calibration. `onProgress` gets a fraction and what is measured. */
export async function calibrate(
  device: GPUDevice,
  name: string,
  probes: CalibrationProbes,
  onProgress: (fraction: number, what: string) => void = () => undefined,
): Promise<DeviceProfile> {
  const timer = new PassTimer(device);
  try {
    return await measureDevice(device, timer, name, probes, onProgress);
  } finally {
    timer.dispose();
  }
}

async function measureDevice(
  device: GPUDevice,
  timer: PassTimer,
  name: string,
  probes: CalibrationProbes,
  onProgress: (fraction: number, what: string) => void,
): Promise<DeviceProfile> {
  const pipelines = new PipelineCache(device);
  const start = performance.now();
  const shapes = measuringOrder(probes.kernels).length;
  const total = probes.arithmetic.length + probes.copy.calibration.length + shapes;
  let done = 0;
  const measure = (kernel: Kernel, dims: Dims, options?: SlopeOptions) =>
    measureKernel(device, timer, pipelines, kernel, dims, options);
  const progress = (what: string) => onProgress(done++ / total, what);

  let fma: Measurement = { value: 1, spread: 1, repeats: 0 };
  for (const kernel of probes.arithmetic) {
    progress(kernel.name);
    const dims = kernel.calibration[0] ?? {};
    const rate = rateOf(kernel.usefulFlops(dims, {}), await measure(kernel, dims, { budgetSeconds: 0.3 }));
    if (rate.value > fma.value) fma = rate;
  }
  const copies: { bytes: number; rate: Measurement }[] = [];
  let launchSeconds: Measurement = { value: 0, spread: 0, repeats: 0 };
  for (const [index, dims] of probes.copy.calibration.entries()) {
    progress(`${probes.copy.name} ${shapeText(dims)}`);
    const bytes = probes.copy.bytes(dims, {});
    const seconds = await measure(probes.copy, dims, { budgetSeconds: 0.15 });
    if (index === 0) launchSeconds = seconds;
    else copies.push({ bytes, rate: rateOf(bytes, subtract(seconds, launchSeconds.value)) });
  }
  const profile: DeviceProfile = {
    version: 1,
    device: name,
    fmaFlopsPerSecond: fma,
    copyBytesPerSecond: copies,
    launchSeconds,
    submitSeconds: await measureSubmit(device),
    kernels: {},
    timer: timer.method,
  };
  // First every kernel once: a driver that has just compiled one goes on working (it writes its cache), and what was
  // measured beside that came out up to 2.5 times too slow.
  for (const kernel of probes.kernels) {
    onProgress(done / total, `${kernel.name}, compiling`);
    const dims = kernel.calibration[kernel.calibration.length >> 1];
    if (dims) await withProbe(device, pipelines, kernel, dims, (encode) => timer.seconds(encode));
  }
  const deadline = start + 1000 * calibrationSeconds(fma.value);
  const points = new Map<string, (EfficiencyPoint | undefined)[]>();
  for (const { kernel, index } of measuringOrder(probes.kernels)) {
    progress(kernel.name);
    const dims = kernel.calibration[index];
    const known = points.get(kernel.name);
    if (!dims || (known && performance.now() > deadline)) continue;
    const dispatch = { kernel, dims, bindings: {}, workgroups: 1, label: '', phase: 'forward' } as const;
    const cost = costOf(dispatch, exampleScalars);
    const limitSeconds = Math.max(
      cost.launchedFlops / fma.value,
      cost.bytes / bandwidthAt(profile, cost.bytes),
    );
    const seconds = await measure(kernel, dims, { budgetSeconds: 0.03 });
    const row = known ?? [];
    row[index] = { shape: shapeText(dims), limitSeconds, seconds };
    points.set(kernel.name, row);
  }
  const kernels = Object.fromEntries(
    [...points].map(([kernelName, row]) => [kernelName, row.flatMap((point) => (point ? [point] : []))]),
  );
  onProgress(1, 'done');
  return { ...profile, kernels };
}

/**
 * Every kernel's middle shape first, because it says most, then the largest, then the smallest: what the time does not
 * reach (a driver that compiles a kernel for every shape, the first time) is extrapolated.
 */
function measuringOrder(kernels: readonly Kernel[]): { readonly kernel: Kernel; readonly index: number }[] {
  const rounds = [(n: number) => n >> 1, (n: number) => n - 1, () => 0];
  const order = rounds.flatMap((indexOf) =>
    kernels.map((kernel) => ({ kernel, index: indexOf(kernel.calibration.length) })),
  );
  return order.filter(
    ({ kernel, index }, at) =>
      order.findIndex((other) => other.kernel === kernel && other.index === index) === at,
  );
}

/** Seconds that a calibration may take; a device this slow needs longer for the same work. */
function calibrationSeconds(flopsPerSecond: number): number {
  return flopsPerSecond < 40e9 ? 55 : 18;
}

/** Seconds of one dispatch of a kernel, by the slope over repeats in one pass. */
export async function measureKernel(
  device: GPUDevice,
  timer: PassTimer,
  pipelines: PipelineCache,
  kernel: Kernel,
  dims: Dims,
  options?: SlopeOptions,
): Promise<Measurement> {
  return withProbe(device, pipelines, kernel, dims, (encode) =>
    measureSlope(
      (repetitions) =>
        timer.seconds((pass) => {
          for (let i = 0; i < repetitions; i++) encode(pass);
        }),
      options,
    ),
  );
}

/** Gives `use` a function that adds one dispatch of a kernel, on tensors of its own, to a pass. */
async function withProbe<T>(
  device: GPUDevice,
  pipelines: PipelineCache,
  kernel: Kernel,
  dims: Dims,
  use: (encode: (pass: GPUComputePassEncoder) => void) => Promise<T>,
): Promise<T> {
  const { plan, storages } = probeOf(kernel, dims);
  const runtime = await GpuRuntime.create(device, [plan], { pipelines });
  try {
    for (const { whole, values } of storages) runtime.write(whole, values);
    runtime.setScalars(plan, exampleScalars);
    return await use((pass) => runtime.encodeDispatch(pass, plan, 0));
  } finally {
    runtime.dispose();
  }
}

/** Fixed cost of handing over an empty submission and reading a few bytes back. */
async function measureSubmit(device: GPUDevice): Promise<Measurement> {
  const from = device.createBuffer({ size: 16, usage: GPUBufferUsage.COPY_SRC });
  const to = device.createBuffer({ size: 16, usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ });
  const times: number[] = [];
  for (let i = 0; i < 12; i++) {
    const start = performance.now();
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(from, 0, to, 0, 16);
    device.queue.submit([encoder.finish()]);
    await to.mapAsync(GPUMapMode.READ);
    to.unmap();
    if (i >= 3) times.push((performance.now() - start) / 1000);
  }
  from.destroy();
  to.destroy();
  return summarize(times);
}

function rateOf(amount: number, seconds: Measurement): Measurement {
  return { ...seconds, value: amount / Math.max(seconds.value, 1e-9) };
}

function subtract(seconds: Measurement, fixed: number): Measurement {
  return { ...seconds, value: Math.max(seconds.value - fixed, seconds.value / 10) };
}

/** `rows 3, columns 257`, for tables. */
export function shapeText(dims: Dims): string {
  return Object.entries(dims)
    .map(([key, value]) => `${key} ${value}`)
    .join(', ');
}
