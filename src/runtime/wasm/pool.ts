// The threads of WASM runtimes: workers that stay from one runtime to the next, or the caller itself.
import type { WasmProgram } from './program.ts';
import {
  stopThreads,
  type ThreadAnswer,
  type ThreadJob,
  type ThreadOrder,
  type ThreadSetup,
  WasmThread,
} from './thread.ts';

/** A worker, in a page or in Node. */
export interface ThreadPort {
  post(order: ThreadOrder): void;
  /** Called with every answer, and with what ends the worker. */
  listen(onAnswer: (answer: ThreadAnswer) => void, onFailure: (error: Error) => void): void;
  terminate(): void;
}

/** Threads that one runtime loaded its programs into. */
export interface LoadedThreads {
  /** Loads a further program behind those of the setup. */
  add(program: WasmProgram): Promise<void>;
  /** Runs jobs on all threads, all of them so many times over; resolves when the last one is done. */
  run(jobs: readonly ThreadJob[], times?: number): Promise<void>;
  dispose(): void;
}

/** Where programs run. */
export interface WasmThreads {
  readonly count: number;
  /** True once a thread is gone: then all are useless. */
  hasFailed(): boolean;
  load(
    setup: Omit<ThreadSetup, 'thread' | 'threads' | 'scratchAddress'>,
    scratchOf: (thread: number) => number,
  ): Promise<LoadedThreads>;
  dispose(): void;
}

/** Milliseconds that a lone thread computes before it lets messages through. */
const turnMilliseconds = 40;

/** The caller's own thread: where memory cannot be shared. Between dispatches it lets messages through. */
export function ownThread(): WasmThreads {
  return {
    count: 1,
    hasFailed: () => false,
    load: async (setup, scratchOf) => {
      const thread = await WasmThread.create({
        ...setup,
        thread: 0,
        threads: 1,
        scratchAddress: scratchOf(0),
      });
      return {
        add: async (program) => thread.add(program),
        run: async (jobs, times = 1) => {
          // One thread has nobody to hand work to: the page's messages get a turn between dispatches instead.
          let start = performance.now();
          for (let turn = 0; turn < times; turn++) {
            for (const job of jobs) {
              for (let from = job.from; from < job.to; from++) {
                thread.run({ ...job, from, to: from + 1 });
                if (performance.now() - start < turnMilliseconds) continue;
                await new Promise((resolve) => setTimeout(resolve, 0));
                start = performance.now();
              }
            }
          }
        },
        dispose: () => undefined,
      };
    },
    dispose: () => undefined,
  };
}

/** One worker and whom its answers are for. */
interface Member {
  readonly port: ThreadPort;
  readonly waiting: Map<number, { readonly resolve: () => void; readonly reject: (error: Error) => void }>;
}

/** A pool of workers. A worker that dies fails everything that is under way, and all that comes after. */
export function workerThreads(count: number, spawn: () => ThreadPort): WasmThreads {
  let failure: Error | undefined;
  let runtimes = 0;
  // Of all runtimes: where one worker is gone, the others may sleep in any of them and must be woken.
  const memories = new Map<
    number,
    { readonly memory: WebAssembly.Memory; readonly controlAddress: number }
  >();
  const members = Array.from({ length: count }, (): Member => ({ port: spawn(), waiting: new Map() }));
  // The first failure is told to everybody; what follows from it is not.
  const fail = (error: Error) => {
    failure ??= error;
    for (const { memory, controlAddress } of memories.values()) stopThreads(memory, controlAddress);
    for (const { waiting } of members) {
      for (const { reject } of waiting.values()) reject(error);
      waiting.clear();
    }
  };
  for (const { port, waiting } of members) {
    port.listen(
      ({ runtime, error }) => {
        if (error !== undefined) return fail(new Error(`WasmRuntime: a thread stopped: ${error}`));
        waiting.get(runtime)?.resolve();
        waiting.delete(runtime);
      },
      (error) =>
        fail(new Error(`WasmRuntime: a thread is gone: ${error.message}. Start again, with fewer threads.`)),
    );
  }
  const orderAll = async (order: (thread: number) => ThreadOrder) => {
    if (failure) throw failure;
    await Promise.all(
      members.map(
        ({ port, waiting }, thread) =>
          new Promise<void>((resolve, reject) => {
            const sent = order(thread);
            // Before the message: an answer could come at once.
            waiting.set(sent.runtime, { resolve, reject });
            port.post(sent);
          }),
      ),
    );
  };
  return {
    count,
    hasFailed: () => failure !== undefined,
    load: async (setup, scratchOf) => {
      const runtime = runtimes++;
      memories.set(runtime, setup);
      await orderAll((thread) => {
        const own = { ...setup, thread, threads: count, scratchAddress: scratchOf(thread) };
        return { kind: 'load', runtime, setup: own };
      });
      return {
        add: (program) => orderAll(() => ({ kind: 'add', runtime, program })),
        run: (jobs, times = 1) => orderAll(() => ({ kind: 'run', runtime, jobs, times })),
        dispose: () => {
          memories.delete(runtime);
          // Workers stay for the next runtime: starting one takes longer than a small model's first steps.
          for (const { port } of members) port.post({ kind: 'drop', runtime });
        },
      };
    },
    dispose: () => {
      fail(new Error('WasmRuntime: its threads were ended. Create another one.'));
      for (const { port } of members) port.terminate();
    },
  };
}
