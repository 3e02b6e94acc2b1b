// What the lab needs of a machine: its capabilities, its calibration if there is one, and a runtime for given plans.

import type { DeviceProfile, ProcessorFacts } from '../../plan/device-profile.ts';
import type { Capabilities, VariantTable } from '../../plan/kernel.ts';
import { baselineCapabilities } from '../../plan/kernel.ts';
import type { Plan } from '../../plan/plan.ts';
import { predictDispatch } from '../../plan/predict.ts';
import type { Storage } from '../../plan/tensor.ts';
import { tunedVariants } from '../../plan/tuned-variants.ts';
import { CpuRuntime } from '../../runtime/cpu-runtime.ts';
import type { DeviceFacts, OpenDevice } from '../../runtime/device.ts';
import { GpuRuntime } from '../../runtime/gpu-runtime.ts';
import { PipelineCache } from '../../runtime/pipelines.ts';
import type { Runtime, RuntimeKind } from '../../runtime/runtime.ts';
import { GpuProbing } from '../../runtime/timing/gpu-probing.ts';
import type { Probing } from '../../runtime/timing/probing.ts';
import { WasmProbing } from '../../runtime/timing/wasm-probing.ts';
import type { WasmKernels } from '../../runtime/wasm/kernels.ts';
import { ownThread, type WasmThreads } from '../../runtime/wasm/pool.ts';
import { WasmRuntime } from '../../runtime/wasm-runtime.ts';

/** What calibration measures of a machine. */
export interface Measurable {
  /** What can change its speed: with the host's version it names the profile that is kept. */
  readonly facts: readonly string[];
  /** Threads and vectors, where the processor computes; they stand in its profile. */
  readonly processor?: ProcessorFacts;
  openProbing(): Probing;
}

/** A machine that can run plans. */
export interface Engine {
  readonly kind: RuntimeKind;
  /** Undefined of the reference loops, which nobody calibrates. */
  readonly measurable?: Measurable;
  /** What recording may assume; it loses the variants that turn out not to compile (runnable-variants.ts). */
  capabilities: Capabilities;
  readonly variants?: VariantTable | undefined;
  profile: DeviceProfile | undefined;
  /** Told of what the device turned out not to do: variants that it does not compile, threads that are gone. */
  onDropped?: (message: string) => void;
  /** Useful flops per second of training, where no profile tells more: what processors are predicted by. */
  trainingFlopsPerSecond?: number;
  /** Bytes that tensors can have at most, where that is known: software devices and the reference loops use the host's. */
  readonly memoryBytes?: number;
  createRuntime(
    plans: readonly Plan[],
    extra: readonly Storage[],
    onProgress?: (done: number, total: number) => void,
  ): Promise<Runtime>;
}

/** What can change a GPU's speed. */
export function gpuFacts(facts: DeviceFacts): string[] {
  const { vendor, architecture, device, description, isCompatibility } = facts;
  const mode = isCompatibility ? 'compatibility mode' : '';
  return [vendor, architecture, device, description, mode].filter((fact) => fact !== '');
}

/** Runs on a GPU; pipelines are kept from one run to the next, and shared with what measures. */
export function gpuEngine(open: OpenDevice, profile?: DeviceProfile, memoryBytes?: number): Engine {
  const pipelines = new PipelineCache(open.device);
  const tables = new WeakMap<DeviceProfile, VariantTable>();
  const engine: Engine = {
    kind: 'gpu',
    measurable: {
      facts: gpuFacts(open.facts),
      openProbing: () => new GpuProbing(open.device, pipelines),
    },
    capabilities: open.capabilities,
    profile,
    get variants() {
      const measured = engine.profile;
      if (!measured) return undefined;
      const table = tables.get(measured) ?? tunedVariants(measured);
      tables.set(measured, table);
      return table;
    },
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
    createRuntime: (plans, extra, onProgress) => {
      const measured = engine.profile;
      return GpuRuntime.create(open.device, plans, {
        extra,
        pipelines,
        ...(onProgress ? { onProgress } : {}),
        ...(measured ? { estimate: (dispatch) => predictDispatch(dispatch, measured).seconds } : {}),
      });
    },
  };
  return engine;
}

/**
 * What recording may assume of WASM threads: one invocation at a time and no workgroup memory, so that the plain variants
 * are taken, which launch no padding; and buffers as large as 32-bit addresses reach.
 */
export const wasmCapabilities: Capabilities = {
  ...baselineCapabilities,
  maxBindingBytes: 2 ** 32 - 2 ** 20,
  maxBufferBytes: 2 ** 32 - 2 ** 20,
  maxWorkgroupStorageBytes: 0,
  maxInvocationsPerWorkgroup: 1,
};

/** Where WASM kernels run. */
export interface ProcessorOptions {
  /** Starts so many threads: when the first runtime is made, and fewer when one of them was lost. */
  readonly start: (threads: number) => WasmThreads;
  readonly threads: number;
  /** What the processor is called, where that is known. */
  readonly name?: string;
  readonly memoryBytes?: number;
}

/** Runs WASM kernels on threads; where one is lost on half of them, down to the caller's own. */
export function wasmEngine(
  kernels: WasmKernels,
  { start, threads: wanted, name, memoryBytes }: ProcessorOptions,
): Engine {
  /** Workers; 0 once not even one serves, and the caller's own thread does. */
  let count = wanted;
  let threads: WasmThreads | undefined;
  const begin = (): WasmThreads => {
    const started = count === 0 ? ownThread() : start(count);
    void started.lost.then(({ message }) => {
      if (threads !== started) return;
      threads = undefined;
      const before = Math.max(1, count);
      count = Math.floor(count / 2);
      engine.profile = undefined; // it was measured on all of them
      if (engine.trainingFlopsPerSecond !== undefined)
        engine.trainingFlopsPerSecond *= Math.max(1, count) / before;
      const left = count === 0 ? 'the thread of the lab' : count === 1 ? '1 thread' : `${count} threads`;
      engine.onDropped?.(`${message} Now it is ${left}.`);
    });
    return started;
  };
  const create = async (plans: readonly Plan[], extra: readonly Storage[], scratchBytes?: number) => {
    for (;;) {
      if (!threads || threads.hasFailed()) threads = begin();
      const used = threads;
      try {
        return await WasmRuntime.create(kernels, used, plans, extra, scratchBytes);
      } catch (error) {
        // Memory that was refused, or a plan: other threads would not help.
        if (!(error instanceof Error) || error.name !== 'ThreadLostError') throw error;
        await used.lost;
      }
    }
  };
  const simd = kernels.isRelaxed ? 'relaxed' : 'plain';
  const engine: Engine = {
    kind: 'wasm',
    measurable: {
      get facts() {
        return [
          'WebAssembly',
          ...(name === undefined ? [] : [name]),
          count <= 1 ? '1 thread' : `${count} threads`,
          `${simd} SIMD`,
          `kernels ${kernels.digest}`,
        ];
      },
      get processor() {
        return { threads: Math.max(1, count), simd } as const;
      },
      openProbing: () => new WasmProbing(create),
    },
    capabilities: wasmCapabilities,
    profile: undefined,
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
    createRuntime: (plans, extra) => create(plans, extra),
  };
  return engine;
}

/** Runs the reference loops: slow, for very small models. */
export function cpuEngine(memoryBytes?: number): Engine {
  return {
    kind: 'cpu',
    capabilities: baselineCapabilities,
    profile: undefined,
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
    createRuntime: async (plans, extra) => new CpuRuntime(plans, extra),
  };
}
