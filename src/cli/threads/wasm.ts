// Threads of the WASM runtime in Node: workers of node:worker_threads.
import { availableParallelism } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { bundleThread } from 'virtual:wasm-kernels';
import { type Engine, type ProcessorOptions, wasmEngine } from '../../lab/plans/engine.ts';
import { loadWasmKernels } from '../../runtime/wasm/kernels.ts';
import { type ThreadPort, type WasmThreads, workerThreads } from '../../runtime/wasm/pool.ts';
import type { ThreadAnswer } from '../../runtime/wasm/thread.ts';

/** The code of a thread: a process that starts many pools looks for it once. */
let threadCode: Promise<string> | undefined;

/** Bundles the thread's code; what comes back starts a worker. */
export async function nodePorts(): Promise<() => ThreadPort> {
  threadCode ??= bundleThread('src/cli/threads/wasm-entry.ts');
  const source = new URL(`data:text/javascript,${encodeURIComponent(await threadCode)}`);
  return () => nodePort(new Worker(source));
}

/** Pools of such workers. */
export async function nodeThreads(): Promise<(count: number) => WasmThreads> {
  const spawn = await nodePorts();
  return (count) => workerThreads(count, spawn);
}

/** The processor as an engine, with a worker a core unless `threads` says how many. */
export async function openNodeProcessor({
  threads = availableParallelism(),
  ...options
}: Partial<Omit<ProcessorOptions, 'start'>> = {}): Promise<{ engine: Engine; threads: number }> {
  allowRelaxedSimd();
  const kernels = await loadWasmKernels(true);
  const start = await nodeThreads();
  return { engine: wasmEngine(kernels, { ...options, threads, start }), threads };
}

/** Multiply-adds with one rounding, which Node 20 has behind a flag. Call it before the first kernel is compiled. */
export function allowRelaxedSimd(): void {
  setFlagsFromString('--experimental-wasm-relaxed-simd');
}

function nodePort(worker: Worker): ThreadPort {
  worker.unref(); // waiting threads keep no process alive
  let isEnded = false;
  return {
    post: (order) => worker.postMessage(order),
    listen: (onAnswer, onFailure) => {
      worker.on('message', (answer: ThreadAnswer) => onAnswer(answer));
      worker.on('error', onFailure);
      worker.on('exit', (code) => {
        if (!isEnded) onFailure(new Error(`it exited with ${code}`));
      });
    },
    terminate: () => {
      isEnded = true;
      void worker.terminate();
    },
  };
}
