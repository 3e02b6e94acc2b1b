// The visitor's processor: WASM kernels on as many threads as the page may have.
import { type Engine, wasmEngine } from '../lab/plans/engine.ts';
import { loadWasmKernels, whyNotShared } from '../runtime/wasm/kernels.ts';
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

const notShared = (why: string) =>
  `One thread only: the browser gives no memory that threads could share (${why}). Close other tabs, or update it.`;

const oneCore = 'One thread only: the browser says that this device has one core.';

/**
 * Opens the processor.
 * @param wanted threads, of which there are no more than cores; as many where undefined
 * @throws an Error that says why where WebAssembly does not serve
 */
export async function openProcessor(wanted?: number): Promise<Processor> {
  const isIsolated = globalThis.crossOriginIsolated === true && typeof SharedArrayBuffer === 'function';
  const refusal = isIsolated ? whyNotShared() : undefined;
  const isShared = isIsolated && refusal === undefined;
  const cores = Math.max(1, globalThis.navigator?.hardwareConcurrency ?? 1);
  const threads = isShared ? Math.min(wanted ?? cores, cores) : 1;
  const kernels = await loadWasmKernels(isShared);
  let pool: WasmThreads | undefined;
  const start = (count: number): WasmThreads => {
    pool = isShared ? workerThreads(count, () => startThread('processor')) : ownThread();
    return pool;
  };
  const note = whyOneThread(isIsolated, refusal, cores);
  const engine = wasmEngine(kernels, { start, threads, memoryBytes: wasmMemoryBytes });
  return {
    engine,
    get threads() {
      return engine.measurable?.processor?.threads ?? threads;
    },
    ...(note === undefined ? {} : { note }),
    close: () => pool?.dispose(),
  };
}

/** Why there is one thread alone; undefined where there may be more. */
function whyOneThread(isIsolated: boolean, refusal: string | undefined, cores: number): string | undefined {
  if (!isIsolated) return notIsolated;
  if (refusal !== undefined) return notShared(refusal);
  return cores === 1 ? oneCore : undefined;
}
