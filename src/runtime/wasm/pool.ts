// The threads of WASM runtimes: workers that stay from one runtime to the next, or the caller itself.
import type { WasmProgram } from './program.ts';
import { type Patience, SilenceWatch, usualPatience } from './silence.ts';
import {
  progressOf,
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
  /** True once a thread is gone, or all were ended: then none serves any more. */
  hasFailed(): boolean;
  /** Resolves when a thread is gone, did not start or does not answer, with an Error named ThreadLostError that says so. */
  readonly lost: Promise<Error>;
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
    lost: new Promise(() => undefined),
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
                await messagesPass();
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

/** Resolves behind the messages that wait. By a message of its own: browsers hold back the timers of a hidden tab. */
function messagesPass(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}

/** One worker and whom its answers are for. */
interface Member {
  readonly port: ThreadPort;
  readonly waiting: Map<number, Waiting>;
}

interface Waiting {
  readonly kind: ThreadOrder['kind'];
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * A pool of workers. One that dies, does not start or never answers is lost: everything that is under way fails, and all
 * that comes after, and the others are ended. A trap in a kernel fails the same, but loses nobody.
 */
export function workerThreads(
  count: number,
  spawn: () => ThreadPort,
  patience: Patience = usualPatience,
): WasmThreads {
  let failure: Error | undefined;
  let runtimes = 0;
  // Of all runtimes: where one worker is gone, the others may sleep in any of them and must be woken.
  const memories = new Map<
    number,
    { readonly memory: WebAssembly.Memory; readonly controlAddress: number }
  >();
  const members: Member[] = [];
  const { promise: lost, resolve: tellLost } = withResolvers<Error>();
  const watch = new SilenceWatch(
    patience,
    () => [...members.map(({ waiting }) => waiting.size), ...[...memories.values()].map(progressOf)].join(),
    (seconds) => {
      const silent = members.flatMap(({ waiting }, thread) => (waiting.size > 0 ? [thread + 1] : []));
      // In a step all wait for the one that is gone; at the start those that are there have answered.
      const who =
        silent.length === 1 && count > 1 ? `thread ${silent[0]} of ${count}` : `one of ${count} threads`;
      lose(`${count === 1 ? 'the only thread' : who} does not answer: nothing moved for ${seconds} s`);
    },
  );
  // The first failure is told to everybody; what follows from it is not.
  const fail = (error: Error) => {
    failure ??= error;
    watch.end();
    for (const { memory, controlAddress } of memories.values()) stopThreads(memory, controlAddress);
    for (const { port, waiting } of members) {
      for (const { reject } of waiting.values()) reject(error);
      waiting.clear();
      port.terminate(); // one of them gone, all are useless
    }
  };
  const lose = (what: string) => {
    if (failure) return;
    const error = new Error(`WasmRuntime: ${what}. What comes next computes on fewer threads.`);
    error.name = 'ThreadLostError';
    fail(error);
    tellLost(error);
  };
  for (let thread = 0; thread < count; thread++) {
    const name = count === 1 ? 'the only thread' : `thread ${thread + 1} of ${count}`;
    const waiting = new Map<number, Waiting>();
    try {
      const port = spawn();
      members.push({ port, waiting });
      port.listen(
        ({ runtime, error }) => {
          const order = waiting.get(runtime);
          // What cannot even load its program has found no memory for it: fewer threads need less.
          if (error !== undefined && order?.kind === 'load') return lose(`${name} did not start: ${error}`);
          if (error !== undefined) return fail(new Error(`WasmRuntime: a thread stopped: ${error}`));
          waiting.delete(runtime);
          if (members.every((member) => member.waiting.size === 0)) watch.end();
          order?.resolve();
        },
        (error) => lose(`${name} is gone: ${error.message}`),
      );
    } catch (error) {
      lose(`${name} did not start: ${error instanceof Error ? error.message : String(error)}`);
      break;
    }
  }
  const orderAll = async (order: (thread: number) => ThreadOrder) => {
    if (failure) throw failure;
    const orders = members.map(({ port, waiting }, thread) => ({ port, waiting, sent: order(thread) }));
    // All wait before the first message goes: an answer could come at once.
    const answers = orders.map(
      ({ waiting, sent: { kind, runtime } }) =>
        new Promise<void>((resolve, reject) => waiting.set(runtime, { kind, resolve, reject })),
    );
    watch.begin();
    for (const { port, sent } of orders) port.post(sent);
    await Promise.all(answers);
  };
  return {
    count,
    lost,
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
    dispose: () => fail(new Error('WasmRuntime: its threads were ended. Create another one.')),
  };
}

/** Promise.withResolvers, which Node 20 lacks. */
function withResolvers<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
