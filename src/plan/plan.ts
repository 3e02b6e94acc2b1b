// A frozen plan: ordered dispatches, and a place in memory for every tensor they touch.
import type { Dispatch } from './kernel.ts';
import { checkBindable, type PlanBuffer, planBuffers } from './memory.ts';
import type { Tape } from './tape.ts';
import type { Storage, Tensor } from './tensor.ts';

/** The only description of one shape of work; predict, run and explain read it. */
export interface Plan {
  readonly name: string;
  readonly dispatches: readonly Dispatch[];
  /** Whole buffers shared by transient tensors whose lifetimes do not overlap. */
  readonly buffers: readonly PlanBuffer[];
  /** Index into `buffers` of each transient storage. */
  readonly bufferOf: ReadonlyMap<Storage, number>;
  /** Persistent storages that the dispatches touch. */
  readonly persistent: ReadonlySet<Storage>;
}

/**
 * Freezes a tape. @throws where a tensor is larger than the device binds at once
 * @param keep tensors that are read or written from outside, alive during the whole plan
 */
export function freeze(name: string, tape: Tape, keep: readonly Tensor[] = []): Plan {
  const { dispatches } = tape;
  const persistent = new Set<Storage>();
  for (const { bindings } of dispatches) {
    for (const { storage } of Object.values(bindings))
      if (storage.kind === 'persistent') persistent.add(storage);
  }
  const { maxBindingBytes } = tape.capabilities;
  for (const storage of persistent) checkBindable(storage, maxBindingBytes);
  const { buffers, bufferOf } = planBuffers(
    dispatches,
    keep.map((tensor) => tensor.storage),
    maxBindingBytes,
  );
  return { name, dispatches: [...dispatches], buffers, bufferOf, persistent };
}

/** Bytes of the buffers that a set of plans needs when no two of them ever overlap: they share one pool. */
export function pooledBufferBytes(plans: readonly Plan[]): number[] {
  const pool: number[] = [];
  for (const plan of plans) {
    const sizes = plan.buffers.map((buffer) => buffer.bytes).sort((a, b) => b - a);
    sizes.forEach((bytes, index) => {
      pool[index] = Math.max(pool[index] ?? 0, bytes);
    });
  }
  return pool;
}

/** For each buffer of a plan, its index in the pool: the largest takes the largest there. */
export function buffersInPool(plan: Plan): number[] {
  const order = plan.buffers
    .map((_, index) => index)
    .sort((a, b) => bufferBytes(plan, b) - bufferBytes(plan, a));
  const inPool = new Array<number>(order.length);
  order.forEach((own, index) => {
    inPool[own] = index;
  });
  return inPool;
}

function bufferBytes(plan: Plan, index: number): number {
  return plan.buffers[index]?.bytes ?? 0;
}
