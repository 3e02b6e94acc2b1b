// The visitor's processor: WASM kernels on as many threads as the page may have.
import { type Engine, wasmEngine } from '../lab/plans/engine.ts';
import { loadWasmKernels } from '../runtime/wasm/kernels.ts';
import { wasmMemoryBytes } from '../runtime/wasm/memory.ts';
import { ownThread, type WasmThreads, workerThreads } from '../runtime/wasm/pool.ts';
import { startThread } from './threads/start.ts';

/** The processor as an engine. */
export interface Processor {
  readonly engine: Engine;
  /** Threads now: fewer than at first once one was lost. */
  readonly threads: number;
  /** Why there are no more threads, and what would allow more. */
  readonly note?: string;
  /** Ends its threads. */
  close(): void;
}

const notIsolated =
  'One thread only: the server of this page does not isolate it from other sites, so its threads may not share memory. ' +
  'npm start serves the page with the two headers that allow it (Cross-Origin-Opener-Policy, Cross-Origin-Embedder-Policy).';

const oneCore = 'One thread only: the browser says that this device has one core.';

/**
 * Opens the processor.
 * @param wanted threads, of which there are no more than cores; as many where undefined
 * @throws an Error that says why where WebAssembly does not serve
 */
export async function openProcessor(wanted?: number): Promise<Processor> {
  const isShared = globalThis.crossOriginIsolated === true && typeof SharedArrayBuffer === 'function';
  const cores = Math.max(1, globalThis.navigator?.hardwareConcurrency ?? 1);
  const threads = isShared ? Math.min(wanted ?? cores, cores) : 1;
  const kernels = await loadWasmKernels(isShared);
  let pool: WasmThreads | undefined;
  const start = (count: number): WasmThreads => {
    pool = isShared ? workerThreads(count, () => startThread('processor')) : ownThread();
    return pool;
  };
  const engine = wasmEngine(kernels, { start, threads, memoryBytes: wasmMemoryBytes });
  return {
    engine,
    get threads() {
      return engine.measurable?.processor?.threads ?? threads;
    },
    ...(!isShared ? { note: notIsolated } : cores === 1 ? { note: oneCore } : {}),
    close: () => pool?.dispose(),
  };
}
