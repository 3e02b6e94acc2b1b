// Runs kernels on a runtime and by their references with the same numbers, and says how far apart they are.
import type { Dims, Kernel, NumberArray, Scalars } from '../plan/kernel.ts';
import type { Plan } from '../plan/plan.ts';
import { elementCount, type Tensor } from '../plan/tensor.ts';
import { CpuRuntime } from './cpu-runtime.ts';
import { GpuRuntime } from './gpu-runtime.ts';
import { exampleScalars, guardElements, guardsIntact, type KernelProbe, probeOf } from './kernel-probe.ts';
import { KernelCompileError, PipelineCache } from './pipelines.ts';
import type { Runtime } from './runtime.ts';

/** How far a kernel is from its reference at one shape. */
export interface Verification {
  readonly kernel: string;
  readonly dims: Dims;
  /** max |computed − reference| ÷ max(1, max |reference|) over all written tensors. */
  readonly maximumError: number;
  readonly tolerance: number;
  readonly passed: boolean;
  readonly message?: string;
  /** True where the device did not compile it. */
  readonly isUncompiled?: boolean;
}

/** One kernel at one shape. */
export interface VerifiedCase {
  readonly kernel: Kernel;
  readonly dims: Dims;
}

/** How kernels are checked. */
export interface VerifyOptions {
  readonly pipelines?: PipelineCache;
  readonly scalars?: Scalars;
  readonly tolerance?: number;
  /** Gets cases done; a case that is compiled but did not run yet counts as a half. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Most cases, and bytes of their tensors, that run together: few waits, and little memory on a small device. */
const together = { cases: 32, bytes: 2 ** 26 } as const;

/** Checks one kernel at one shape on a device. A kernel that does not compile or run is reported, not thrown. */
export async function verifyKernel(
  device: GPUDevice,
  kernel: Kernel,
  dims: Dims,
  options: VerifyOptions = {},
): Promise<Verification> {
  const [result] = await verifyKernels(device, [{ kernel, dims }], options);
  if (!result) throw new Error('verifyKernel: a check gave no result.');
  return result;
}

/** Checks many kernels, as one plan for every few of them: each wait for the device serves them all. */
export async function verifyKernels(
  device: GPUDevice,
  cases: readonly VerifiedCase[],
  options: VerifyOptions = {},
): Promise<Verification[]> {
  const { onProgress = () => undefined } = options;
  const pipelines = options.pipelines ?? new PipelineCache(device);
  const results: Verification[] = [];
  for (const group of groupsOf(cases)) {
    const done = results.length;
    let compiled = 0;
    // Compiled side by side, as drivers allow; those that do not compile are left out of the run.
    const errors = await Promise.all(
      group.map(async ({ kernel, dims }) => {
        const error: unknown = await pipelines.compile(kernel, dims).then(() => undefined, caught);
        onProgress(done + ++compiled / 2, cases.length);
        return error;
      }),
    );
    // One runtime for the group: in Firefox each wait for the device may cost 100 ms.
    const run = await runTogether(
      device,
      pipelines,
      group.filter((_, index) => errors[index] === undefined),
      options,
    );
    results.push(...group.map((one, index) => run.get(one) ?? uncompiled(one, options, errors[index])));
    onProgress(results.length, cases.length);
  }
  return results;
}

/** Cases made ready, cut where a group is full. */
function groupsOf(cases: readonly VerifiedCase[]): VerifiedCase[][] {
  const groups: VerifiedCase[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const one of cases) {
    const size = bytesOf(one);
    const last = groups.at(-1);
    if (last && last.length < together.cases && bytes + size <= together.bytes) {
      last.push(one);
      bytes += size;
    } else {
      groups.push([one]);
      bytes = size;
    }
  }
  return groups;
}

function bytesOf({ kernel, dims }: VerifiedCase): number {
  return Object.values(kernel.tensors(dims)).reduce((sum, { shape }) => sum + 4 * elementCount(shape), 0);
}

/** Runs cases as one plan. A fault does not say whose it is: then each runs alone. */
async function runTogether(
  device: GPUDevice,
  pipelines: PipelineCache,
  cases: readonly VerifiedCase[],
  options: VerifyOptions,
): Promise<ReadonlyMap<VerifiedCase, Verification>> {
  if (cases.length === 0) return new Map();
  try {
    const probes = cases.map((one) => ({ one, probe: probeOf(one.kernel, one.dims) }));
    const values = await runProbes(
      device,
      pipelines,
      probes.map(({ probe }) => probe),
      scalarsOf(options),
    );
    const compared = new Map<VerifiedCase, Verification>();
    for (const { one, probe } of probes) compared.set(one, await compare(one, probe, values, options));
    return compared;
  } catch (error) {
    const [first] = cases;
    if (cases.length === 1 && first) return new Map([[first, failed(first, options, messageOf(error))]]);
    const alone = new Map<VerifiedCase, Verification>();
    // Alone, whatever is wrong is somebody's; the others are not to suffer for it.
    for (const one of cases) {
      for (const [key, result] of await runTogether(device, pipelines, [one], options))
        alone.set(key, result);
    }
    return alone;
  }
}

/** What all tensors hold after one run of every probe. */
async function runProbes(
  device: GPUDevice,
  pipelines: PipelineCache,
  probes: readonly KernelProbe[],
  scalars: Scalars,
): Promise<ReadonlyMap<Tensor, NumberArray>> {
  const plan: Plan = {
    name: 'check',
    dispatches: probes.flatMap(({ plan }) => plan.dispatches),
    // Probes have tensors of their own, all persistent: nothing of one is reused by another.
    buffers: [],
    bufferOf: new Map(),
    persistent: new Set(probes.flatMap(({ plan }) => [...plan.persistent])),
  };
  const gpu = await GpuRuntime.create(device, [plan], { pipelines, isTimed: false });
  return runOn(gpu, plan, probes, scalars);
}

/** Fills the probes' tensors, runs the plan once and reads everything back; the runtime is disposed of then. */
async function runOn(
  runtime: Runtime,
  plan: Plan,
  probes: readonly KernelProbe[],
  scalars: Scalars,
): Promise<ReadonlyMap<Tensor, NumberArray>> {
  try {
    const storages = probes.flatMap((probe) => probe.storages);
    for (const { whole, values } of storages) runtime.write(whole, values);
    await runtime.submit([{ plan, scalars }]);
    return new Map(
      await Promise.all(storages.map(async ({ whole }) => [whole, await runtime.read(whole)] as const)),
    );
  } finally {
    runtime.dispose();
  }
}

/** Checks one kernel at one shape on whatever runtime is made for its plan. */
export async function verifyOn(
  createRuntime: (plan: Plan) => Promise<Runtime>,
  kernel: Kernel,
  dims: Dims,
  options: VerifyOptions = {},
): Promise<Verification> {
  const probe = probeOf(kernel, dims);
  const runtime = await createRuntime(probe.plan);
  return compare(
    { kernel, dims },
    probe,
    await runOn(runtime, probe.plan, [probe], scalarsOf(options)),
    options,
  );
}

async function compare(
  { kernel, dims }: VerifiedCase,
  { plan, storages }: KernelProbe,
  actualOf: ReadonlyMap<Tensor, NumberArray>,
  options: VerifyOptions,
): Promise<Verification> {
  // The reference starts from the same numbers, also of what is written: accumulation is checked with the
  // rest.
  const cpu = new CpuRuntime([plan]);
  for (const { whole, values } of storages) cpu.write(whole, values);
  await cpu.submit([{ plan, scalars: scalarsOf(options) }]);
  const tolerance = toleranceOf(kernel, options);
  let maximumError = 0;
  for (const { name, whole, values } of storages) {
    const [expected, actual] = [await cpu.read(whole), actualOf.get(whole)];
    if (!actual || !guardsIntact(actual, values))
      return failed({ kernel, dims }, options, `${name} was written out of bounds`);
    // The guards' large values must not count as the tensor's scale.
    const inside = (array: NumberArray) => array.subarray(guardElements, array.length - guardElements);
    if (kernel.writes.includes(name))
      maximumError = Math.max(maximumError, relativeError(inside(expected), inside(actual)));
  }
  return { kernel: kernel.name, dims, tolerance, maximumError, passed: maximumError <= tolerance };
}

function failed({ kernel, dims }: VerifiedCase, options: VerifyOptions, message: string): Verification {
  const tolerance = toleranceOf(kernel, options);
  return {
    kernel: kernel.name,
    dims,
    tolerance,
    maximumError: Number.POSITIVE_INFINITY,
    passed: false,
    message,
  };
}

/** What was refused before it ran. */
function uncompiled(one: VerifiedCase, options: VerifyOptions, error: unknown): Verification {
  const failure = failed(one, options, error === undefined ? 'it did not run' : messageOf(error));
  return error instanceof KernelCompileError ? { ...failure, isUncompiled: true } : failure;
}

/** An error as a value, never undefined. */
function caught(error: unknown): unknown {
  return error ?? new Error('it did not compile');
}

function scalarsOf({ scalars }: VerifyOptions): Scalars {
  return { ...exampleScalars, ...scalars };
}

function toleranceOf(kernel: Kernel, { tolerance }: VerifyOptions): number {
  return tolerance ?? kernel.tolerance ?? 1e-5;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** max |expected − actual| ÷ max(1, max |expected|); Infinity if either holds what is no number. */
export function relativeError(expected: NumberArray, actual: NumberArray): number {
  let difference = 0;
  let largest = 1;
  // By the largest number, not element by element: sums near zero of large terms have no relative accuracy.
  for (let i = 0; i < expected.length; i++) {
    const distance = Math.abs(expected[i] - actual[i]);
    if (!Number.isFinite(distance)) {
      // Both may be the same infinity or NaN on purpose.
      if (Object.is(expected[i], actual[i])) continue;
      return Infinity;
    }
    difference = Math.max(difference, distance);
    largest = Math.max(largest, Math.abs(expected[i]));
  }
  return difference / largest;
}
