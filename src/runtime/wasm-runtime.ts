// Executes plans by WASM kernels on threads over one memory; a dispatch without a kernel runs by its reference.
import type { NumberArray } from '../plan/kernel.ts';
import type { Plan } from '../plan/plan.ts';
import type { Storage, Tensor } from '../plan/tensor.ts';
import { runReference } from './cpu-runtime.ts';
import type { Replay, Runtime, Submission } from './runtime.ts';
import { checkElements } from './staging.ts';
import type { WasmKernels } from './wasm/kernels.ts';
import { controlAddress, WasmMemory } from './wasm/memory.ts';
import type { LoadedThreads, WasmThreads } from './wasm/pool.ts';
import { compileProgram, type Dispatches, scratchBytesOf, type WasmProgram } from './wasm/program.ts';
import type { ThreadJob } from './wasm/thread.ts';

/** Dispatches [from, to) of a plan. */
interface Piece extends Pick<Replay, 'plan' | 'scalars'> {
  readonly from: number;
  readonly to: number;
}

/** One dispatch of a plan, with its step record. */
export interface TimedDispatch extends Pick<Replay, 'plan' | 'scalars'> {
  readonly index: number;
}

/** A WASM runtime over a set of plans that never overlap in time. */
export class WasmRuntime implements Runtime {
  readonly kind = 'wasm';
  readonly uploadBytes = 0;
  readonly #memory: WasmMemory;
  readonly #threads: LoadedThreads;
  readonly #kernels: WasmKernels;
  readonly #scratchBytes: number;
  readonly #programs: WasmProgram[];
  readonly #index: Map<Plan, number>;
  #failure: Error | undefined;
  /** Everything asked for so far: submissions, writes and reads happen one after another. */
  #turn: Promise<unknown> = Promise.resolve();
  /** Work that is asked for and not done: writes must wait behind it. */
  #waiting = 0;

  private constructor(
    kernels: WasmKernels,
    memory: WasmMemory,
    threads: LoadedThreads,
    plans: readonly Plan[],
    programs: readonly WasmProgram[],
    scratchBytes: number,
  ) {
    this.#kernels = kernels;
    this.#memory = memory;
    this.#threads = threads;
    this.#scratchBytes = scratchBytes;
    this.#programs = [...programs];
    this.#index = new Map(plans.map((plan, index) => [plan, index]));
  }

  /**
   * Lays out the memory and loads the plans into all threads.
   * @param extra persistent storages that no plan touches but the caller reads or writes, or plans that are added
   * @param leastScratchBytes of a thread, for plans that are added
   * @throws an Error named OutOfMemoryError when the plans do not fit
   */
  static async create(
    kernels: WasmKernels,
    threads: WasmThreads,
    plans: readonly Plan[],
    extra: readonly Storage[] = [],
    leastScratchBytes = 0,
  ): Promise<WasmRuntime> {
    const { isShared, module } = kernels;
    // One scratch a thread, as large as the greediest call wants: calls use it in turn.
    const scratchBytes = Math.max(leastScratchBytes, scratchBytesOf(kernels, plans));
    const layout = { plans, extra, threads: threads.count, scratchBytes, isShared };
    const memory = new WasmMemory(layout);
    // Addresses are numbers once the memory is laid out: a step passes them and looks nothing up.
    const programs = plans.map((plan) => compileProgram(kernels, plan, memory));
    const setup = { module, memory: memory.memory, controlAddress, programs };
    const loaded = await threads.load(setup, (thread) => memory.scratchOf(thread));
    return new WasmRuntime(kernels, memory, loaded, plans, programs, scratchBytes);
  }

