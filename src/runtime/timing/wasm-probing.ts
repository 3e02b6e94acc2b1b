// Kernels made ready to be timed on threads of the processor, in memories that many of them share.

import type { Dims, Kernel, Scalars } from '../../plan/kernel.ts';
import type { Plan } from '../../plan/plan.ts';
import { persistentTensor } from '../../plan/store.ts';
import { bindingAlignmentBytes, elementCount, type Storage } from '../../plan/tensor.ts';
import { guardElements, type KernelProbe, type PlaceTensor, probeOf } from '../kernel-probe.ts';
import { verifyOn } from '../verify.ts';
import type { TimedDispatch, WasmRuntime } from '../wasm-runtime.ts';
import { type Probing, probeScalarsOf, type ShapeProbe } from './probing.ts';

/** Makes a runtime of plans and storages, with scratch for plans that are added. */
export type CreateWasmRuntime = (
  plans: readonly Plan[],
  extra: readonly Storage[],
  leastScratchBytes?: number,
) => Promise<WasmRuntime>;

/**
 * Elements of a memory for probes, and scratch of a thread. What is not touched takes no room, and few memories are better
 * than one for each shape: a browser reserves some gigabytes of addresses for each.
 */
const arena = { elements: 2 ** 26, scratchBytes: 2 ** 25 } as const;
const alignment = bindingAlignmentBytes / 4;

/** Seconds that a kernel runs before it is first timed: engines compile what runs often a second time, and better. */
const warmingSeconds = 0.02;
const warmingRepetitions = 8;

/** Storage that probes take piece by piece, in a runtime of its own. */
interface Arena {
  readonly runtime: WasmRuntime;
  readonly storage: Storage;
  readonly scratchBytes: number;
  used: number;
}

interface Prepared {
  readonly runtime: WasmRuntime;
  readonly scalars: Scalars;
}

/** What figures of threads rest on, for labels. */
export const wallClock = 'wall clock, slope over repeats';

/** Times kernels on one set of threads, by the wall clock. */
export class WasmProbing implements Probing {
  readonly method = wallClock;
  readonly #create: CreateWasmRuntime;
  readonly #elements: number;
  readonly #arenas: Arena[] = [];
  readonly #prepared = new Map<Plan, Prepared>();
  readonly #warm = new Set<string>();
  /** What comes nearest to nothing of all that is prepared: a submission must hold something. */
  #quickest: { readonly plan: Plan; readonly seconds: number } | undefined;

  /** @param elements of a memory that probes share */
  constructor(create: CreateWasmRuntime, elements: number = arena.elements) {
    this.#create = create;
    this.#elements = elements;
  }

  async prepare(kernel: Kernel, dims: Dims): Promise<ShapeProbe> {
    const { plan, storages, runtime } = await this.#place(kernel, dims);
    await runtime.add(plan);
    for (const { whole, values } of storages) runtime.write(whole, values);
    this.#prepared.set(plan, { runtime, scalars: probeScalarsOf(kernel, dims) });
    const time = (repetitions: number) => this.seconds([{ plan }], repetitions);
    let spent = await time(1);
    while (!this.#warm.has(kernel.name) && spent < warmingSeconds) spent += await time(warmingRepetitions);
    this.#warm.add(kernel.name);
    const seconds = await time(1);
    if (!this.#quickest || seconds < this.#quickest.seconds) this.#quickest = { plan, seconds };
    return { kernel, dims, plan, time };
  }

  async agrees(kernel: Kernel, dims: Dims): Promise<boolean> {
    return (await verifyOn((plan) => this.#create([plan], []), kernel, dims)).passed;
  }

  async seconds(shapes: readonly Pick<ShapeProbe, 'plan'>[], repetitions: number): Promise<number> {
    const mixtures = new Map<WasmRuntime, TimedDispatch[]>();
    for (const { plan } of shapes) {
      const { runtime, scalars } = this.#preparedOf(plan);
      mixtures.set(runtime, [...(mixtures.get(runtime) ?? []), { plan, scalars, index: 0 }]);
    }
    // One order a memory, whatever stands between: a message for each dispatch would take longer than most of them.
    let seconds = 0;
    for (const [runtime, dispatches] of mixtures) seconds += await runtime.secondsOf(dispatches, repetitions);
    return seconds;
  }

  async submissionSeconds(count: number): Promise<number> {
    if (!this.#quickest) throw new Error('WasmProbing: there is nothing to submit. Prepare a kernel first.');
    const { plan } = this.#quickest;
    const { runtime, scalars } = this.#preparedOf(plan);
    const [answer] = Object.values(plan.dispatches[0]?.bindings ?? {}).slice(-1);
    const start = performance.now();
    let last: Promise<unknown> = Promise.resolve();
    for (let i = 0; i < count; i++) {
      const reads = answer && i === count - 1 ? [answer] : [];
      last = (await runtime.submit([{ plan, scalars }], reads)).done;
    }
    await last;
    return (performance.now() - start) / 1000;
  }

  dispose(): void {
    for (const { runtime } of this.#arenas.splice(0)) runtime.dispose();
    this.#prepared.clear();
    this.#warm.clear();
    this.#quickest = undefined;
  }

  #preparedOf(plan: Plan): Prepared {
    const prepared = this.#prepared.get(plan);
    if (!prepared) throw new Error(`WasmProbing: ${plan.name} was not prepared here.`);
    return prepared;
  }

  /**
   * A probe in the first memory that has room for it, or in a new one: so small probes, which are timed as a mixture, lie
   * together whatever was prepared between them.
   */
  async #place(kernel: Kernel, dims: Dims): Promise<KernelProbe & { readonly runtime: WasmRuntime }> {
    const needed = Object.values(kernel.tensors(dims))
      .map(({ shape }) => aligned(elementCount(shape) + 2 * guardElements))
      .reduce((sum, elements) => sum + elements, 0);
    const first = this.#arenas[0] ?? (await this.#openArena(needed, arena.scratchBytes));
    const scratch = first.runtime.scratchBytesOf({ dispatches: [{ kernel, dims }] });
    const place =
      this.#arenas.find(
        ({ storage, used, scratchBytes }) => storage.elements - used >= needed && scratchBytes >= scratch,
      ) ?? (await this.#openArena(needed, Math.max(scratch, arena.scratchBytes)));
    return { ...probeOf(kernel, dims, placeIn(place)), runtime: place.runtime };
  }

  async #openArena(needed: number, scratchBytes: number): Promise<Arena> {
    const open = async (elements: number): Promise<Arena> => {
      const { storage } = persistentTensor('arena', [elements], 'f32', 'state');
      return { runtime: await this.#create([], [storage], scratchBytes), storage, scratchBytes, used: 0 };
    };
    const enough = Math.max(needed, this.#elements);
    const opened = await open(enough).catch((error: unknown) => {
      if (enough === needed) throw error;
      return open(needed);
    });
    this.#arenas.push(opened);
    return opened;
  }
}

function aligned(elements: number): number {
  return Math.ceil(elements / alignment) * alignment;
}

function placeIn(place: Arena): PlaceTensor {
  return (name, shape, elementType) => {
    const offset = place.used;
    place.used += aligned(elementCount(shape));
    return { name, shape, elementType, storage: place.storage, offset };
  };
}
