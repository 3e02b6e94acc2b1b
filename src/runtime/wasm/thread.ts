// One thread of a WASM runtime: calls the kernels of a program, takes its part of each, and meets the others after it.
import type { Scalars } from '../../plan/kernel.ts';
import type { WasmProgram } from './program.ts';

/** Everything that a thread needs to serve one runtime. */
export interface ThreadSetup {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly thread: number;
  readonly threads: number;
  readonly controlAddress: number;
  readonly scratchAddress: number;
  readonly programs: readonly WasmProgram[];
}

/** Calls [from, to) of one program, with one step record. */
export interface ThreadJob {
  readonly program: number;
  readonly from: number;
  readonly to: number;
  readonly scalars: Scalars;
}

/** What a thread is told. */
export type ThreadOrder =
  | { readonly kind: 'load'; readonly runtime: number; readonly setup: ThreadSetup }
  | { readonly kind: 'add'; readonly runtime: number; readonly program: WasmProgram }
  | {
      readonly kind: 'run';
      readonly runtime: number;
      readonly jobs: readonly ThreadJob[];
      /** How often the jobs are gone through, over and over. */
      readonly times: number;
    }
  | { readonly kind: 'drop'; readonly runtime: number };

/** What a thread answers to `load`, `add` and `run`. */
export interface ThreadAnswer {
  readonly runtime: number;
  readonly error?: string;
}

/** Words that the threads share: how many have arrived, the count of meetings, a call to stop, and counters of units. */
const arrivedWord = 0;
const meetingWord = 1;
const stopWord = 2;
const counterWord = 4;
const counters = 4;

/** Looks at the meeting before a thread sleeps: about 20 µs, less than waking up takes. */
const patience = 2000;
const sleepMilliseconds = 500;

/** A thread takes its share of half of what is left, but at least this part of its share of all. */
const smallestPart = 8;

type WasmFunction = (...values: number[]) => void;

/** One thread's instance of the kernels, over the memory that all share. */
export class WasmThread {
  readonly #setup: ThreadSetup;
  readonly #functions: WebAssembly.Exports;
  readonly #programs: WasmProgram[];
  readonly #control: Int32Array;
  /** Calls so far: all threads count alike. */
  #count = 0;

  private constructor(setup: ThreadSetup, functions: WebAssembly.Exports) {
    this.#setup = setup;
    this.#functions = functions;
    this.#programs = [...setup.programs];
    this.#control = new Int32Array(setup.memory.buffer, setup.controlAddress, counterWord + counters);
  }

  /** Instantiates the kernels. */
  static async create(setup: ThreadSetup): Promise<WasmThread> {
    const { exports } = await WebAssembly.instantiate(setup.module, { env: { memory: setup.memory } });
    return new WasmThread(setup, exports);
  }

  /** Takes a further program, which gets the next number. */
  add(program: WasmProgram): void {
    this.#programs.push(program);
  }

  /** Runs calls in order. All threads are given the same. @throws if a call traps or another thread is gone. */
  run({ program, from, to, scalars }: ThreadJob): void {
    const { thread, scratchAddress } = this.#setup;
    const calls = this.#programs[program] ?? [];
    for (let index = from; index < to; index++) {
      const call = calls[index];
      if (!call) throw new Error(`wasm: dispatch ${index} has no kernel. Run it by its reference.`);
      const work = this.#functions[call.name] as WasmFunction;
      // Copied: the program is the plan's, and a step's scalars are its own.
      const values = [...call.values];
      for (const [at, scalar] of call.scalars) values[at] = scalars[scalar] ?? 0;
      if (call.scratch >= 0) values[call.scratch] = scratchAddress;
      // The counter of the call after the next: nobody reads it until all have met twice.
      if (thread === 0) Atomics.store(this.#control, counterWord + ((this.#count + 2) % counters), 0);
      if (call.range < 0) {
        // What cannot be cut (a sum with one order) runs on the first thread; the others wait.
        if (thread === 0) work(...values);
      } else {
        this.#share(call.units, (first, last) => {
          values[call.range] = first;
          values[call.range + 1] = last;
          work(...values);
        });
      }
      this.#meet();
      this.#count++;
    }
  }

  /**
   * Takes runs of units until none is left (guided self-scheduling, Polychronopoulos and Kuck 1987): long ones first, since
   * neighbours share what is packed and lie side by side in memory. What a unit gives does not depend on who computes it.
   */
  #share(units: number, work: (first: number, last: number) => void): void {
    // Taken, not dealt out: threads that the system holds up, or slower cores, then compute less.
    const { threads } = this.#setup;
    const smallest = Math.ceil(units / (smallestPart * threads));
    const counter = counterWord + (this.#count % counters);
    // (A lone thread may own its memory alone: Atomics work there too, and nobody disturbs them.)
    for (;;) {
      const first = Atomics.load(this.#control, counter);
      if (first >= units) return;
      const run = Math.max(Math.ceil((units - first) / (2 * threads)), smallest);
      const last = Math.min(first + run, units);
      if (Atomics.compareExchange(this.#control, counter, first, last) === first) work(first, last);
    }
  }

  /** Waits until every thread is here. */
  #meet(): void {
    const control = this.#control;
    const meeting = Atomics.load(control, meetingWord);
    if (Atomics.add(control, arrivedWord, 1) === this.#setup.threads - 1) {
      // Before the meeting counts up: the first to go on may arrive at the next meeting at once.
      Atomics.store(control, arrivedWord, 0);
      Atomics.add(control, meetingWord, 1);
      Atomics.notify(control, meetingWord);
      return;
    }
    // Most dispatches of small models are shorter than a wake-up: looking first saves one for each of them.
    for (let look = 0; look < patience; look++) {
      if (Atomics.load(control, meetingWord) !== meeting) return;
    }
    while (Atomics.load(control, meetingWord) === meeting) {
      Atomics.wait(control, meetingWord, meeting, sleepMilliseconds);
      if (Atomics.load(control, stopWord) !== 0) throw new Error('wasm: another thread is gone.');
    }
  }
}

/** Lets threads that wait for one that is gone give up. */
export function stopThreads(memory: WebAssembly.Memory, controlAddress: number): void {
  const control = new Int32Array(memory.buffer, controlAddress, counterWord);
  Atomics.store(control, stopWord, 1);
  Atomics.notify(control, meetingWord);
}

/** What changes as threads get on with a step, as a text. */
export function progressOf({
  memory,
  controlAddress,
}: Pick<ThreadSetup, 'memory' | 'controlAddress'>): string {
  return new Int32Array(memory.buffer, controlAddress, counterWord + counters).join();
}

/** Serves orders in a worker. Returns what each message must be handed to. */
export function serveThread(answer: (message: ThreadAnswer) => void): (order: ThreadOrder) => Promise<void> {
  const threads = new Map<number, WasmThread>();
  return async (order) => {
    const { runtime } = order;
    if (order.kind === 'drop') {
      threads.delete(runtime);
      return;
    }
    try {
      if (order.kind === 'load') threads.set(runtime, await WasmThread.create(order.setup));
      else if (order.kind === 'add') threads.get(runtime)?.add(order.program);
      else {
        for (let turn = 0; turn < order.times; turn++)
          for (const job of order.jobs) threads.get(runtime)?.run(job);
      }
      answer({ runtime });
    } catch (error) {
      answer({ runtime, error: error instanceof Error ? error.message : String(error) });
    }
  };
}