  /** Scratch that each thread needs for the dispatches of a plan. */
  scratchBytesOf(plan: Dispatches): number {
    return scratchBytesOf(this.#kernels, [plan]);
  }

  /** Takes a further plan. Its tensors lie in storages that the runtime has, and its scratch suffices. */
  async add(plan: Plan): Promise<void> {
    if (this.scratchBytesOf(plan) > this.#scratchBytes)
      throw new Error(
        `WasmRuntime: plan ${plan.name} needs more scratch than there is. Give it at creation.`,
      );
    const program = compileProgram(this.#kernels, plan, this.#memory);
    await this.#inTurn(() => this.#threads.add(program));
    this.#index.set(plan, this.#programs.push(program) - 1);
  }

  get allocatedBytes(): number {
    return this.#memory.allocatedBytes;
  }

  observedSeconds(): undefined {
    return undefined;
  }

  async submit(replays: readonly Replay[], reads: readonly Tensor[] = []): Promise<Submission> {
    for (const { plan } of replays) this.#indexOf(plan);
    const views = reads.map((tensor) => this.#memory.view(tensor));
    const before = this.#turn;
    let seconds = 0;
    const done = this.#inTurn(async () => {
      const start = performance.now();
      // The time is the threads' own: there is no queue of a driver in between.
      await this.#run(replays.map((replay) => ({ ...replay, from: 0, to: replay.plan.dispatches.length })));
      seconds = (performance.now() - start) / 1000;
      // Copied now: the next step writes over them.
      return views.map((view) => view.slice());
    });
    done.catch(() => undefined); // a caller that does not look is told by its next submit
    const gpuSeconds = done.then(
      () => seconds,
      () => undefined,
    );
    await before; // one runs, one waits: as much as keeps the threads busy
    return { done, gpuSeconds, encodeSeconds: 0 };
  }

  /** Seconds of dispatches in this order, the whole of it so many times over, by the wall clock: profiles ask it. */
  async secondsOf(dispatches: readonly TimedDispatch[], repetitions: number): Promise<number> {
    const pieces = dispatches.map(({ plan, scalars, index }) => ({
      plan,
      scalars,
      from: index,
      to: index + 1,
    }));
    const jobs = pieces.flatMap(({ plan, ...job }): ThreadJob[] => {
      const program = this.#indexOf(plan);
      return this.#programs[program]?.[job.from] ? [{ program, ...job }] : [];
    });
    return this.#inTurn(async () => {
      const start = performance.now();
      // One order to the threads, as a step is: what is timed must be what runs. A reference runs between two orders.
      if (jobs.length === pieces.length) await this.#threads.run(jobs, repetitions);
      else for (let turn = 0; turn < repetitions; turn++) await this.#run(pieces);
      return (performance.now() - start) / 1000;
    });
  }

  async #run(pieces: readonly Piece[]): Promise<void> {
    // Runs of calls between two references are handed over together: a message costs more than a small dispatch.
    let jobs: ThreadJob[] = [];
    const flush = async () => {
      const handed = jobs;
      jobs = [];
      if (handed.length > 0) await this.#threads.run(handed);
    };
    for (const { plan, scalars, from: first, to } of pieces) {
      const program = this.#indexOf(plan);
      const calls = this.#programs[program] ?? [];
      let from = first;
      for (let index = first; index < to; index++) {
        const dispatch = plan.dispatches[index];
        if (calls[index] || !dispatch) continue;
        if (index > from) jobs.push({ program, from, to: index, scalars });
        from = index + 1;
        // A reference runs here, on the caller's thread, over the same memory: the threads must be done, and
        // wait.
        await flush();
        runReference(dispatch, scalars, (tensor) => this.#memory.binding(tensor));
      }
      if (to > from) jobs.push({ program, from, to, scalars });
    }
    await flush();
  }

  write(tensor: Tensor, data: NumberArray): void {
    checkElements(tensor, data);
    const view = this.#memory.view(tensor);
    if (this.#waiting === 0) {
      view.set(data);
      return;
    }
    // The caller may reuse its array before its turn comes.
    const copy = data.slice();
    void this.#inTurn(async () => view.set(copy)).catch(() => undefined);
  }

  async read(tensor: Tensor): Promise<NumberArray> {
    const view = this.#memory.view(tensor);
    return this.#inTurn(async () => view.slice());
  }

  async idle(): Promise<void> {
    await this.#turn;
    if (this.#failure) throw this.#failure;
  }

  /** Frees everything. Submissions that are not done reject. */
  dispose(): void {
    this.#failure ??= new Error('WasmRuntime: it was disposed. Create another one.');
    this.#threads.dispose();
  }

  #indexOf(plan: Plan): number {
    const index = this.#index.get(plan);
    if (index === undefined) throw new Error(`WasmRuntime: plan ${plan.name} was not given at creation.`);
    return index;
  }

  /** Runs work after what was asked for before. A failure is kept: what comes later would compute with half a step. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    this.#waiting++;
    const result = this.#turn.then(async () => {
      try {
        if (this.#failure) throw this.#failure;
        const value = await work();
        if (this.#failure) throw this.#failure;
        return value;
      } catch (error) {
        this.#failure ??= error instanceof Error ? error : new Error(String(error));
        throw this.#failure;
      } finally {
        this.#waiting--;
      }
    });
    this.#turn = result.catch(() => undefined);
    return result;
  }
}
